//! What travels beside the messages: keys and values both ways, and the facts of a connection.

use std::collections::BTreeSet;

use http::HeaderValue;
use sinew::{Channel, Code, Context, Status};

use crate::double::{Double, events};
use crate::talk::{Say, talk};
use crate::world::{WAYS, Way, World};

/// Gives everything back that came, in the reply's metadata and in its trailers, and then ends as it is told.
fn mirror() -> Double {
    fn reflect(cx: &Context) {
        for key in ["x-one", "x-many"] {
            for value in cx.metadata().get_all(key) {
                cx.reply_metadata().append(key, value);
                cx.reply_trailers().append(&format!("{key}-after"), value);
            }
        }
        for value in cx.metadata().get_all_bin("x-raw-bin") {
            cx.reply_metadata().append_bin("x-raw-bin", &value);
            cx.reply_trailers().append_bin("x-raw-after-bin", &value);
        }
    }
    fn end(req: &Say) -> Result<(), Status> {
        match req.text.as_str() {
            "fail" => Err(Status::aborted("told to")),
            _ => Ok(()),
        }
    }
    Double::default()
        .once(|cx, req| {
            Box::pin(async move {
                reflect(cx);
                end(&req).map(|()| req)
            })
        })
        .down(|cx, req, out| {
            Box::pin(async move {
                reflect(cx);
                for n in 0..req.count {
                    out.send(Say::new("", n)).await?;
                }
                end(&req)
            })
        })
        .up(|cx, mut rx| {
            Box::pin(async move {
                reflect(cx);
                let mut last = Say::default();
                while let Some(say) = rx.next().await? {
                    last = say;
                }
                end(&last).map(|()| last)
            })
        })
}

const RAW: [&[u8]; 3] = [&[0, 255, 13, 10], &[], b"text"];

fn send<R>(call: sinew::Call<R>) -> sinew::Call<R> {
    let call = call
        .metadata("x-one", "a value with spaces, and a comma")
        .metadata("X-Many", "1")
        .metadata("x-many", 2);
    RAW.iter()
        .fold(call, |call, raw| call.metadata_bin("x-raw-bin", raw))
}

fn check(metadata: &sinew::Metadata, after: bool, context: &str) {
    let after = if after { "-after" } else { "" };
    let key = |name: &str| format!("{name}{after}");
    let one = metadata.get(&key("x-one"));
    assert_eq!(one, Some("a value with spaces, and a comma"), "{context}");
    let many: Vec<&str> = metadata.get_all(&key("x-many")).collect();
    assert_eq!(many, ["1", "2"], "{context}");
    let raw: Vec<_> = metadata.get_all_bin(&format!("x-raw{after}-bin")).collect();
    assert_eq!(raw, RAW, "{context}");
    assert_eq!(metadata.iter().count(), 6, "{context}: {metadata:?}");
}

#[tokio::test]
async fn text_and_bytes_travel_both_ways_whatever_the_end() {
    for way in WAYS {
        let world = World::of(way, mirror().skeleton()).await;
        let talk = world.talk();
        for end in ["", "fail"] {
            let context = format!("{way:?} {end:?}");
            let once = send(talk.once(Say::new(end, 0))).with_response().await;
            match once {
                Ok(reply) => {
                    check(&reply.metadata, false, &context);
                    check(&reply.trailers, true, &context);
                }
                Err(status) => {
                    assert_eq!(status.code(), Code::Aborted);
                    check(status.metadata(), false, &context);
                    check(status.trailers(), true, &context);
                }
            }
            let (mut out, reply) = send(talk.up()).await.unwrap();
            out.send(Say::new(end, 0)).await.unwrap();
            out.finish();
            match reply.with_response().await {
                Ok(reply) => {
                    check(&reply.metadata, false, &context);
                    check(&reply.trailers, true, &context);
                }
                Err(status) => {
                    check(status.metadata(), false, &context);
                    check(status.trailers(), true, &context);
                }
            }
            for count in [0, 2] {
                let context = format!("{context} {count} messages");
                let call = talk.down(Say::new(end, count));
                let mut replies = send(call).await.unwrap();
                let last = loop {
                    match replies.next().await {
                        Ok(Some(_)) => {}
                        Ok(None) => break None,
                        Err(status) => break Some(status),
                    }
                };
                check(replies.headers().await.unwrap(), false, &context);
                let trailers = last.as_ref().map_or(replies.trailers(), Status::trailers);
                check(trailers, true, &context);
                assert_eq!(last.is_some(), end == "fail");
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_sent_fails_the_call_and_is_named() {
    let (tell, mut told) = events();
    for way in WAYS {
        let tell = tell.clone();
        let double = Double::default().once(move |_, req| {
            tell.tell(());
            Box::pin(async move { Ok(req) })
        });
        let world = World::of(way, double.skeleton()).await;
        for (key, value) in [
            ("white space", "v"),
            ("", "v"),
            ("grpc-timeout", "1S"),
            ("te", "trailers"),
            ("content-type", "text/html"),
            (":path", "/"),
            ("x-raw-bin", "text"),
            ("x-tab", "a\tb"),
        ] {
            let call = world.talk().once(Say::default()).metadata(key, value);
            let status = call.await.unwrap_err();
            assert_eq!(status.code(), Code::Internal, "{way:?} {key:?}");
            let named = status.message().contains(&format!("{key:?}"));
            assert!(named, "{way:?} {key:?}: {status}");
        }
        let call = world
            .talk()
            .once(Say::default())
            .metadata_bin("x-text", [1]);
        let status = call.await.unwrap_err();
        assert!(status.message().contains("\"x-text\""), "{way:?} {status}");
        let mut stream = world.talk().down(Say::default()).metadata("a b", "c");
        let status = (&mut stream).await.unwrap_err();
        assert!(status.message().contains("\"a b\""), "{way:?} {status}");
        assert!(told.is_empty(), "a call was sent");
    }
}

#[tokio::test]
async fn what_a_handler_cannot_send_fails_its_call_and_is_named() {
    for way in WAYS {
        let double = Double::default()
            .once(|cx, req| {
                Box::pin(async move {
                    match req.text.as_str() {
                        "head" => cx.reply_metadata().insert("a b", "c"),
                        _ => cx.reply_trailers().insert("a b", "c"),
                    }
                    Ok(req)
                })
            })
            .down(|cx, req, out| {
                Box::pin(async move {
                    match req.text.as_str() {
                        "head" => cx.reply_metadata().insert("a b", "c"),
                        _ => cx.reply_trailers().insert("a b", "c"),
                    }
                    out.send(req).await
                })
            });
        let world = World::of(way, double.skeleton()).await;
        for place in ["head", "tail"] {
            let once = world.talk().once(Say::new(place, 0)).await.unwrap_err();
            let mut down = world.talk().down(Say::new(place, 0)).await.unwrap();
            let down = loop {
                match down.next().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("{way:?} {place}: it was sent"),
                    Err(status) => break status,
                }
            };
            for status in [once, down] {
                assert_eq!(status.code(), Code::Internal, "{way:?} {place}");
                let named = status.message().contains("\"a b\"");
                assert!(named, "{way:?} {place}: {status}");
            }
        }
    }
}

/// Names of the protocol are on the wire and not in the metadata of either side.
#[tokio::test]
async fn the_protocols_own_names_are_not_seen() {
    for way in WAYS {
        let double = Double::default().once(|cx, _| {
            Box::pin(async move {
                let names: BTreeSet<&str> = cx.metadata().iter().map(|(name, _)| name).collect();
                let names: Vec<&str> = names.into_iter().collect();
                Ok(Say::new(&names.join(" "), 0))
            })
        });
        let world = World::of(way, double.skeleton()).await;
        let call = world.talk().once(Say::default()).metadata("x-mine", "1");
        let reply = call.with_response().await.unwrap();
        let want = match way {
            Way::InProcess => "x-mine",
            _ => "user-agent x-mine",
        };
        assert_eq!(reply.message.text, want, "{way:?}");
        assert!(reply.metadata.is_empty(), "{:?}", reply.metadata);
        assert!(reply.trailers.is_empty(), "{:?}", reply.trailers);
    }
}

#[tokio::test]
async fn a_caller_says_who_it_is() {
    for way in [Way::Tcp, Way::Unix] {
        let double = Double::default().once(|cx, _| {
            let agent = cx.metadata().get("user-agent").unwrap_or("none").to_owned();
            Box::pin(async move { Ok(Say::new(&agent, 0)) })
        });
        let world = World::of(way, double.skeleton()).await;
        let own = concat!("sinew/", env!("CARGO_PKG_VERSION"));
        assert_eq!(world.talk().once(Say::default()).await.unwrap().text, own);
        let channel = Channel::builder(&world.url)
            .user_agent(HeaderValue::from_static("cart/7"))
            .build()
            .unwrap();
        let talk = talk::Client::new(channel);
        assert_eq!(talk.once(Say::default()).await.unwrap().text, "cart/7");
        let call = talk.once(Say::default()).metadata("user-agent", "mine/1");
        assert_eq!(call.await.unwrap().text, "mine/1");
    }
}

#[tokio::test]
async fn a_handler_knows_its_peer() {
    for way in WAYS {
        let double = Double::default().once(|cx, _| {
            let peer = cx.peer().clone();
            assert_eq!(peer.is_in_process(), peer.to_string() == "in-process");
            let ip = peer.addr().map(|addr| addr.ip().to_string());
            let text = ip.unwrap_or_else(|| peer.to_string());
            Box::pin(async move { Ok(Say::new(&text, 0)) })
        });
        let world = World::of(way, double.skeleton()).await;
        let want = match way {
            Way::Tcp => "127.0.0.1",
            Way::Unix => "unix:",
            Way::InProcess => "in-process",
        };
        assert_eq!(world.talk().once(Say::default()).await.unwrap().text, want);
    }
}

/// As a server that is not ours sees it.
#[tokio::test]
async fn the_authority_is_the_urls_unless_another_is_set() {
    let (tell, mut told) = events();
    let addr = crate::peer::http2(move |request| {
        tell.tell(request.uri().authority().map(ToString::to_string));
        crate::peer::status(503)
    })
    .await;
    let url = format!("http://{addr}");
    let plain = Channel::to(&url).unwrap();
    let named = Channel::builder(&url)
        .authority("cart.internal:1".parse().unwrap())
        .build()
        .unwrap();
    for (channel, want) in [(plain, addr.to_string()), (named, "cart.internal:1".into())] {
        let call = talk::Client::new(channel).once(Say::default());
        assert_eq!(call.await.unwrap_err().code(), Code::Unavailable);
        told.expect(Some(want)).await;
    }
}
