//! What is left when somebody goes away: nothing, on either side.

use std::sync::Arc;

use sinew::observe::{Recorder, Side};
use sinew::{Channel, Code, Server};

use crate::double::{Double, Events, events};
use crate::talk::{Say, talk};
use crate::world::{WAYS, Way, World};

/// A service whose handlers tell when they begin and when they are dropped, and never end by themselves.
fn endless() -> (Double, Events<String>) {
    let (tell, told) = events();
    let at = move |name: &str| {
        tell.tell(format!("{name} begins"));
        tell.at_drop(format!("{name} ends"))
    };
    let (once, down, up, both) = (at.clone(), at.clone(), at.clone(), at);
    let double = Double::default()
        .once(move |_, _| {
            let ends = once("once");
            Box::pin(async move {
                let _ends = ends;
                std::future::pending().await
            })
        })
        .down(move |_, req, out| {
            let ends = down("down");
            Box::pin(async move {
                let _ends = ends;
                for n in 0..req.count {
                    out.send(Say::new("", n)).await?;
                }
                std::future::pending().await
            })
        })
        .up(move |_, mut rx| {
            let ends = up("up");
            Box::pin(async move {
                let _ends = ends;
                while rx.next().await?.is_some() {}
                std::future::pending().await
            })
        })
        .both(move |_, mut rx, out| {
            let ends = both("both");
            Box::pin(async move {
                let _ends = ends;
                while let Some(say) = rx.next().await? {
                    out.send(say).await?;
                }
                std::future::pending().await
            })
        });
    (double, told)
}

/// A world of which everything is counted.
async fn counted(way: Way, double: Double) -> (World, talk::Client, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let server = Server::new()
        .add(double.skeleton())
        .metrics(Arc::clone(&recorder) as _);
    if way == Way::InProcess {
        let channel = Channel::builder("http://unused:1")
            .metrics(Arc::clone(&recorder) as _)
            .build_in_process(server);
        let world = World::over(channel.clone());
        return (world, talk::Client::new(channel), recorder);
    }
    let world = World::server(way, server).await;
    let channel = Channel::builder(&world.url)
        .metrics(Arc::clone(&recorder) as _)
        .build()
        .unwrap();
    (world, talk::Client::new(channel), recorder)
}

/// Waits until nothing is in flight, which the dropping of a handler precedes by a poll or two.
async fn quiet(recorder: &Recorder) {
    for side in [Side::Client, Side::Server] {
        for _ in 0..100_000 {
            if recorder.in_flight(side) == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(recorder.in_flight(side), 0, "{side:?}");
    }
}

#[tokio::test]
async fn dropping_a_unary_call_drops_its_handler() {
    for way in WAYS {
        let (double, mut told) = endless();
        let (_world, talk, recorder) = counted(way, double).await;
        let call = talk.once(Say::default());
        let call = tokio::spawn(call);
        told.expect("once begins".into()).await;
        assert_eq!(recorder.in_flight(Side::Client), 1);
        assert_eq!(recorder.in_flight(Side::Server), 1);
        call.abort();
        told.expect("once ends".into()).await;
        quiet(&recorder).await;
        for side in [Side::Client, Side::Server] {
            let cancelled = recorder.ended(side, "test.v1.Talk/Once", Code::Cancelled);
            assert_eq!(cancelled, 1, "{way:?} {side:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_is_never_polled_is_never_made() {
    for way in WAYS {
        let (double, mut told) = endless();
        let (_world, talk, recorder) = counted(way, double).await;
        drop(talk.once(Say::default()));
        drop(talk.both());
        assert!(told.is_empty());
        assert!(recorder.lines().is_empty());
    }
}

#[tokio::test]
async fn dropping_a_stream_of_replies_drops_its_handler() {
    for way in WAYS {
        // Before a reply, after one, and while the handler waits for room.
        for (count, taken) in [(0, 0), (1, 1), (10, 1), (100_000, 1)] {
            let (double, mut told) = endless();
            let (_world, talk, recorder) = counted(way, double).await;
            let mut replies = talk.down(Say::new("", count)).await.unwrap();
            told.expect("down begins".into()).await;
            for n in 0..taken {
                assert_eq!(replies.next().await.unwrap().unwrap().count, n);
            }
            drop(replies);
            told.expect("down ends".into()).await;
            quiet(&recorder).await;
            for side in [Side::Client, Side::Server] {
                let cancelled = recorder.ended(side, "test.v1.Talk/Down", Code::Cancelled);
                assert_eq!(cancelled, 1, "{way:?} {side:?} {count} {taken}");
            }
        }
    }
}

#[tokio::test]
async fn dropping_either_half_of_a_call_cancels_it() {
    for way in WAYS {
        let (double, mut told) = endless();
        let (_world, talk, recorder) = counted(way, double).await;

        let (mut out, reply) = talk.up().await.unwrap();
        out.send(Say::default()).await.unwrap();
        told.expect("up begins".into()).await;
        drop(out);
        told.expect("up ends".into()).await;
        let cancelled = reply.await.unwrap_err();
        assert_eq!(cancelled.code(), Code::Cancelled, "{way:?} {cancelled}");

        let (mut out, reply) = talk.up().await.unwrap();
        out.send(Say::default()).await.unwrap();
        told.expect("up begins".into()).await;
        drop(reply);
        told.expect("up ends".into()).await;
        let cancelled = until_it_fails(&mut out).await;
        assert_eq!(cancelled.code(), Code::Cancelled, "{way:?} {cancelled}");

        let (mut out, mut heard) = talk.both().await.unwrap();
        out.send(Say::new("a", 1)).await.unwrap();
        assert_eq!(heard.next().await.unwrap(), Some(Say::new("a", 1)));
        told.expect("both begins".into()).await;
        drop(out);
        told.expect("both ends".into()).await;
        let cancelled = heard.next().await.unwrap_err();
        assert_eq!(cancelled.code(), Code::Cancelled, "{way:?} {cancelled}");

        let (mut out, mut heard) = talk.both().await.unwrap();
        out.send(Say::new("a", 1)).await.unwrap();
        assert_eq!(heard.next().await.unwrap(), Some(Say::new("a", 1)));
        told.expect("both begins".into()).await;
        drop(heard);
        told.expect("both ends".into()).await;
        let cancelled = until_it_fails(&mut out).await;
        assert_eq!(cancelled.code(), Code::Cancelled, "{way:?} {cancelled}");
        quiet(&recorder).await;
    }
}

async fn until_it_fails(out: &mut sinew::Outbound<Say>) -> sinew::Status {
    loop {
        if let Err(status) = out.send(Say::default()).await {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn finishing_the_sending_half_cancels_nothing() {
    for way in WAYS {
        let (double, mut told) = endless();
        let (_world, talk, recorder) = counted(way, double).await;
        let (out, reply) = talk.up().await.unwrap();
        out.finish();
        told.expect("up begins".into()).await;
        assert_eq!(recorder.in_flight(Side::Server), 1, "{way:?}");
        assert!(told.is_empty());
        drop(reply);
        told.expect("up ends".into()).await;
        quiet(&recorder).await;
    }
}

/// A handler that waits for something else is dropped too, and a task that it gave its requests to sees them break.
#[tokio::test]
async fn a_handler_need_not_look_to_be_cancelled() {
    for way in WAYS {
        let (tell, mut told) = events();
        let double = Double::default().up(move |_, mut rx| {
            let tell = tell.clone();
            Box::pin(async move {
                rx.next().await?;
                let _ends = tell.at_drop(None);
                tell.tell(Some(Ok(true)));
                tokio::spawn(async move {
                    let next = rx.next().await;
                    tell.tell(Some(next.map(|m| m.is_some()).map_err(|s| s.code())));
                });
                std::future::pending().await
            })
        });
        let (_world, talk, recorder) = counted(way, double).await;
        let (mut out, reply) = talk.up().await.unwrap();
        out.send(Say::default()).await.unwrap();
        told.expect(Some(Ok(true))).await;
        drop(out);
        assert_eq!(reply.await.unwrap_err().code(), Code::Cancelled, "{way:?}");
        let both = [told.next().await, told.next().await];
        assert!(both.contains(&None), "{way:?}: {both:?}");
        assert!(
            both.contains(&Some(Err(Code::Cancelled))),
            "{way:?}: {both:?}"
        );
        quiet(&recorder).await;
    }
}

#[tokio::test]
async fn calls_in_flight_are_told_when_their_server_is_cut_off() {
    for way in [Way::Tcp, Way::Unix] {
        let (double, mut told) = endless();
        let (mut world, talk, recorder) = counted(way, double).await;
        let once = tokio::spawn(talk.once(Say::default()));
        told.expect("once begins".into()).await;
        let mut down = talk.down(Say::new("", 1)).await.unwrap();
        down.next().await.unwrap().unwrap();
        told.expect("down begins".into()).await;
        let (mut out, mut heard) = talk.both().await.unwrap();
        out.send(Say::default()).await.unwrap();
        heard.next().await.unwrap().unwrap();
        told.expect("both begins".into()).await;
        world.cut_off().await;
        for status in [
            once.await.unwrap().unwrap_err(),
            down.next().await.unwrap_err(),
            heard.next().await.unwrap_err(),
            until_it_fails(&mut out).await,
        ] {
            let gone = [Code::Unavailable, Code::Cancelled].contains(&status.code());
            assert!(gone, "{way:?} {status}");
        }
        let mut ends = [told.next().await, told.next().await, told.next().await];
        ends.sort_unstable();
        assert_eq!(ends, ["both ends", "down ends", "once ends"], "{way:?}");
        drop((down, heard, out));
        quiet(&recorder).await;
    }
}

#[tokio::test]
async fn many_calls_dropped_at_once_leave_room_for_the_next() {
    for way in WAYS {
        let (double, mut told) = endless();
        let recorder = Arc::new(Recorder::default());
        let server = Server::new()
            .add(double.skeleton())
            .max_concurrent_streams(8)
            .metrics(Arc::clone(&recorder) as _);
        let world = World::server(way, server).await;
        for _ in 0..5 {
            let calls: Vec<_> = (0..8)
                .map(|_| tokio::spawn(world.talk().once(Say::default())))
                .collect();
            for _ in 0..8 {
                told.expect("once begins".into()).await;
            }
            calls.iter().for_each(|call| call.abort());
            for _ in 0..8 {
                told.expect("once ends".into()).await;
            }
        }
        quiet(&recorder).await;
    }
}
