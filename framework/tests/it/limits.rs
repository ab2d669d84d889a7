//! What is bounded: the size of messages, the calls in flight on a connection, and those that wait.

use std::sync::Arc;

use sinew::{Channel, Code, RawCall, Server, Status};
use tokio::sync::Semaphore;

use crate::double::{Double, events};
use crate::talk::{Say, talk};
use crate::world::{Parrot, WAYS, Way, World};

/// A message of exactly `len` bytes.
fn sized(len: usize) -> Say {
    let text = len - 1 - if len - 2 < 128 { 1 } else { 2 };
    let say = Say::new(&"x".repeat(text), 0);
    assert_eq!(prost::Message::encoded_len(&say), len);
    say
}

/// Answers with as many bytes as it is asked for.
fn giver() -> Double {
    Double::default()
        .once(|_, req| Box::pin(async move { Ok(sized(req.count as usize)) }))
        .down(|_, req, out| {
            Box::pin(async move {
                out.send(sized(10)).await?;
                out.send(sized(req.count as usize)).await
            })
        })
        .up(|_, mut rx| {
            Box::pin(async move {
                let mut last = Say::default();
                while let Some(say) = rx.next().await? {
                    last = say;
                }
                Ok(sized(last.count as usize))
            })
        })
        .both(|_, mut rx, out| {
            Box::pin(async move {
                while let Some(say) = rx.next().await? {
                    out.send(sized(say.count as usize)).await?;
                }
                Ok(())
            })
        })
}

/// How each shape ends whose large message is sent by the client, or asked for.
async fn ends(talk: &talk::Client, request: Say) -> [Result<(), Status>; 4] {
    let once = talk.once(request.clone()).await.map(drop);
    let down = async {
        let mut replies = talk.down(request.clone()).await?;
        while replies.next().await?.is_some() {}
        Ok(())
    };
    let up = async {
        let (mut out, reply) = talk.up().await?;
        out.send(request.clone()).await?;
        out.finish();
        reply.await.map(drop)
    };
    let both = async {
        let (mut out, mut heard) = talk.both().await?;
        out.send(request.clone()).await?;
        out.finish();
        while heard.next().await?.is_some() {}
        Ok(())
    };
    [once, down.await, up.await, both.await]
}

fn all(ends: &[Result<(), Status>], over: Option<(usize, usize, &str)>, context: &str) {
    for (shape, end) in ["once", "down", "up", "both"].iter().zip(ends) {
        match (end, over) {
            (Ok(()), None) => {}
            (Err(status), Some((len, limit, setting))) => {
                assert_eq!(status.code(), Code::ResourceExhausted, "{context} {shape}");
                for part in [
                    format!("{len} bytes"),
                    format!("limit of {limit} bytes"),
                    format!("raise it with `{setting}`"),
                ] {
                    let says = status.message().contains(&part);
                    assert!(says, "{context} {shape}: {status} has no {part}");
                }
            }
            _ => panic!("{context} {shape}: {end:?}"),
        }
    }
}

async fn talk_with(
    world: &World,
    way: Way,
    server: impl Fn() -> Server,
    f: fn(sinew::ChannelBuilder) -> sinew::ChannelBuilder,
) -> talk::Client {
    let channel = match way {
        Way::InProcess => f(Channel::builder("http://unused:1")).build_in_process(server()),
        _ => f(Channel::builder(&world.url)).build().unwrap(),
    };
    talk::Client::new(channel)
}

#[tokio::test]
async fn messages_over_a_limit_fail_naming_it() {
    for way in WAYS {
        let context = format!("{way:?}");

        let server = || Server::new().add(giver().skeleton()).max_request_bytes(100);
        let world = World::server(way, server()).await;
        let talk = world.talk();
        let request = |len: usize| Say {
            count: 10,
            ..sized(len - 2)
        };
        all(&ends(&talk, request(100)).await, None, &context);
        let over = Some((101, 100, "Server::max_request_bytes"));
        all(&ends(&talk, request(101)).await, over, &context);

        let talk = talk_with(&world, way, server, |c| c.max_request_bytes(50)).await;
        all(&ends(&talk, request(50)).await, None, &context);
        let over = Some((51, 50, "ChannelBuilder::max_request_bytes"));
        all(&ends(&talk, request(51)).await, over, &context);

        let server = || Server::new().add(giver().skeleton()).max_reply_bytes(100);
        let world = World::server(way, server()).await;
        let talk = world.talk();
        all(&ends(&talk, Say::new("", 100)).await, None, &context);
        let over = Some((101, 100, "Server::max_reply_bytes"));
        all(&ends(&talk, Say::new("", 101)).await, over, &context);

        let talk = talk_with(&world, way, server, |c| c.max_reply_bytes(50)).await;
        all(&ends(&talk, Say::new("", 50)).await, None, &context);
        let over = Some((51, 50, "ChannelBuilder::max_reply_bytes"));
        all(&ends(&talk, Say::new("", 51)).await, over, &context);

        let call = talk.once(Say::new("", 60)).max_reply_bytes(60);
        assert_eq!(call.await.unwrap(), sized(60));
        let call = talk.once(Say::new("", 61)).max_reply_bytes(60);
        let over = call.await.unwrap_err();
        assert!(over.message().contains("`Call::max_reply_bytes`"), "{over}");
        let mut down = talk
            .down(Say::new("", 61))
            .max_reply_bytes(60)
            .await
            .unwrap();
        down.next().await.unwrap().unwrap();
        let over = down.next().await.unwrap_err();
        assert!(over.message().contains("`Call::max_reply_bytes`"), "{over}");
    }
}

/// It has done what it was asked for: it is as good, and as cheap, as before.
#[tokio::test]
async fn a_reply_over_the_channels_own_limit_is_held_against_no_server() {
    let mut urls = Vec::new();
    for _ in 0..2 {
        let server = Server::new().add(giver().skeleton());
        let bound = server.bind("127.0.0.1:0").await.unwrap();
        urls.push(bound.url().to_owned());
        tokio::spawn(bound.serve());
    }
    let channel = Channel::builder(&urls[0]).endpoint(&urls[1]);
    let channel = channel.max_reply_bytes(50).build().unwrap();
    let talk = talk::Client::new(channel.clone());
    let over = Some((51, 50, "ChannelBuilder::max_reply_bytes"));
    for _ in 0..10 {
        all(&ends(&talk, Say::new("", 51)).await, over, "two servers");
    }
    let explained = channel.explain().to_string();
    let endpoints = explained.lines().skip(2).take(2);
    let well = endpoints.filter(|line| line.contains("100 %")).count();
    assert_eq!(well, 2, "{explained}");
}

#[tokio::test]
async fn four_mebibytes_are_the_limit_unless_set() {
    let limit = sinew::DEFAULT_MAX_MESSAGE_BYTES;
    for way in WAYS {
        let world = World::of(way, giver().skeleton()).await;
        let over = Say::new(&"x".repeat(limit), 10);
        let status = world.talk().once(over).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let message = bytes::Bytes::from(vec![0; limit + 1]);
        let call = RawCall::new("/test.v1.Talk/Once", message);
        let status = world.channel.call(call).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{way:?}");
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_a_message_that_was_too_large_to_send() {
    for way in WAYS {
        let server = || Server::new().add(talk::server(Parrot));
        let world = World::server(way, server()).await;
        let talk = talk_with(&world, way, server, |c| c.max_request_bytes(50)).await;
        let (mut out, mut heard) = talk.both().await.unwrap();
        out.send(Say::new("a", 1)).await.unwrap();
        out.send(sized(51)).await.unwrap_err();
        out.send(Say::new("b", 2)).await.unwrap();
        out.finish();
        assert_eq!(heard.next().await.unwrap(), Some(Say::new("a", 1)));
        assert_eq!(heard.next().await.unwrap(), Some(Say::new("b", 2)));
        assert_eq!(heard.next().await.unwrap(), None);
    }
}

/// A service whose unary calls tell that they began and wait for a permit of the test.
fn gated() -> (Double, crate::double::Events<u32>, Arc<Semaphore>) {
    let (tell, told) = events();
    let gate = Arc::new(Semaphore::new(0));
    let wait = Arc::clone(&gate);
    let double = Double::default().once(move |_, req| {
        let gate = Arc::clone(&wait);
        tell.tell(req.count);
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            Ok(req)
        })
    });
    (double, told, gate)
}

#[tokio::test]
async fn calls_over_the_peers_limit_wait_in_their_order() {
    for warm in [true, false] {
        for way in [Way::Tcp, Way::Unix] {
            let (double, mut told, gate) = gated();
            let server = Server::new().add(double.skeleton());
            let world = World::server(way, server.max_concurrent_streams(1)).await;
            if warm {
                world.channel.ready().await.unwrap();
            }
            let mut calls = Vec::new();
            for n in 0..4 {
                calls.push(tokio::spawn(world.talk().once(Say::new("", n))));
                // Each is polled, and so takes its place, before the next.
                tokio::task::yield_now().await;
            }
            for (n, call) in (0..4).zip(calls) {
                told.expect(n).await;
                assert!(told.is_empty(), "{way:?}: another is in flight");
                gate.add_permits(1);
                assert_eq!(call.await.unwrap().unwrap().count, n, "{way:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_gives_up_waiting_gives_up_its_place() {
    for layered in [false, true] {
        let (double, mut told, gate) = gated();
        let server = Server::new().add(double.skeleton());
        let world = World::server(Way::Tcp, server.max_concurrent_streams(1)).await;
        let mut builder = Channel::builder(&world.url);
        if layered {
            let through = |call, next: sinew::Next| async move { next.run(call).await };
            builder = builder.attempt_layer(sinew::from_fn(through));
        }
        let talk = talk::Client::new(builder.build().unwrap());
        let first = tokio::spawn(talk.once(Say::new("", 0)));
        told.expect(0).await;
        let call = talk.once(Say::new("", 1));
        let late = call.timeout(std::time::Duration::from_millis(20)).await;
        let late = late.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded);
        assert!(late.message().contains("a free stream"), "{late}");
        let third = tokio::spawn(talk.once(Say::new("", 2)));
        tokio::task::yield_now().await;
        gate.add_permits(2);
        first.await.unwrap().unwrap();
        told.expect(2).await;
        third.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn no_more_than_1024_calls_wait_for_a_stream() {
    let (double, mut told, gate) = gated();
    let server = Server::new().add(double.skeleton());
    let world = World::server(Way::Tcp, server.max_concurrent_streams(1)).await;
    let first = tokio::spawn(world.talk().once(Say::new("", 0)));
    told.expect(0).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..1030 {
        calls.spawn(world.talk().once(Say::default()));
    }
    for _ in 0..6 {
        let refused = calls.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused}");
        let says = refused
            .message()
            .contains("1024 calls wait for a free stream");
        assert!(says, "{refused}");
    }
    gate.add_permits(1025);
    first.await.unwrap().unwrap();
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
}

/// Never connects.
struct Never;

impl sinew::Connect for Never {
    type Io = sinew::Stream;

    async fn connect(&self, _: &sinew::Target) -> std::io::Result<sinew::Stream> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn no_more_than_1024_calls_wait_for_a_connection() {
    for (set, refused) in [(None, 6), (Some(1028), 2), (Some(0), 1030)] {
        calls_that_wait_for_a_connection(set, refused).await;
    }
}

async fn calls_that_wait_for_a_connection(set: Option<usize>, refused: usize) {
    let mut builder = Channel::builder("http://127.0.0.1:1").connector(Never);
    if let Some(set) = set {
        builder = builder.max_waiting(set);
    }
    let talk = talk::Client::new(builder.build().unwrap());
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..1030 {
        calls.spawn(talk.once(Say::default()));
    }
    for _ in 0..refused {
        let refused = calls.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused}");
        for says in [
            "wait for a connection to http://127.0.0.1:1 ",
            "max_waiting",
        ] {
            assert!(refused.message().contains(says), "{refused}");
        }
    }
    // Those that leave make room.
    calls.shutdown().await;
    if set == Some(0) {
        return;
    }
    let late = talk.once(Say::default());
    let late = late.timeout(std::time::Duration::from_millis(20)).await;
    assert_eq!(late.unwrap_err().code(), Code::DeadlineExceeded);
}

/// More callers than streams, and calls that end in every way: each waits its turn, and none is refused or forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_callers_than_streams_take_turns_for_ever() {
    let server = Server::new()
        .add(talk::server(Parrot))
        .max_concurrent_streams(4);
    let world = World::server(Way::Tcp, server).await;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..16 {
        let talk = world.talk();
        callers.spawn(async move {
            for n in 0..60 {
                let (mut out, mut heard) = talk.both().await.unwrap();
                out.send(Say::new("ping", n)).await.unwrap();
                assert_eq!(heard.next().await.unwrap(), Some(Say::new("ping", n)));
                if (caller + n) % 3 == 0 {
                    continue; // dropped in the middle
                }
                out.finish();
                assert_eq!(heard.next().await.unwrap(), None);
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

/// Callers that give up all at once do not take the connection along.
#[tokio::test]
async fn many_resets_at_once_cost_no_other_call() {
    let world = World::parrot(Way::Tcp).await;
    let talk = world.talk();
    talk.once(Say::new("warm", 0)).await.unwrap();
    for _ in 0..20 {
        let mut calls: Vec<_> = (0..200)
            .map(|n| Box::pin(talk.once(Say::new("gives up", n))))
            .collect();
        for call in &mut calls {
            let waker = std::task::Waker::noop();
            let _ = call
                .as_mut()
                .poll(&mut std::task::Context::from_waker(waker));
        }
        // The heads are sent, and reset in the same breath.
        drop(calls);
        talk.once(Say::new("stays", 0)).await.unwrap();
    }
}
