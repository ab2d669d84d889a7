//! How much may travel beside messages: up to its limit it arrives, above it its call fails, and no other one does.

use sinew::details::LocalizedMessage;
use sinew::{Channel, Code, Metadata, Status};

use crate::double::Double;
use crate::talk::{Say, talk};
use crate::world::{WAYS, Way, World};

/// The size of one field whose key has five bytes, as RFC 9113 counts it.
const FIELD: usize = 5 + 32;

/// What the protocol adds to a block at most, in these tests.
const OWN: usize = 512;

const LIMIT: usize = 64 * 1024;

fn put(metadata: &mut Metadata, say: &Say) {
    let text = if say.text.contains("rare") { "\\" } else { "x" };
    metadata.insert("x-big", text.repeat(say.count as usize));
}

/// Sends as many bytes as it is asked for, in the place that it is told; says who asked.
fn sender() -> Double {
    Double::default()
        .once(|cx, req| {
            let peer = cx.peer().to_string();
            Box::pin(async move {
                if req.text.contains("head") {
                    put(&mut cx.reply_metadata(), &req);
                }
                if req.text.contains("tail") {
                    put(&mut cx.reply_trailers(), &req);
                }
                if req.text.contains("said") {
                    let text = "x".repeat(req.count as usize);
                    let failed = Status::aborted("told to");
                    return Err(failed.with_detail(LocalizedMessage::new("en", text)));
                }
                if req.text.contains("fail") {
                    return Err(Status::aborted("told to"));
                }
                Ok(Say::new(&peer, 0))
            })
        })
        .down(|cx, req, out| {
            Box::pin(async move {
                if req.text.contains("head") {
                    put(&mut cx.reply_metadata(), &req);
                }
                if req.text.contains("tail") {
                    put(&mut cx.reply_trailers(), &req);
                }
                out.send(Say::default()).await?;
                if req.text.contains("fail") {
                    return Err(Status::aborted("told to"));
                }
                Ok(())
            })
        })
}

async fn down(world: &World, say: Say) -> Result<(), Status> {
    let mut down = world.talk().down(say).await?;
    while down.next().await?.is_some() {}
    Ok(())
}

/// What it says when there is too much.
fn refused(status: &Status, context: &str) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{context} {status}");
    for part in ["x-big", "over the limit of", "send less"] {
        let says = status.message().contains(part);
        assert!(says, "{context}: {status} has no {part:?}");
    }
}

#[tokio::test]
async fn metadata_over_64_kib_fail_their_call_and_leave_the_connection() {
    for way in WAYS {
        let world = World::of(way, sender().skeleton()).await;
        let peer = world.talk().once(Say::default()).await.unwrap();
        for (len, fits) in [
            (20_000, true),
            (LIMIT - FIELD - OWN, true),
            (LIMIT - FIELD + 1, false),
            (10 * LIMIT, false),
        ] {
            let context = format!("{way:?} {len}");
            let metadata = "x".repeat(len);
            let once = world.talk().once(Say::default());
            let once = once.metadata("x-big", metadata.as_str()).await.map(drop);
            let stream = world.talk().down(Say::default());
            let stream = stream.metadata("x-big", metadata.as_str());
            let stream = async {
                let mut stream = stream.await?;
                while stream.next().await?.is_some() {}
                Ok(())
            };
            for sent in [once, stream.await] {
                match sent {
                    Ok(()) => assert!(fits, "{context}"),
                    Err(status) if !fits => {
                        refused(&status, &context);
                        let limit = status.message().contains("65536 bytes");
                        assert!(limit, "{context} {status}");
                    }
                    Err(status) => panic!("{context} {status}"),
                }
            }
            for place in ["head", "tail"] {
                let say = Say::new(place, len as u32);
                let once = world.talk().once(say.clone()).await.map(drop);
                for sent in [once, down(&world, say).await] {
                    match sent {
                        Ok(()) => assert!(fits, "{context} {place}"),
                        Err(status) if !fits => refused(&status, &format!("{context} {place}")),
                        Err(status) => panic!("{context} {place}: {status}"),
                    }
                }
            }
            let after = world.talk().once(Say::default()).await.unwrap();
            assert_eq!(after, peer, "{context}: it is another connection");
        }
    }
}

/// HPACK makes some characters longer, and a block of too many frames costs the connection.
#[tokio::test]
async fn rare_characters_do_not_cost_the_connection() {
    for way in [Way::Tcp, Way::Unix] {
        let world = World::of(way, sender().skeleton()).await;
        let peer = world.talk().once(Say::default()).await.unwrap();
        for (len, fits) in [(20_000, true), (40_000, true), (60_000, false)] {
            let context = format!("{way:?} {len}");
            let call = world.talk().once(Say::default());
            let sent = call.metadata("x-big", "\\".repeat(len)).await.map(drop);
            let replied = world.talk().once(Say::new("head rare", len as u32)).await;
            for result in [sent, replied.map(drop)] {
                match result {
                    Ok(()) => assert!(fits, "{context}"),
                    Err(status) if !fits => refused(&status, &context),
                    Err(status) => panic!("{context} {status}"),
                }
            }
            let after = world.talk().once(Say::default()).await.unwrap();
            assert_eq!(after, peer, "{context}: it is another connection");
        }
    }
}

/// A peer that takes 16 KiB, as hyper does by default.
#[tokio::test]
async fn a_peer_that_takes_less_refuses_the_call_alone() {
    let addr = crate::peer::http2(|_| crate::peer::status(503)).await;
    let channel = Channel::to(&format!("http://{addr}")).unwrap();
    for (len, code) in [
        (10_000, Code::Unavailable),
        (20_000, Code::ResourceExhausted),
        (LIMIT - FIELD - OWN, Code::ResourceExhausted),
        (10_000, Code::Unavailable),
    ] {
        let call = talk::Client::new(channel.clone()).once(Say::default());
        let status = call.metadata("x-big", "x".repeat(len)).await.unwrap_err();
        assert_eq!(status.code(), code, "{len} {status}");
        if code == Code::ResourceExhausted {
            let says = "the peer refused the size of the headers";
            assert!(status.message().contains(says), "{len} {status}");
        } else {
            assert!(status.message().contains("503"), "{len} {status}");
        }
    }
}

#[tokio::test]
async fn a_call_that_failed_keeps_its_status_without_metadata_that_are_too_large() {
    for way in WAYS {
        let world = World::of(way, sender().skeleton()).await;
        for place in ["head fail", "tail fail"] {
            let say = Say::new(place, 70_000);
            let once = world.talk().once(say.clone()).await.unwrap_err();
            let told = (once.code(), once.message());
            assert_eq!(told, (Code::Aborted, "told to"), "{way:?} {place}");
            if place.starts_with("tail") {
                let down = down(&world, say).await.unwrap_err();
                let told = (down.code(), down.message());
                assert_eq!(told, (Code::Aborted, "told to"), "{way:?} {place}");
            }
        }
    }
}

#[tokio::test]
async fn details_that_do_not_fit_are_left_out() {
    for way in WAYS {
        let world = World::of(way, sender().skeleton()).await;
        let peer = world.talk().once(Say::default()).await.unwrap();
        for (len, details) in [(48_000, 1), (49_000, 0), (1_000_000, 0)] {
            let call = world.talk().once(Say::new("said", len));
            let status = call.await.unwrap_err();
            let told = (status.code(), status.message(), status.details().len());
            assert_eq!(told, (Code::Aborted, "told to", details), "{way:?} {len}");
        }
        let after = world.talk().once(Say::default()).await.unwrap();
        assert_eq!(after, peer, "{way:?}: it is another connection");
    }
}
