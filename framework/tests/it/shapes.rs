//! All four shapes over every transport, in good and in bad.

use sinew::Code;

use crate::talk::Say;
use crate::world::{WAYS, World};

#[tokio::test]
async fn one_message_each_way() {
    for way in WAYS {
        let world = World::parrot(way).await;
        for n in 0..20 {
            let reply = world.talk().once(Say::new("hello", n)).await.unwrap();
            assert_eq!(reply, Say::new("hello", n), "{way:?}");
        }
        let large = Say::new(&"x".repeat(3_000_000), 1);
        assert_eq!(world.talk().once(large.clone()).await.unwrap(), large);
        let status = world.talk().once(Say::new("", 0)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{way:?}");
        assert_eq!(status.message(), "say something");
        let status = world.talk().once(Say::new("panic", 0)).await.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "the handler panicked")
        );
        world.talk().once(Say::new("still there", 0)).await.unwrap();
    }
}

#[tokio::test]
async fn many_replies() {
    for way in WAYS {
        let world = World::parrot(way).await;
        let mut replies = world.talk().down(Say::new("n", 5000)).await.unwrap();
        assert_eq!(
            replies.headers().await.unwrap().get("x-head"),
            Some("before")
        );
        for n in 0..5000 {
            assert_eq!(
                replies.next().await.unwrap(),
                Some(Say::new("n", n)),
                "{way:?}"
            );
        }
        assert_eq!(replies.next().await.unwrap(), None);
        assert_eq!(
            replies.next().await.unwrap(),
            None,
            "an ended stream stays ended"
        );
        assert_eq!(replies.trailers().get("x-tail"), Some("behind"));
    }
}

#[tokio::test]
async fn a_stream_that_fails_gives_its_messages_first() {
    for way in WAYS {
        for (count, text, code) in [
            (0, "fail", Code::DataLoss),
            (3, "fail", Code::DataLoss),
            (0, "panic", Code::Internal),
            (3, "panic", Code::Internal),
        ] {
            let world = World::parrot(way).await;
            let mut replies = world.talk().down(Say::new(text, count)).await.unwrap();
            for n in 0..count {
                assert_eq!(
                    replies.next().await.unwrap(),
                    Some(Say::new(text, n)),
                    "{way:?}"
                );
            }
            let status = replies.next().await.unwrap_err();
            assert_eq!(status.code(), code, "{way:?} {text} {count}");
            assert_eq!(replies.next().await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn many_requests() {
    for way in WAYS {
        let world = World::parrot(way).await;
        let (mut out, reply) = world.talk().up().await.unwrap();
        for n in 0..1000 {
            out.send(Say::new("x", n)).await.unwrap();
        }
        out.finish();
        let reply = reply.await.unwrap();
        assert_eq!(reply, Say::new(&"x".repeat(1000), 499_500), "{way:?}");
    }
}

#[tokio::test]
async fn messages_both_ways() {
    for way in WAYS {
        let world = World::parrot(way).await;
        let (mut out, mut heard) = world.talk().both().await.unwrap();
        for n in 0..100 {
            out.send(Say::new("ping", n)).await.unwrap();
            assert_eq!(
                heard.next().await.unwrap(),
                Some(Say::new("ping", n)),
                "{way:?}"
            );
        }
        out.finish();
        assert_eq!(heard.next().await.unwrap(), None);
    }
}
