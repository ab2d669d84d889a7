//! How connections come about, go, and come again; and that nothing is left of a channel that was dropped.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sinew::{Channel, Code, Connect, Server, SocketConnector, Stream, Target};
use tokio::io::DuplexStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::double::{Double, Tell, events};
use crate::talk::{Say, talk};
use crate::world::{Parrot, Way, World};

/// A server at `addr` that says its name.
async fn named(name: &'static str, addr: &str) -> (String, JoinHandle<()>) {
    let double = Double::default().once(move |_, _| Box::pin(async move { Ok(Say::new(name, 0)) }));
    let bound = Server::new()
        .add(double.skeleton())
        .bind(addr)
        .await
        .unwrap();
    let url = bound.url();
    (
        url,
        tokio::spawn(async move { bound.serve().await.unwrap() }),
    )
}

async fn stop(serving: JoinHandle<()>) {
    serving.abort();
    let _ = serving.await;
}

async fn who(talk: &talk::Client) -> String {
    talk.once(Say::default()).await.unwrap().text
}

/// Ours, as the test lets it.
struct Switch {
    tell: Tell<String>,
    open: Arc<AtomicBool>,
}

impl Connect for Switch {
    type Io = Stream;

    async fn connect(&self, target: &Target) -> io::Result<Stream> {
        self.tell.tell(target.to_string());
        if self.open.load(Ordering::SeqCst) {
            return SocketConnector::new().connect(target).await;
        }
        Err(io::Error::other("switched off"))
    }
}

#[tokio::test]
async fn a_channel_connects_at_its_first_call_and_once() {
    let (url, serving) = named("a", "127.0.0.1:0").await;
    let (tell, mut told) = events();
    let open = Arc::new(AtomicBool::new(true));
    let connector = Switch { tell, open };
    let channel = Channel::builder(&url).connector(connector).build().unwrap();
    let talk = talk::Client::new(channel.clone());
    let call = talk.once(Say::default());
    tokio::task::yield_now().await;
    assert!(told.is_empty(), "nothing was called yet");
    assert_eq!(call.await.unwrap().text, "a");
    told.expect(url.clone()).await;
    let calls: Vec<_> = (0..50)
        .map(|_| tokio::spawn(talk.once(Say::default())))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    channel.ready().await.unwrap();
    assert!(told.is_empty(), "one connection is enough");
    stop(serving).await;
}

#[tokio::test]
async fn calls_fail_fast_while_connecting_fails_unless_they_wait() {
    let (url, serving) = named("a", "127.0.0.1:0").await;
    let (tell, mut told) = events();
    let open = Arc::new(AtomicBool::new(false));
    let connector = Switch {
        tell,
        open: Arc::clone(&open),
    };
    let channel = Channel::builder(&url).connector(connector).build().unwrap();
    let talk = talk::Client::new(channel.clone());
    // It waits for the first try, and then knows why it failed.
    let failed = talk.once(Say::default()).await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    assert!(failed.message().contains("switched off"), "{failed}");
    assert!(failed.message().contains(&url), "{failed}");
    assert_eq!(
        channel.ready().await.unwrap_err().message(),
        failed.message()
    );
    told.expect(url.clone()).await;
    let waiting = tokio::spawn(talk.once(Say::default()).wait_for_ready());
    let raw = sinew::RawCall::new("/test.v1.Talk/Once", "").wait_for_ready();
    let raw_channel = channel.clone();
    let raw = tokio::spawn(async move { raw_channel.call(raw).await });
    let bounded = talk.once(Say::default()).wait_for_ready();
    let late = bounded
        .timeout(Duration::from_millis(20))
        .await
        .unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(late.message().contains("a connection"), "{late}");
    // Tries go on by themselves.
    told.expect(url.clone()).await;
    told.expect(url.clone()).await;
    assert!(!waiting.is_finished());
    assert!(!raw.is_finished());
    open.store(true, Ordering::SeqCst);
    assert_eq!(waiting.await.unwrap().unwrap().text, "a");
    raw.await.unwrap().unwrap();
    assert_eq!(who(&talk).await, "a");
    stop(serving).await;
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    for way in [Way::Tcp, Way::Unix] {
        let world = World::parrot(way).await;
        // The folder of a Unix socket stays with the world; its own server is not used.
        let addr = match way {
            Way::Unix => format!("{}-again", world.url),
            _ => "127.0.0.1:0".to_owned(),
        };
        let (url, serving) = named("first", &addr).await;
        let talk = talk::Client::new(Channel::to(&url).unwrap());
        assert_eq!(who(&talk).await, "first");
        let mut stream = talk.both().await.unwrap();
        stop(serving).await;
        stream.1.next().await.unwrap_err();
        let (_, serving) = named("second", &url).await;
        let reply = talk.once(Say::default()).wait_for_ready().await.unwrap();
        assert_eq!(reply.text, "second", "{way:?}");
        for _ in 0..10 {
            assert_eq!(who(&talk).await, "second", "{way:?}");
        }
        stop(serving).await;
    }
}

#[tokio::test]
async fn endpoints_are_taken_in_turn_and_dead_ones_passed_over() {
    let (a, serving_a) = named("a", "127.0.0.1:0").await;
    let (b, serving_b) = named("b", "127.0.0.1:0").await;
    let turns = sinew::balance::Balance::round_robin;
    let builder = || Channel::builder(&a).endpoint(&b).balance(turns());
    let talk = talk::Client::new(builder().build().unwrap());
    // Both are woken by the first call; the second may need a moment more.
    while who(&talk).await != "a" {}
    while who(&talk).await != "b" {}
    let mut seen = Vec::new();
    for _ in 0..10 {
        seen.push(who(&talk).await);
    }
    let turns = seen.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(turns, 9, "{seen:?}");

    let dead = builder()
        .endpoint("http://127.0.0.1:1")
        .endpoint("unix:/no/such/socket");
    let talk = talk::Client::new(dead.build().unwrap());
    for _ in 0..20 {
        who(&talk).await;
    }
    stop(serving_b).await;
    // What was under way to it may fail; then all go to the other.
    let mut failed = 0;
    let mut of_a = 0;
    while of_a < 10 {
        match talk.once(Say::default()).await {
            Ok(reply) if reply.text == "a" => of_a += 1,
            Ok(reply) => panic!("{reply:?}"),
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable);
                assert_eq!(status.endpoint(), Some(b.as_str()));
                failed += 1;
                assert!(failed < 5, "{status}");
            }
        }
    }
    stop(serving_a).await;
}

#[tokio::test]
async fn one_endpoint_that_does_not_answer_holds_nobody_up() {
    /// Hangs for one endpoint.
    struct Hangs(String);

    impl Connect for Hangs {
        type Io = Stream;

        async fn connect(&self, target: &Target) -> io::Result<Stream> {
            if target.to_string() == self.0 {
                std::future::pending::<()>().await;
            }
            SocketConnector::new().connect(target).await
        }
    }

    let (a, serving) = named("a", "127.0.0.1:0").await;
    let hanging = "http://127.0.0.1:1".to_owned();
    let channel = Channel::builder(&hanging)
        .endpoint(&a)
        .connector(Hangs(hanging.clone()))
        .build()
        .unwrap();
    let talk = talk::Client::new(channel);
    for _ in 0..10 {
        assert_eq!(who(&talk).await, "a");
    }
    stop(serving).await;
}

/// Gives one end of a pipe that nobody serves.
struct Silence(Tell<DuplexStream>);

impl Connect for Silence {
    type Io = DuplexStream;

    async fn connect(&self, _: &Target) -> io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(1024);
        self.0.tell(theirs);
        Ok(ours)
    }
}

#[tokio::test(start_paused = true)]
async fn connecting_and_the_handshake_have_one_budget() {
    let (tell, mut told) = events();
    let channel = Channel::builder("http://silent.internal:1")
        .connector(Silence(tell))
        .connect_timeout(Duration::from_secs(3))
        .build()
        .unwrap();
    let start = Instant::now();
    let status = channel.ready().await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(status.code(), Code::Unavailable);
    for part in ["http://silent.internal:1", "HTTP/2 did not begin", "3s"] {
        assert!(status.message().contains(part), "{status} has no {part:?}");
    }
    drop(told.next().await);
    // The keeper goes on: it tries again within its backoff.
    drop(told.next().await);
}

#[tokio::test(start_paused = true)]
async fn waits_between_tries_grow_and_stay_bounded() {
    let (tell, mut told) = events();
    let open = Arc::new(AtomicBool::new(false));
    let channel = Channel::builder("http://down.internal:1")
        .connector(Switch { tell, open })
        .build()
        .unwrap();
    channel.ready().await.unwrap_err();
    told.next().await;
    let mut waits = Vec::new();
    for _ in 0..40 {
        let start = Instant::now();
        tokio::time::timeout(Duration::from_secs(60), told.next())
            .await
            .unwrap();
        waits.push(start.elapsed());
    }
    assert!(waits[0] <= Duration::from_millis(101), "{waits:?}");
    assert!(
        waits
            .iter()
            .all(|wait| *wait <= Duration::from_millis(10_001)),
        "{waits:?}"
    );
    let last: Duration = waits[20..].iter().sum();
    assert!(last > Duration::from_secs(20), "{waits:?}");
}

/// Waits until only `tasks` are alive.
async fn settled(tasks: usize) {
    let metrics = tokio::runtime::Handle::current().metrics();
    for _ in 0..100_000 {
        if metrics.num_alive_tasks() == tasks {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{} tasks are left of {tasks}", metrics.num_alive_tasks());
}

#[tokio::test]
async fn a_dropped_channel_leaves_no_task() {
    settled(0).await;

    // Never used.
    drop(Channel::to("http://127.0.0.1:1").unwrap());
    settled(0).await;

    // In the middle of connecting, with a call that waits for it.
    struct Never(Arc<Notify>);
    impl Connect for Never {
        type Io = Stream;
        async fn connect(&self, _: &Target) -> io::Result<Stream> {
            self.0.notify_one();
            std::future::pending().await
        }
    }
    let connecting = Arc::new(Notify::new());
    let channel = Channel::builder("http://127.0.0.1:1")
        .connector(Never(Arc::clone(&connecting)))
        .build()
        .unwrap();
    let call = tokio::spawn(talk::Client::new(channel.clone()).once(Say::default()));
    connecting.notified().await;
    drop(channel);
    call.abort();
    settled(0).await;

    // In the middle of the handshake.
    let (tell, mut told) = events();
    let channel = Channel::builder("http://127.0.0.1:1")
        .connector(Silence(tell))
        .build()
        .unwrap();
    let call = tokio::spawn(talk::Client::new(channel).once(Say::default()));
    let peer = told.next().await;
    call.abort();
    settled(0).await;
    drop(peer);

    // In backoff.
    let channel = Channel::to("unix:/no/such/socket").unwrap();
    channel.ready().await.unwrap_err();
    drop(channel);
    settled(0).await;
}

#[tokio::test]
async fn a_channel_dropped_while_connected_closes_when_its_calls_are_over() {
    settled(0).await;
    for way in [Way::Tcp, Way::Unix] {
        let world = World::of(way, talk::server(Parrot)).await;
        let talk = talk::Client::new(Channel::to(&world.url).unwrap());
        let (mut out, mut heard) = talk.both().await.unwrap();
        drop(talk);
        // The call goes on without it.
        for n in 0..10 {
            out.send(Say::new("a", n)).await.unwrap();
            assert_eq!(heard.next().await.unwrap(), Some(Say::new("a", n)));
        }
        out.finish();
        assert_eq!(heard.next().await.unwrap(), None);
        drop(heard);
        // The server's own task is what is left: its connection is closed.
        settled(1).await;
        drop(world);
        settled(0).await;
    }
}

#[tokio::test]
async fn in_process_channels_need_no_task() {
    let channel = Channel::in_process(talk::server(Parrot));
    let talk = talk::Client::new(channel);
    assert_eq!(talk.once(Say::new("a", 1)).await.unwrap(), Say::new("a", 1));
    settled(0).await;
    let mut down = talk.down(Say::new("n", 100_000)).await.unwrap();
    down.next().await.unwrap().unwrap();
    drop(down);
    let (out, reply) = talk.up().await.unwrap();
    drop((out, reply));
    let (out, heard) = talk.both().await.unwrap();
    drop((heard, out));
    settled(0).await;
}
