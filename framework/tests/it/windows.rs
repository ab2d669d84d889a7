//! Streams that nobody reads: they hold their own window, and never another call's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::double::Double;
use crate::talk::Say;
use crate::world::{Way, World};

/// More than a connection of the first version could hold unread, at its 4 MiB.
const STREAMS: usize = 8;

/// So many round trips without one more message: every stream has come to a stop.
const STILL: u32 = 20;

fn large() -> Say {
    Say::new(&"x".repeat(100_000), 0)
}

/// Calls `once` until the streams, which count what they send in `sent`, have come to a stop.
async fn answers_while_streams_fill(world: &World, sent: &AtomicU32) {
    let mut before = 0;
    let mut still = 0;
    while still < STILL {
        let call = world.talk().once(Say::new("still there", 1));
        let said = call.timeout(Duration::from_secs(5)).await;
        assert_eq!(said.unwrap(), Say::new("still there", 1));
        let now = sent.load(Ordering::Relaxed);
        still = if now > 0 && now == before {
            still + 1
        } else {
            0
        };
        before = now;
    }
    // Each has more on its way than half of the window of one stream.
    assert!(before as usize >= 2 * STREAMS, "{before} messages");
}

#[tokio::test]
async fn streams_that_the_server_does_not_read_starve_no_other_call() {
    let double = Double::default()
        .once(|_, req| Box::pin(async move { Ok(req) }))
        .up(|_, rx| {
            Box::pin(async move {
                let _unread = rx;
                std::future::pending().await
            })
        });
    let world = World::of(Way::Tcp, double.skeleton()).await;
    let sent = Arc::new(AtomicU32::new(0));
    let mut streams = tokio::task::JoinSet::new();
    for _ in 0..STREAMS {
        let (mut out, reply) = world.talk().up().await.unwrap();
        let sent = Arc::clone(&sent);
        streams.spawn(async move {
            let _reply = reply;
            while out.send(large()).await.is_ok() {
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    answers_while_streams_fill(&world, &sent).await;
    assert!(streams.try_join_next().is_none(), "a stream has ended");
}

#[tokio::test]
async fn streams_that_the_client_does_not_read_starve_no_other_call() {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    let double = Double::default()
        .once(|_, req| Box::pin(async move { Ok(req) }))
        .down(move |_, _, out| {
            let sent = Arc::clone(&count);
            Box::pin(async move {
                loop {
                    out.send(large()).await?;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
    let world = World::of(Way::Tcp, double.skeleton()).await;
    let mut unread = Vec::new();
    for _ in 0..STREAMS {
        unread.push(world.talk().down(Say::default()).await.unwrap());
    }
    answers_while_streams_fill(&world, &sent).await;
    // They were only waiting.
    for mut stream in unread {
        for _ in 0..20 {
            assert_eq!(stream.next().await.unwrap(), Some(large()));
        }
    }
}
