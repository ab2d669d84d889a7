//! What a call leaves behind when it is dropped half-way, and the service that these tests and those below call.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll, Waker};

use tokio::runtime::Handle;

use super::*;
use crate::call::{Context, Inbound, Method, Outbound, ServiceSpec};
use crate::codegen::{Dispatch, Handling, ServerCall};
use crate::observe::Recorder;
use crate::server::{Server, Skeleton};
use crate::transport::Link;
use crate::transport::connect::Connect;
use crate::transport::target::Target;

mod connecting;
#[cfg(feature = "prometheus")]
mod counted;
mod dropping;
mod found;
mod placing;
mod turned_away;

pub(super) use placing::{scripted, two};

pub(super) static ONCE: Method<u64, u64> = Method::unary("/test.v1.Count/Once");
static DOWN: Method<u64, u64> = Method::server_stream("/test.v1.Count/Down");
static UP: Method<u64, u64> = Method::client_stream("/test.v1.Count/Up");
static BOTH: Method<u64, u64> = Method::bidi("/test.v1.Count/Both");
static SERVICE: ServiceSpec = ServiceSpec::new(
    "test.v1.Count",
    &[ONCE.spec(), DOWN.spec(), UP.spec(), BOTH.spec()],
);

/// Yields a few times in each handler, so that there is something to be dropped in.
struct Count;

async fn yields() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

/// A number that makes a handler wait for ever: only its being dropped ends it.
const FOR_EVER: u64 = 1_000_000;

async fn down(n: u64, out: &mut Outbound<u64>) -> crate::Result<()> {
    for i in 0..n.min(5) {
        yields().await;
        out.send(i).await?;
    }
    for_ever(n).await;
    Ok(())
}

async fn for_ever(n: u64) {
    if n == FOR_EVER {
        std::future::pending().await
    }
}

async fn up(_: &Context, mut rx: Inbound<u64>) -> crate::Result<u64> {
    let mut sum = 0;
    while let Some(n) = rx.next().await? {
        yields().await;
        sum += n;
        for_ever(n).await;
    }
    Ok(sum)
}

async fn both(mut rx: Inbound<u64>, out: &mut Outbound<u64>) -> crate::Result<()> {
    while let Some(n) = rx.next().await? {
        out.send(n).await?;
        for_ever(n).await;
    }
    Ok(())
}

impl Dispatch for Count {
    fn spec(&self) -> &'static ServiceSpec {
        &SERVICE
    }

    fn dispatch(&self, index: usize, call: ServerCall) -> Handling {
        match index {
            0 => Box::pin(async move {
                let (cx, n) = call.unary(&ONCE).await?;
                yields().await;
                for_ever(n).await;
                cx.reply(&ONCE, Ok(n + 1))
            }),
            1 => Box::pin(async move {
                let (cx, n, mut out, reply) = call.server_stream(&DOWN).await?;
                reply
                    .drive(async move {
                        let result = down(n, &mut out).await;
                        out.end(&cx, result);
                    })
                    .await
            }),
            2 => Box::pin(async move {
                let (cx, rx) = call.client_stream(&UP)?;
                let result = up(&cx, rx).await;
                cx.reply(&UP, result)
            }),
            3 => Box::pin(async move {
                let (cx, rx, mut out, reply) = call.bidi(&BOTH)?;
                reply
                    .drive(async move {
                        let result = both(rx, &mut out).await;
                        out.end(&cx, result);
                    })
                    .await
            }),
            _ => call.unknown_method(),
        }
    }
}

/// Connects to a server in this process over a pipe in memory: HTTP/2 without a socket.
struct Piped(tokio::sync::mpsc::UnboundedSender<tokio::io::DuplexStream>);

impl Connect for Piped {
    type Io = tokio::io::DuplexStream;

    async fn connect(&self, _: &Target) -> std::io::Result<Self::Io> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        self.0
            .send(theirs)
            .map_err(|_| std::io::Error::other("the server is gone"))?;
        Ok(ours)
    }
}

/// The receiving end of [`Piped`] as a server takes it.
struct Incoming(tokio::sync::mpsc::UnboundedReceiver<tokio::io::DuplexStream>);

impl futures_core::Stream for Incoming {
    type Item = std::io::Result<tokio::io::DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|io| io.map(Ok))
    }
}

fn server(recorder: &Arc<Recorder>) -> Server {
    Server::new()
        .add(Skeleton::new(Count))
        .metrics(Arc::clone(recorder) as _)
}

fn builder(recorder: &Arc<Recorder>) -> ChannelBuilder {
    Channel::builder("http://pipe:1").metrics(Arc::clone(recorder) as _)
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Http2,
    InProcess,
}

fn channel(way: Way, recorder: &Arc<Recorder>) -> Channel {
    over(way, builder(recorder), server(recorder))
}

fn over(way: Way, builder: ChannelBuilder, server: Server) -> Channel {
    match way {
        Way::InProcess => builder.build_in_process(server),
        Way::Http2 => {
            let (pipes, incoming) = tokio::sync::mpsc::unbounded_channel();
            tokio::spawn(async move { server.serve_with_incoming(Incoming(incoming)).await });
            builder.connector(Piped(pipes)).build().unwrap()
        }
    }
}

/// A layer of the user that has awaits of its own.
async fn through(call: RawCall, next: Next) -> Result<RawReply, Status> {
    yields().await;
    let reply = next.run(call).await;
    yields().await;
    reply
}

/// With layers of the user around calls and around attempts, or with none.
fn layered(builder: ChannelBuilder, layers: bool) -> ChannelBuilder {
    if !layers {
        return builder;
    }
    builder
        .layer(crate::from_fn(through))
        .attempt_layer(crate::from_fn(through))
}

/// Each way, with and without layers of the user.
const WAYS: [(Way, bool); 4] = [
    (Way::InProcess, false),
    (Way::Http2, false),
    (Way::InProcess, true),
    (Way::Http2, true),
];

/// Gives up after some polls, and drops what it polled.
struct Limited<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
}

impl<F: Future> Future for Limited<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            self.future = None;
            return Poll::Ready(None);
        }
        self.polls -= 1;
        match self.future.as_mut() {
            Some(future) => future.as_mut().poll(cx).map(Some),
            None => Poll::Ready(None),
        }
    }
}

/// A whole call of one shape, every await of it in one future.
async fn whole(channel: &Channel, shape: usize) -> crate::Result<u64> {
    match shape {
        0 => unary(channel, &ONCE, 1).await,
        1 => {
            let mut replies = server_stream(channel, &DOWN, 5).await?;
            let mut sum = 0;
            while let Some(n) = replies.next().await? {
                sum += n;
            }
            Ok(sum)
        }
        2 => {
            let (mut out, reply) = client_stream(channel, &UP).await?;
            for n in 0..5 {
                out.send(n).await?;
                tokio::task::yield_now().await;
            }
            out.finish();
            reply.await
        }
        _ => {
            let (mut out, mut heard) = bidi(channel, &BOTH).await?;
            let mut sum = 0;
            for n in 0..5 {
                out.send(n).await?;
                sum += heard.next().await?.unwrap_or(0);
            }
            out.finish();
            while let Some(n) = heard.next().await? {
                sum += n;
            }
            Ok(sum)
        }
    }
}

/// A call of one shape whose handler never ends.
async fn endless(channel: &Channel, shape: usize) -> crate::Result<u64> {
    match shape {
        0 => unary(channel, &ONCE, FOR_EVER).await,
        1 => {
            let mut replies = server_stream(channel, &DOWN, FOR_EVER).await?;
            while replies.next().await?.is_some() {}
            Ok(0)
        }
        2 => {
            let (mut out, reply) = client_stream(channel, &UP).await?;
            out.send(FOR_EVER).await?;
            out.finish();
            reply.await
        }
        _ => {
            let (mut out, mut heard) = bidi(channel, &BOTH).await?;
            out.send(FOR_EVER).await?;
            heard.next().await?;
            // The sending half is still there when the receiving half goes, and the other way round.
            drop(heard);
            std::future::pending().await
        }
    }
}

/// Lets everything run that can, until `done`; a call that leaks never gets there.
async fn settle(what: &str, done: impl Fn() -> bool) {
    for _ in 0..2000 {
        if done() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{what}: something is left behind");
}

#[tokio::test]
async fn a_call_dropped_at_any_poll_leaves_nothing() {
    for (way, layers) in WAYS {
        let recorder = Arc::new(Recorder::default());
        let channel = over(way, layered(builder(&recorder), layers), server(&recorder));
        for shape in 0..4 {
            whole(&channel, shape).await.unwrap();
            settle("a whole call", || idle(&recorder, &channel)).await;
            let tasks = Handle::current().metrics().num_alive_tasks();
            let mut finished = false;
            for polls in 0..500 {
                let call = Limited {
                    future: Some(Box::pin(whole(&channel, shape))),
                    polls,
                };
                let ended = call.await;
                let what =
                    format!("{way:?}, layers {layers}, shape {shape}, dropped at poll {polls}");
                settle(&what, || {
                    idle(&recorder, &channel)
                        && Handle::current().metrics().num_alive_tasks() == tasks
                })
                .await;
                if let Some(result) = ended {
                    result.unwrap();
                    finished = true;
                    break;
                }
            }
            assert!(finished, "{way:?}, shape {shape} never ended");
        }
    }
}

/// Nothing in flight on either side, nobody waiting, every stream free.
fn idle(recorder: &Recorder, channel: &Channel) -> bool {
    let place = &channel.0.core.place;
    recorder.in_flight(Side::Client) == 0
        && recorder.in_flight(Side::Server) == 0
        && place.waiting.load(Ordering::Relaxed) == 0
        && place.table.now().nodes().iter().all(|node| {
            let is_idle = match node.link() {
                Some(Link::Http2(connection)) => connection.is_idle(),
                _ => true,
            };
            is_idle && node.vitals().in_flight() == 0
        })
}

#[tokio::test]
async fn a_handler_that_never_ends_ends_with_its_call() {
    for (way, layers) in WAYS {
        let recorder = Arc::new(Recorder::default());
        let channel = over(way, layered(builder(&recorder), layers), server(&recorder));
        for shape in 0..4 {
            whole(&channel, shape).await.unwrap();
            settle("a whole call", || idle(&recorder, &channel)).await;
            let tasks = Handle::current().metrics().num_alive_tasks();
            for polls in 0..40 {
                let call = Limited {
                    future: Some(Box::pin(endless(&channel, shape))),
                    polls,
                };
                let ended = tokio::select! {
                    biased;
                    ended = call => ended,
                    // It waits for ever: nobody polls it any more.
                    () = quiet() => None,
                };
                assert!(ended.is_none(), "{way:?}, shape {shape}: {ended:?}");
                let what = format!(
                    "{way:?}, layers {layers}, endless shape {shape}, dropped at poll {polls}"
                );
                settle(&what, || {
                    idle(&recorder, &channel)
                        && Handle::current().metrics().num_alive_tasks() == tasks
                })
                .await;
            }
        }
    }
}

/// Waits until everything that can run has run.
pub(super) async fn quiet() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_dropped_channel_leaves_no_task() {
    let before = Handle::current().metrics().num_alive_tasks();
    let recorder = Arc::new(Recorder::default());
    let channel = channel(Way::Http2, &recorder);
    whole(&channel, 0).await.unwrap();
    let ready = Handle::current().metrics().num_alive_tasks();
    assert!(
        ready > before,
        "a server, a connection at each end, its keeper"
    );
    drop(channel);
    settle("a dropped channel", || {
        Handle::current().metrics().num_alive_tasks() == before
    })
    .await;
}

fn polled_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut TaskContext::from_waker(Waker::noop()))
}
