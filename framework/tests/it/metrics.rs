//! What metrics are told of calls and connections, as Prometheus reads it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sinew::observe::{CallEnd, MethodMetrics, Metrics, Prometheus, Side, names};
use sinew::{Channel, Connect, MethodSpec, RawCall, Server, Target};
use tokio::io::DuplexStream;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::double::{Double, events};
use crate::talk::{Say, talk};
use crate::world::{Parrot, WAYS, Way, World};

/// The value of a series, which is named with its labels.
fn value(metrics: &Arc<Prometheus>, series: &str) -> Option<f64> {
    let text = metrics.render();
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

fn count(metrics: &Arc<Prometheus>, series: &str) -> u64 {
    value(metrics, series).unwrap_or(0.0) as u64
}

/// Waits until a series has this value: what a peer does later is told later.
async fn until(metrics: &Arc<Prometheus>, series: &str, want: u64) {
    for _ in 0..100_000 {
        if count(metrics, series) == want {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{series} is not {want}:\n{}", metrics.render());
}

async fn counted(way: Way, server: Server) -> (World, talk::Client, Arc<Prometheus>) {
    let metrics = Prometheus::new();
    let server = server.metrics(metrics.clone());
    let builder = Channel::builder("http://unused:1").metrics(metrics.clone());
    if way == Way::InProcess {
        let channel = builder.build_in_process(server);
        let talk = talk::Client::new(channel.clone());
        return (World::over(channel), talk, metrics);
    }
    let mut world = World::server(way, server).await;
    let builder = Channel::builder(&world.url).metrics(metrics.clone());
    world.channel = builder.build().unwrap();
    let talk = world.talk();
    (world, talk, metrics)
}

#[tokio::test]
async fn calls_of_all_shapes_are_counted_on_both_sides() {
    for way in WAYS {
        let server = Server::new().add(talk::server(Parrot));
        let (_world, talk, metrics) = counted(way, server).await;
        talk.once(Say::new("a", 1)).await.unwrap();
        talk.once(Say::default()).await.unwrap_err();
        let mut down = talk.down(Say::new("fail", 2)).await.unwrap();
        while let Ok(Some(_)) = down.next().await {}
        let (out, reply) = talk.up().await.unwrap();
        out.finish();
        reply.await.unwrap();
        for side in ["client", "server"] {
            for (method, code) in [
                ("Once", "OK"),
                ("Once", "INVALID_ARGUMENT"),
                ("Down", "DATA_LOSS"),
                ("Up", "OK"),
            ] {
                let series = format!(
                    "sinew_{side}_calls_total{{method=\"test.v1.Talk/{method}\",code=\"{code}\"}}"
                );
                until(&metrics, &series, 1).await;
            }
            for (method, times) in [("Once", 2), ("Down", 1), ("Up", 1)] {
                let labels = format!("{{method=\"test.v1.Talk/{method}\"}}");
                let series = |name: &str| format!("sinew_{side}_{name}{labels}");
                until(&metrics, &series("calls_in_flight"), 0).await;
                until(&metrics, &series("call_seconds_count"), times).await;
            }
        }
        let attempts = "sinew_client_attempts_total{method=\"test.v1.Talk/Once\"}";
        assert_eq!(count(&metrics, attempts), 2, "{way:?}");
        let remote = u64::from(way != Way::InProcess);
        for name in [
            names::CLIENT_CONNECTIONS,
            names::CLIENT_OPEN_CONNECTIONS,
            names::SERVER_CONNECTIONS,
            names::SERVER_OPEN_CONNECTIONS,
        ] {
            assert_eq!(count(&metrics, name), remote, "{way:?} {name}");
        }
    }
}

#[tokio::test]
async fn what_a_server_refuses_is_counted_and_not_timed() {
    for way in WAYS {
        let server = Server::new().add(talk::server(Parrot));
        let (world, _, metrics) = counted(way, server).await;
        for n in 0..20 {
            // A peer names what it likes; so does a caller without generated code.
            let path = format!("/test.v1.Talk/No{n}");
            world
                .channel
                .call(RawCall::new(path, ""))
                .await
                .unwrap_err();
        }
        let calls = |side: &str| {
            format!("sinew_{side}_calls_total{{method=\"other\",code=\"UNIMPLEMENTED\"}}")
        };
        for side in ["client", "server"] {
            until(&metrics, &calls(side), 20).await;
        }
        let refused =
            "sinew_server_refused_calls_total{method=\"other\",reason=\"unknown_method\"}";
        assert_eq!(count(&metrics, refused), 20, "{way:?}");
        let timed = "sinew_server_call_seconds_count{method=\"other\"}";
        assert_eq!(value(&metrics, timed), Some(0.0), "{way:?}");
        let series = metrics.render().matches("No1").count();
        assert_eq!(series, 0, "{way:?}: no peer makes a series");
    }
}

#[tokio::test]
async fn a_server_knows_its_methods_whatever_their_callers_know() {
    for way in WAYS {
        let server = Server::new().add(talk::server(Parrot));
        let (world, _, metrics) = counted(way, server).await;
        let call = RawCall::new("/test.v1.Talk/Once", "");
        world.channel.call(call).await.unwrap_err();
        for (side, method) in [("client", "other"), ("server", "test.v1.Talk/Once")] {
            let labels = format!("{{method=\"{method}\",code=\"INVALID_ARGUMENT\"}}");
            until(&metrics, &format!("sinew_{side}_calls_total{labels}"), 1).await;
        }
    }
}

#[tokio::test]
async fn a_call_that_came_too_late_is_counted_and_not_timed() {
    let server = Server::new().add(talk::server(Parrot));
    let (world, _, metrics) = counted(Way::Tcp, server).await;
    let addr = world.url.strip_prefix("http://").unwrap();
    let io = TcpStream::connect(addr).await.unwrap();
    let (mut client, connection) = h2::client::handshake(io).await.unwrap();
    let driving = tokio::spawn(connection);
    let request = http::Request::post(format!("{}/test.v1.Talk/Once", world.url))
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "0n");
    let (response, _) = client
        .send_request(request.body(()).unwrap(), true)
        .unwrap();
    assert_eq!(response.await.unwrap().headers()["grpc-status"], "4");
    let series = |name: &str, more: &str| {
        format!("sinew_server_{name}{{method=\"test.v1.Talk/Once\"{more}}}")
    };
    let late = series("calls_total", ",code=\"DEADLINE_EXCEEDED\"");
    until(&metrics, &late, 1).await;
    let refused = series("refused_calls_total", ",reason=\"expired\"");
    assert_eq!(count(&metrics, &refused), 1);
    assert_eq!(count(&metrics, &series("call_seconds_count", "")), 0);
    driving.abort();
}

#[tokio::test]
async fn a_call_that_is_sent_once_more_is_one_call_of_two_attempts() {
    let (io, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let mut server = h2::server::handshake(far).await.unwrap();
        let mut is_first = true;
        while let Some(Ok((_, mut respond))) = server.accept().await {
            if std::mem::take(&mut is_first) {
                respond.send_reset(h2::Reason::REFUSED_STREAM);
                continue;
            }
            let head = http::Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-status", "5");
            respond.send_response(head.body(()).unwrap(), true).unwrap();
        }
    });
    let metrics = Prometheus::new();
    let builder = Channel::builder("http://unused:1").metrics(metrics.clone());
    let builder = builder.connector(Once(Mutex::new(Some(io))));
    let talk = talk::Client::new(builder.build().unwrap());
    let status = talk.once(Say::default()).await.unwrap_err();
    assert_eq!(status.code(), sinew::Code::NotFound, "{status}");
    let series = |name: &str, more: &str| {
        format!("sinew_client_{name}{{method=\"test.v1.Talk/Once\"{more}}}")
    };
    for (series, want) in [
        (series("calls_total", ",code=\"NOT_FOUND\""), 1),
        (series("calls_total", ",code=\"UNAVAILABLE\""), 0),
        (series("attempts_total", ""), 2),
        (series("calls_sent_again_total", ",reason=\"refused\""), 1),
        (series("call_seconds_count", ""), 1),
    ] {
        assert_eq!(count(&metrics, &series), want, "{series}");
    }
}

/// Connects once.
struct Once(Mutex<Option<DuplexStream>>);

impl Connect for Once {
    type Io = DuplexStream;

    async fn connect(&self, _: &Target) -> std::io::Result<DuplexStream> {
        let io = self.0.lock().unwrap().take();
        io.ok_or_else(|| std::io::Error::other("once is enough"))
    }
}

#[tokio::test]
async fn a_handler_of_unknown_methods_refuses_nothing() {
    let server = Server::new().fallback(|_| async { Err(sinew::Status::unimplemented("not it")) });
    let (world, _, metrics) = counted(Way::InProcess, server).await;
    let call = RawCall::new("/a.A/B", "");
    world.channel.call(call).await.unwrap_err();
    let timed = "sinew_server_call_seconds_count{method=\"other\"}";
    assert_eq!(count(&metrics, timed), 1);
    assert!(!metrics.render().contains(names::SERVER_REFUSED_CALLS));
}

#[tokio::test]
async fn connections_are_counted_while_they_are_open_and_as_they_are_told_to_end() {
    let (tell, mut told) = events();
    let endless = Double::default().once(move |_, _| {
        tell.tell(());
        Box::pin(std::future::pending())
    });
    let metrics = Prometheus::new();
    let server = Server::new()
        .add(endless.skeleton())
        // Long enough for the idle one to hear of it.
        .drain_timeout(Duration::from_millis(500))
        .metrics(metrics.clone());
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let addr = bound.local_addr().unwrap();
    let url = bound.url();
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(bound.until(ended));

    // One that has a call in flight, one that is idle, and one that is none.
    let busy = talk::Client::new(Channel::to(&url).unwrap());
    let call = tokio::spawn(busy.once(Say::default()));
    told.expect(()).await;
    let idle = Channel::to(&url).unwrap();
    idle.ready().await.unwrap();
    drop(TcpStream::connect(addr).await.unwrap());
    let gone = "sinew_server_refused_connections_total{reason=\"gone\"}";
    until(&metrics, gone, 1).await;
    until(&metrics, names::SERVER_OPEN_CONNECTIONS, 2).await;

    end.send(()).unwrap();
    serving.await.unwrap().unwrap();
    call.await.unwrap().unwrap_err();
    let told = "sinew_server_connections_told_to_end_total{reason=\"drain\"}";
    until(&metrics, names::SERVER_OPEN_CONNECTIONS, 0).await;
    assert_eq!(count(&metrics, told), 2);
    assert_eq!(count(&metrics, names::SERVER_CUT_OFF), 1);
    assert_eq!(count(&metrics, names::SERVER_CONNECTIONS), 2);
}

#[tokio::test]
async fn tries_to_connect_that_fail_are_counted_by_their_reason() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let metrics = Prometheus::new();
    let builder = Channel::builder(url).metrics(metrics.clone());
    let talk = talk::Client::new(builder.build().unwrap());
    talk.once(Say::default()).await.unwrap_err();
    let refused = "sinew_client_connect_failures_total{reason=\"connect\"}";
    assert!(count(&metrics, refused) >= 1, "{}", metrics.render());
    let waiting = "sinew_client_calls_waiting{method=\"test.v1.Talk/Once\"}";
    assert_eq!(value(&metrics, waiting), Some(0.0));
}

/// A call costs what it costs without metrics, but for what its method costs at its first call.
#[test]
fn a_call_that_is_counted_allocates_no_more() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let cost = |metrics: Option<Arc<Prometheus>>| {
        let mut server = Server::new().add(talk::server(Parrot));
        let mut builder = Channel::builder("http://unused:1");
        if let Some(metrics) = metrics {
            server = server.metrics(metrics.clone());
            builder = builder.metrics(metrics);
        }
        let talk = talk::Client::new(builder.build_in_process(server));
        let once = || {
            runtime.block_on(async {
                talk.once(Say::new("a", 1)).await.unwrap();
            });
        };
        once();
        allocation_counter::measure(|| (0..10).for_each(|_| once())).count_total
    };
    assert_eq!(cost(Some(Prometheus::new())), cost(None));
}

/// Only what has to be.
struct Ends(tokio::sync::mpsc::UnboundedSender<String>);

impl Metrics for Ends {
    fn method(&self, side: Side, method: &MethodSpec) -> Arc<dyn MethodMetrics> {
        let what = format!("{} {method}", side.as_str());
        self.0.send(format!("asked for {what}")).unwrap();
        Arc::new(EndsOf(what, self.0.clone()))
    }
}

struct EndsOf(String, tokio::sync::mpsc::UnboundedSender<String>);

impl MethodMetrics for EndsOf {
    fn started(&self) {}

    fn ended(&self, end: &CallEnd) {
        self.1.send(format!("{} {}", self.0, end.code)).unwrap();
    }
}

#[tokio::test]
async fn metrics_of_ones_own_are_asked_once_for_each_method() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let metrics = Arc::new(Ends(tell));
    let server = Server::new()
        .add(talk::server(Parrot))
        .metrics(metrics.clone());
    let channel = Channel::builder("http://unused:1").metrics(metrics);
    let talk = talk::Client::new(channel.build_in_process(server));
    for _ in 0..2 {
        talk.once(Say::new("a", 1)).await.unwrap();
    }
    let mut lines = Vec::new();
    while let Ok(line) = told.try_recv() {
        lines.push(line);
    }
    assert_eq!(
        lines,
        [
            "asked for client test.v1.Talk/Once",
            "asked for server test.v1.Talk/Once",
            "server test.v1.Talk/Once OK",
            "client test.v1.Talk/Once OK",
            "server test.v1.Talk/Once OK",
            "client test.v1.Talk/Once OK",
        ]
    );
}

#[test]
fn the_page_has_all_names_and_no_other() {
    let page = include_str!("../../../docs/observability.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `sinew_"));
    let shown: Vec<_> = rows
        .map(|row| format!("sinew_{}", row.split('`').next().unwrap()))
        .collect();
    assert_eq!(shown, names::ALL);
}
