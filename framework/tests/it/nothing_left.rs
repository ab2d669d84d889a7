//! Calls that are given up, channels that are dropped while they connect, endpoints that change under load: no task,
//! connection or count is left of them.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use sinew::discovery::{Discover, Instance, Updates};
use sinew::testing::Peer;
use sinew::{Channel, RawCall, RawReply, Server, Target};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Longer than any test waits for what it waits for.
const LONG: Duration = Duration::from_secs(20);

/// Says who serves as a test does.
struct Told(watch::Receiver<Vec<Target>>);

impl Discover for Told {
    async fn discover(&self, updates: Updates) {
        let mut told = self.0.clone();
        loop {
            let targets = told.borrow_and_update().clone();
            updates.replace(targets.into_iter().map(Instance::new));
            if told.changed().await.is_err() {
                return;
            }
        }
    }
}

/// A server that lets others go first, now and then, before it answers.
async fn server() -> (Target, JoinHandle<std::io::Result<()>>) {
    let server = Server::new().fallback(|_| async {
        for _ in 0..fastrand::u8(..8) {
            tokio::task::yield_now().await;
        }
        Ok(RawReply::new("well"))
    });
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let target = bound.url().parse().unwrap();
    (target, tokio::spawn(bound.serve()))
}

fn tasks() -> usize {
    let metrics = tokio::runtime::Handle::current().metrics();
    metrics.num_alive_tasks()
}

/// Waits until there are no more tasks than `before`.
async fn are_gone(before: usize) {
    let gone = async {
        while tasks() > before {
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(LONG, gone).await;
    assert!(gone.is_ok(), "{} tasks, {before} before", tasks());
}

/// What came of it, unless it was polled so often before.
async fn polled<T>(most: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polls = 0;
    let polled = poll_fn(|cx| {
        polls += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if polls >= most => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    // One that waits for an endpoint that never answers is not polled again.
    let given_up = tokio::time::timeout(Duration::from_millis(10), polled).await;
    given_up.ok().flatten()
}

fn call(channel: &Channel) -> impl Future<Output = sinew::Result<RawReply>> + use<> {
    let channel = channel.clone();
    async move {
        channel
            .call(RawCall::new("/test.v1.Any/Thing", "please"))
            .await
    }
}

/// Endpoints come and go between batches of calls, of which most are given up: while they wait for an endpoint, while
/// they are placed, while they are under way.
async fn changes_under_load() {
    let mut serving = Vec::new();
    let mut targets = Vec::new();
    for _ in 0..4 {
        let (target, server) = server().await;
        targets.push(target);
        serving.push(server);
    }
    // It takes connections, and says nothing: whoever is told of it is in the middle of connecting.
    let mute = Peer::listen().await.unwrap();
    targets.push(mute.url().parse().unwrap());
    let before = tasks();
    let mut answered = 0;
    for channels in 0..3 {
        let (told, tell) = watch::channel(targets.clone());
        let channel = Channel::discover("told", Told(tell)).build().unwrap();
        for _ in 0..20 {
            let mut some = targets.clone();
            fastrand::shuffle(&mut some);
            some.truncate(fastrand::usize(1..=targets.len()));
            told.send(some).unwrap();
            let mut calls = JoinSet::new();
            for _ in 0..24 {
                calls.spawn(polled(fastrand::usize(1..12), call(&channel)));
            }
            while let Some(ended) = calls.join_next().await {
                answered += usize::from(ended.unwrap().is_some());
            }
        }
        let explained = channel.explain();
        let in_flight = explained.endpoints().iter().map(|one| one.in_flight());
        assert_eq!(in_flight.sum::<u32>(), 0, "channel {channels}: {explained}");
        drop((channel, told));
        are_gone(before).await;
    }
    assert!(answered > 50, "{answered} of 1,440 calls were answered");
    for server in serving {
        server.abort();
    }
    are_gone(0).await;
}

#[tokio::test]
async fn nothing_is_left_of_calls_given_up_while_endpoints_change() {
    changes_under_load().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_them_on_several_threads() {
    changes_under_load().await;
}

#[tokio::test]
async fn nothing_is_left_of_channels_dropped_while_they_connect() {
    let mute = Peer::listen().await.unwrap();
    // Of several, too, of which each is connected to.
    for endpoints in 1..=3 {
        let url = mute.url();
        let more = (1..endpoints).fold(Channel::builder(&url), |more, _| more.endpoint(&url));
        let channel = more.build().unwrap();
        let waiting = tokio::spawn(call(&channel));
        let mut connected = Vec::new();
        for _ in 0..endpoints {
            connected.push(mute.accept_silent().await.unwrap());
        }
        drop(channel);
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        for mut conn in connected {
            // It is closed, and not only forgotten.
            conn.within(LONG).closed().await.unwrap();
        }
        are_gone(0).await;
    }
}
