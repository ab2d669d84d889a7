//! What a server counts of its calls, and who is told: in process, and over HTTP/2 to a client of ours.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;
use tokio::time::{advance, sleep};

use super::*;
use crate::call::body::Body;
use crate::call::{Method, RawCall, ServiceSpec, wire};
use crate::observe::Recorder;
use crate::server::{Dispatch, Handling, Server, ServerCall, Skeleton};
use crate::services::health::Health;
use crate::transport::http2::{ClientSettings, Connection, handshake};
use crate::transport::memory::{InProcess as _, InProcessLink};
use crate::transport::reported::Reported;
use crate::transport::{Link, NoSlot, NotProbed};

/// Takes as many milliseconds as it is told; [`FAIL`], [`PANIC`] and [`HANG`] do what they say.
static WAIT: Method<u64, u64> = Method::unary("/test.v1.Load/Wait");
/// Sends one message, and ends when it has waited.
static STREAM: Method<u64, u64> = Method::server_stream("/test.v1.Load/Stream");
static SERVICE: ServiceSpec = ServiceSpec::new("test.v1.Load", &[WAIT.spec(), STREAM.spec()]);

const FAIL: u8 = 100;
const PANIC: u8 = 101;
const HANG: u8 = 102;

struct Waiting;

async fn wait(n: u64) -> Result<u64, Status> {
    match n as u8 {
        FAIL => Err(Status::internal("as told")),
        PANIC => panic!("as told"),
        HANG => std::future::pending().await,
        _ => {
            sleep(Duration::from_millis(n)).await;
            Ok(n)
        }
    }
}

impl Dispatch for Waiting {
    fn spec(&self) -> &'static ServiceSpec {
        &SERVICE
    }

    fn dispatch(&self, index: usize, call: ServerCall) -> Handling {
        Box::pin(async move {
            if index == 0 {
                let (cx, n) = call.unary(&WAIT).await?;
                let result = wait(n).await;
                return cx.reply(&WAIT, result);
            }
            let (cx, n, mut out, reply) = call.server_stream(&STREAM).await?;
            let handler = async move {
                let _ = out.send(n).await;
                let result = wait(n).await;
                out.end(&cx, result.map(drop));
            };
            reply.drive(handler).await
        })
    }
}

fn server() -> Server {
    Server::new().add(Skeleton::new(Waiting))
}

fn unary(n: u8) -> RawCall {
    RawCall::new("/test.v1.Load/Wait", vec![8, n])
}

fn stream(n: u8) -> RawCall {
    let framed = RawCall::new("", vec![8, n]).payload;
    RawCall::with(STREAM.spec().into(), framed)
}

/// A link to `server`, and where its reports go.
fn in_process(server: Server) -> (InProcessLink, Arc<Reported>) {
    let reported = Arc::<Reported>::default();
    (
        server.into_link().reporting(Arc::clone(&reported)),
        reported,
    )
}

fn spawn(link: &InProcessLink, call: RawCall) -> JoinHandle<Result<RawReply, Status>> {
    let (link, mut call) = (link.clone(), call);
    tokio::spawn(async move { link.send(&mut call).await })
}

fn last(reported: &Reported) -> LoadReport {
    reported.latest().expect("a report came").0
}

/// Lets all that can go on do so.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn calls_are_in_flight_until_they_end_however_that_is() {
    let server = server();
    let load = server.load();
    let (link, _) = in_process(server);
    let calls = [HANG, HANG, 50, FAIL, PANIC].map(|n| spawn(&link, unary(n)));
    settle().await;
    assert_eq!(load.in_flight(), 3);
    calls[0].abort();
    settle().await;
    assert_eq!(load.in_flight(), 2);
    sleep(Duration::from_millis(60)).await;
    assert_eq!(load.in_flight(), 1);
    calls[1].abort();
    settle().await;
    assert_eq!(load.in_flight(), 0);
    assert_eq!(format!("{load:?}"), "ServerLoad(0 in flight)");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_is_never_in_flight_and_a_stream_is_to_its_end() {
    let server = server();
    let load = server.load();
    let (link, _) = in_process(server);
    let mut late = unary(HANG);
    late.limit_time(Duration::ZERO);
    link.clone().send(&mut late).await.unwrap_err();
    assert_eq!(load.in_flight(), 0);

    let read = async |mut body: Body| {
        let next = |body: &mut Body, cx: &mut TaskContext<'_>| body.poll_data(cx);
        while std::future::poll_fn(|cx| next(&mut body, cx))
            .await
            .is_some()
        {}
        std::future::poll_fn(|cx| body.poll_end(cx)).await
    };
    let body = |reply: RawReply| match reply.payload {
        Payload::Stream(body) => body,
        Payload::Whole(_) => panic!("a stream was called"),
    };
    let mut whole = body(link.clone().send(&mut stream(20)).await.unwrap());
    std::future::poll_fn(|cx| whole.poll_head(cx))
        .await
        .unwrap();
    let mut dropped = body(link.clone().send(&mut stream(HANG)).await.unwrap());
    std::future::poll_fn(|cx| dropped.poll_head(cx))
        .await
        .unwrap();
    assert_eq!(load.in_flight(), 2);
    read(whole).await.unwrap();
    assert_eq!(load.in_flight(), 1);
    drop(dropped);
    settle().await;
    assert_eq!(load.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_report_says_what_a_call_takes_of_the_server() {
    let (link, reported) = in_process(server());
    // Nobody has asked before the first reply.
    link.clone().send(&mut unary(80)).await.unwrap();
    assert_eq!(last(&reported).service_time, Duration::ZERO);
    assert!(reported.is_ours());

    // Alone, with one, and with two others: 30, 15 and 10 ms each.
    let calls = [(); 3].map(|()| spawn(&link, unary(30)));
    for call in calls {
        call.await.unwrap().unwrap();
    }
    advance(Duration::from_millis(20)).await;
    // Neither these say how long a call takes, nor streams.
    link.clone().send(&mut unary(FAIL)).await.unwrap_err();
    let report = last(&reported);
    let service_us = report.service_time.as_micros();
    assert!((14_900..15_100).contains(&service_us), "{report:?}");
    assert_eq!((report.in_flight, report.draining), (0, false));
    // Within the first second, which counts as a whole one.
    assert_eq!((report.qps, report.eps), (5.0, 1.0));
    let busy = report.utilization.unwrap() * cores();
    assert!((0.089..0.095).contains(&busy), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_user_says_of_its_utilization_holds_until_it_is_taken_back() {
    let server = server();
    let load = server.load();
    let (link, reported) = in_process(server);
    for (said, told) in [
        (Some(0.7), Some(0.7)),
        (Some(2.5), Some(2.5)),
        (Some(0.0), Some(0.001)),
        (None, None),
        (Some(0.5), Some(0.5)),
        (Some(f32::NAN), None),
        (Some(-1.0), None),
    ] {
        load.set_utilization(said);
        link.probe().unwrap();
        assert_eq!(last(&reported).utilization, told, "{said:?}");
    }
    load.set_utilization(0.25);
    link.probe().unwrap();
    assert_eq!(last(&reported).utilization, Some(0.25));
}

#[tokio::test(start_paused = true)]
async fn each_server_has_an_epoch_and_says_when_it_wants_no_more_calls() {
    let one = server();
    let health = one.health();
    let (one, other) = (in_process(one), in_process(server()));
    one.0.probe().unwrap();
    other.0.probe().unwrap();
    let (first, second) = (last(&one.1), last(&other.1));
    assert!(first.epoch != 0 && second.epoch != 0);
    assert_ne!(first.epoch, second.epoch);
    assert!(!first.draining);
    health.shutdown();
    one.0.probe().unwrap();
    let draining = last(&one.1);
    assert_eq!((draining.epoch, draining.draining), (first.epoch, true));
}

#[tokio::test(start_paused = true)]
async fn probes_of_health_are_no_load() {
    let server = server();
    let load = server.load();
    let (link, _) = in_process(server);
    let watch = RawCall::new("/grpc.health.v1.Health/Watch", vec![]);
    let watch = spawn(&link, watch);
    settle().await;
    assert_eq!(load.in_flight(), 0);
    assert!(!watch.is_finished() || watch.await.unwrap().is_ok());
}

#[test]
fn of_many_calls_a_few_hundred_per_second_are_timed() {
    for (qps, timed) in [
        (0.0, 1),
        (500.0, 1),
        (512.0, 2),
        (1500.0, 4),
        (100_000.0, 256),
        (f32::MAX, 1024),
    ] {
        assert_eq!(timed_of(qps), timed, "{qps}");
    }
    for timed in [0u32, 1, 2, 256, 1024] {
        // Also of calls that come in turns: of each kind as many.
        for kind in 0..4 {
            let calls = (0..100_000).filter(|call| call % 4 == kind);
            let count = calls.filter(|call| is_timed(*call, timed)).count();
            let expected = if timed == 0 {
                0
            } else {
                25_000 / timed as usize
            };
            let off = count.abs_diff(expected);
            assert!(off <= 2 + expected / 10, "{count} of 1 in {timed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_that_times_few_of_its_calls_knows_what_they_take() {
    let (link, reported) = in_process(server());
    link.probe().unwrap();
    // Two thousand a second, four at a time.
    for round in 0..2500 {
        let calls = [(); 4].map(|()| spawn(&link, unary(2)));
        for call in calls {
            call.await.unwrap().unwrap();
        }
        if round % 5 == 0 {
            link.probe().unwrap();
        }
    }
    let report = last(&reported);
    assert!((1990.0..2010.0).contains(&report.qps), "{report:?}");
    // 2 ms beside none to three others; four calls were at work all the time.
    let service_us = report.service_time.as_micros();
    assert!((600..1100).contains(&service_us), "{report:?}");
    let busy = report.utilization.unwrap() * cores();
    assert!((3.7..4.3).contains(&busy), "{report:?}");
}

#[test]
fn replies_bring_what_is_due() {
    let asks = HeaderMap::from_iter([(wire::ASKS_LOAD.clone(), HeaderValue::from_static("1"))]);
    let silent = HeaderMap::new();
    for (to, is_due) in [
        (To::Nobody, [false, false]),
        (To::Asking, [true, false]),
        (To::All, [true, true]),
    ] {
        let meter = Arc::new(Meter::new(Instant::now()));
        let reports = Arc::new(Reports::new(meter, Health::new(), to));
        let due = [&asks, &silent].map(|request| reports.due(request, None).is_some());
        assert_eq!(due, is_due, "{to:?}");
        assert_eq!(reports.now(Instant::now()).is_some(), to != To::Nobody);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_brings_a_report_every_ten_milliseconds_and_a_mount_always() {
    let meter = Arc::new(Meter::new(Instant::now()));
    let reports = Arc::new(Reports::new(meter, Health::new(), To::All));
    let pace = Arc::new(Pace::default());
    let brings = |pace| {
        let mut trailers = HeaderMap::new();
        let due = reports.due(&HeaderMap::new(), pace).unwrap();
        due.write_to(&mut trailers);
        !trailers.is_empty()
    };
    assert!(brings(Some(&pace)));
    assert!(!brings(Some(&pace)));
    let other = Arc::default();
    assert!(brings(Some(&other)));
    assert!(brings(None) && brings(None));
    advance(Duration::from_millis(10)).await;
    assert!(brings(Some(&pace)));
}

/// One connection from elsewhere.
struct One(Option<DuplexStream>);

impl futures_core::Stream for One {
    type Item = std::io::Result<DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

async fn connect(server: Server, settings: ClientSettings) -> Connection {
    let (near, far) = tokio::io::duplex(1 << 16);
    tokio::spawn(server.serve_with_incoming(One(Some(far))));
    let reported = Arc::clone(&settings.reported);
    let Ok((connection, driver)) = handshake(near, settings).await else {
        panic!("it speaks HTTP/2");
    };
    reported.renew();
    tokio::spawn(driver);
    connection
}

async fn call(connection: &Connection, mut call: RawCall) -> Result<RawReply, Status> {
    let slot = connection
        .reserve()
        .await
        .unwrap_or_else(|_| panic!("there is a stream"));
    slot.send(&mut call).await
}

#[tokio::test(start_paused = true)]
async fn over_http_2_a_client_that_asks_hears_of_the_load_and_its_user_sees_nothing_of_it() {
    let settings = ClientSettings::for_test(true);
    let reported = Arc::clone(&settings.reported);
    let connection = connect(server(), settings).await;
    let reply = call(&connection, unary(5)).await.unwrap();
    assert!(reply.trailers().is_empty() && reply.metadata().is_empty());
    assert_eq!(reported.version(), 1);
    let first = last(&reported);
    assert!(reported.is_ours() && first.in_flight == 0, "{first:?}");

    // It is new still.
    call(&connection, unary(1)).await.unwrap();
    assert_eq!(reported.version(), 1);
    // A call that fails brings one, too; all of its reply is a head.
    advance(Duration::from_millis(10)).await;
    let status = call(&connection, unary(FAIL)).await.unwrap_err();
    assert!(status.metadata().is_empty() && status.trailers().is_empty());
    assert_eq!((reported.version(), last(&reported).eps), (2, 1.0));

    // And so does a stream, at its end.
    advance(Duration::from_millis(10)).await;
    let reply = call(&connection, stream(20)).await.unwrap();
    let Payload::Stream(mut body) = reply.payload else {
        panic!("a stream was called");
    };
    std::future::poll_fn(|cx| body.poll_head(cx)).await.unwrap();
    while std::future::poll_fn(|cx| body.poll_data(cx))
        .await
        .is_some()
    {}
    assert_eq!(reported.version(), 2);
    let trailers = std::future::poll_fn(|cx| body.poll_end(cx)).await.unwrap();
    assert!(trailers.is_empty());
    assert_eq!((reported.version(), last(&reported).in_flight), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_ask_hears_only_a_server_that_tells_all() {
    for (server, heard) in [
        (server(), 0),
        (server().orca_reports(), 1),
        (server().orca_reports().without_load_reports(), 0),
    ] {
        let settings = ClientSettings::for_test(false);
        let reported = Arc::clone(&settings.reported);
        let connection = connect(server, settings).await;
        call(&connection, unary(1)).await.unwrap();
        assert_eq!(reported.version(), heard);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_passes_by_all_that_calls_do() {
    let metrics = Arc::new(Recorder::default());
    let server = server()
        .metrics(metrics.clone())
        .on_call(|_| Err(Status::permission_denied("nobody")))
        .fallback(|_| async { Ok(RawReply::new(vec![])) });
    let load = server.load();
    let settings = ClientSettings::for_test(true);
    let reported = Arc::clone(&settings.reported);
    let connection = connect(server, settings).await;
    let link = Link::Http2(connection.clone());
    link.probe().await.unwrap();
    assert_eq!((reported.version(), load.in_flight()), (1, 0));
    // Each is answered, however new the last report is.
    link.probe().await.unwrap();
    assert_eq!(reported.version(), 2);
    assert_eq!(last(&reported).qps, 0.0);
    assert!(metrics.lines().is_empty(), "{:?}", metrics.lines());
    assert!(connection.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_probe_of_a_server_that_tells_nobody_is_a_call_that_it_does_not_know() {
    let server = server().without_load_reports();
    let settings = ClientSettings::for_test(true);
    let reported = Arc::clone(&settings.reported);
    let connection = connect(server, settings).await;
    let Err(NotProbed::Failed(status)) = connection.probe().await else {
        panic!("nobody answers it");
    };
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(reported.version(), 0);
    let link = Server::new().without_load_reports().into_link();
    assert_eq!(link.probe().unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test(start_paused = true)]
async fn a_probe_does_not_wait_for_a_stream_and_leaves_none_behind() {
    let server = server().max_concurrent_streams(1);
    let connection = connect(server, ClientSettings::for_test(true)).await;
    let busy = connection.reserve().await;
    let refused = connection.probe().await;
    assert!(
        matches!(refused, Err(NotProbed::NoSlot(NoSlot::Busy))),
        "{refused:?}"
    );
    drop(busy);
    {
        let mut probe = Box::pin(connection.probe());
        let mut cx = TaskContext::from_waker(std::task::Waker::noop());
        assert!(probe.as_mut().poll(&mut cx).is_pending());
        assert!(!connection.is_idle());
    }
    assert!(connection.is_idle());
    connection.probe().await.unwrap();
}
