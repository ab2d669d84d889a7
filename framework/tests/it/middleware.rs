//! Layers of every size, on both sides and at each seam: where they stand, what they see, and what they may do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sinew::observe::{Recorder, Side};
use sinew::{Channel, Code, Next, RawCall, RawReply, Server, Status, code_of, from_fn};
use tokio::sync::Semaphore;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

use crate::double::{Double, Tell, events};
use crate::talk::{Say, talk};
use crate::world::{Parrot, WAYS, Way, World};

/// A layer that tells when a call comes by, and when its reply does.
macro_rules! traced {
    ($name:expr, $tell:expr) => {{
        let tell: Tell<String> = $tell.clone();
        let name: &'static str = $name;
        from_fn(move |call: RawCall, next: Next| {
            let tell = tell.clone();
            async move {
                tell.tell(format!("{name} {}", call.method().name()));
                let reply = next.run(call).await;
                tell.tell(format!("{name} {}", code_of(&reply)));
                reply
            }
        })
    }};
}

/// The channel of a world over `way` to `server`, set up by `f`.
async fn channel(
    way: Way,
    server: Server,
    f: impl FnOnce(sinew::ChannelBuilder) -> sinew::ChannelBuilder,
) -> (World, talk::Client) {
    if way == Way::InProcess {
        let channel = f(Channel::builder("http://unused:1")).build_in_process(server);
        return (World::over(channel.clone()), talk::Client::new(channel));
    }
    let world = World::server(way, server).await;
    let channel = f(Channel::builder(&world.url)).build().unwrap();
    (world, talk::Client::new(channel))
}

#[tokio::test]
async fn the_first_layer_added_is_the_outermost() {
    for way in WAYS {
        let (tell, mut told) = events();
        let (of_server, of_channel) = (tell.clone(), tell.clone());
        let skeleton = talk::server(Parrot)
            .layer(traced!("service 1", tell))
            .layer(traced!("service 2", tell));
        let server = Server::new()
            .layer(traced!("server 1", tell))
            .on_call(move |_| {
                of_server.tell("server on_call".into());
                Ok(())
            })
            .layer(traced!("server 2", tell))
            .add(skeleton);
        let (_world, talk) = channel(way, server, |c| {
            c.layer(traced!("channel 1", tell))
                .attempt_layer(traced!("attempt 1", tell))
                .on_call(move |_| {
                    of_channel.tell("channel on_call".into());
                    Ok(())
                })
                .layer(traced!("channel 2", tell))
                .attempt_layer(traced!("attempt 2", tell))
        })
        .await;
        for (text, code) in [("a", "OK"), ("", "INVALID_ARGUMENT")] {
            let _ = talk.once(Say::new(text, 0)).await;
            let inward = [
                "channel 1",
                "channel 2",
                "attempt 1",
                "attempt 2",
                "server 1",
                "server 2",
                "service 1",
                "service 2",
            ];
            for name in inward {
                match name {
                    "attempt 1" => told.expect("channel on_call".into()).await,
                    "server 1" => told.expect("server on_call".into()).await,
                    _ => {}
                }
                told.expect(format!("{name} Once")).await;
            }
            for name in inward.iter().rev() {
                told.expect(format!("{name} {code}")).await;
            }
        }
        assert!(told.is_empty());
    }
}

#[tokio::test]
async fn layers_see_every_shape_and_streams_pass_through_them() {
    for way in WAYS {
        let (tell, mut told) = events();
        let server = Server::new()
            .layer(traced!("server", tell))
            .add(talk::server(Parrot).layer(traced!("service", tell)));
        let (_world, talk) = channel(way, server, |c| {
            c.layer(traced!("channel", tell))
                .attempt_layer(traced!("attempt", tell))
        })
        .await;
        let mut down = talk.down(Say::new("n", 3)).await.unwrap();
        for n in 0..3 {
            assert_eq!(down.next().await.unwrap(), Some(Say::new("n", n)));
        }
        assert_eq!(down.next().await.unwrap(), None);
        assert_eq!(down.trailers().get("x-tail"), Some("behind"));
        let (mut out, reply) = talk.up().await.unwrap();
        out.send(Say::new("a", 1)).await.unwrap();
        out.finish();
        assert_eq!(reply.await.unwrap(), Say::new("a", 1));
        let (mut out, mut heard) = talk.both().await.unwrap();
        out.send(Say::new("a", 1)).await.unwrap();
        assert_eq!(heard.next().await.unwrap(), Some(Say::new("a", 1)));
        drop((out, heard));
        let mut seen = Vec::new();
        for _ in 0..4 * 3 * 2 {
            seen.push(told.next().await);
        }
        for name in ["channel", "attempt", "server", "service"] {
            for method in ["Down", "Up", "Both"] {
                let want = format!("{name} {method}");
                assert!(seen.contains(&want), "{way:?}: {seen:?} has no {want}");
            }
        }
    }
}

#[tokio::test]
async fn a_layer_changes_calls_and_replies() {
    for way in WAYS {
        let double = Double::default().once(|cx, req| {
            let user = cx.extensions().get::<User>().cloned();
            let tenant = cx.metadata().get("x-tenant").unwrap_or("none").to_owned();
            Box::pin(async move {
                let user = user.ok_or_else(|| Status::unauthenticated("who?"))?;
                Ok(Say::new(&format!("{}@{tenant}", user.0), req.count))
            })
        });
        let server = Server::new()
            .on_call(|call| {
                call.extensions_mut().insert(User("from on_call"));
                Ok(())
            })
            .layer(from_fn(|mut call: RawCall, next: Next| async move {
                assert_eq!(call.extensions().get(), Some(&User("from on_call")));
                let message = call.read_message().await?;
                let decoded: Say = prost::Message::decode(message).map_err(Status::internal)?;
                assert_eq!(decoded, Say::new("a", 7));
                call.extensions_mut().insert(User("ann"));
                let mut reply = next.run(call).await?;
                reply.metadata_mut().insert("x-from-layer", "head");
                reply.trailers_mut().insert("x-from-layer", "tail");
                Ok::<RawReply, Status>(reply)
            }))
            .add(double.skeleton());
        let (_world, talk) = channel(way, server, |c| {
            c.on_call(|call| {
                assert!(call.message().is_some(), "it is encoded already");
                call.metadata_mut().insert("x-tenant", "acme");
                Ok(())
            })
        })
        .await;
        let call = talk.once(Say::new("a", 7)).with_response();
        let reply = call.await.unwrap();
        assert_eq!(reply.message, Say::new("ann@acme", 7), "{way:?}");
        assert_eq!(reply.metadata.get("x-from-layer"), Some("head"));
        assert_eq!(reply.trailers.get("x-from-layer"), Some("tail"));
    }
}

#[derive(Clone, Debug, PartialEq)]
struct User(&'static str);

#[tokio::test]
async fn a_layer_may_answer_by_itself_or_make_the_call_anew() {
    for way in WAYS {
        let answering = from_fn(|call: RawCall, next: Next| async move {
            let message = prost::Message::encode_to_vec(&Say::new("by the layer", 1));
            match call.metadata().get("x-do") {
                Some("answer") => Ok(RawReply::new(message)),
                Some("anew") => next.run(RawCall::new(call.method().path(), message)).await,
                _ => next.run(call).await,
            }
        });
        for place in 0..4 {
            let (mut server, mut skeleton) = (Server::new(), talk::server(Parrot));
            let mut builder = Channel::builder("http://unused:1");
            match place {
                0 => server = server.layer(answering.clone()),
                1 => skeleton = skeleton.layer(answering.clone()),
                2 => builder = builder.layer(answering.clone()),
                _ => builder = builder.attempt_layer(answering.clone()),
            }
            let server = server.add(skeleton);
            let (_world, talk) = if way == Way::InProcess {
                let channel = builder.build_in_process(server);
                (World::over(channel.clone()), talk::Client::new(channel))
            } else {
                let world = World::server(way, server).await;
                let builder = Channel::builder(&world.url);
                let builder = match place {
                    2 => builder.layer(answering.clone()),
                    3 => builder.attempt_layer(answering.clone()),
                    _ => builder,
                };
                let client = talk::Client::new(builder.build().unwrap());
                (world, client)
            };
            for (what, want) in [
                ("", Say::new("mine", 0)),
                ("answer", Say::new("by the layer", 1)),
                ("anew", Say::new("by the layer", 1)),
            ] {
                let call = talk.once(Say::new("mine", 0)).metadata("x-do", what);
                assert_eq!(call.await.unwrap(), want, "{way:?} {place} {what}");
            }
        }
    }
}

#[tokio::test]
async fn whoever_stands_outside_may_refuse() {
    for way in WAYS {
        let (tell, mut told) = events();
        let handled = |tell: &Tell<String>| {
            let tell = tell.clone();
            Double::default().once(move |_, req| {
                tell.tell("handled".into());
                Box::pin(async move { Ok(req) })
            })
        };
        let refuse = || Status::permission_denied("not you");
        let layer = || from_fn(move |_: RawCall, _: Next| async move { Err(refuse()) });
        for place in 0..6 {
            let (mut server, mut skeleton) = (Server::new(), handled(&tell).skeleton());
            match place {
                0 => server = server.layer(layer()),
                1 => server = server.on_call(move |_| Err(refuse())),
                2 => skeleton = skeleton.layer(layer()),
                _ => {}
            }
            let (_world, talk) = channel(way, server.add(skeleton), |c| match place {
                3 => c.layer(layer()),
                4 => c.on_call(move |_| Err(refuse())),
                5 => c.attempt_layer(layer()),
                _ => c,
            })
            .await;
            let status = talk.once(Say::default()).await.unwrap_err();
            assert_eq!(status.code(), Code::PermissionDenied, "{way:?} {place}");
            assert_eq!(status.message(), "not you", "{way:?} {place}");
            let streams = async {
                let (_out, mut heard) = talk.both().await?;
                heard.next().await
            };
            let status = streams.await.unwrap_err();
            assert_eq!(status.message(), "not you", "{way:?} {place}");
            assert!(told.is_empty());
        }
    }
}

#[tokio::test]
async fn a_layer_that_panics_takes_only_its_call_along() {
    for way in WAYS {
        let panics = || {
            from_fn(|call: RawCall, next: Next| async move {
                assert!(call.metadata().get("x-panic") != Some("before"), "told to");
                let reply = next.run(call).await;
                assert!(code_of(&reply) != Code::InvalidArgument, "told to");
                reply
            })
        };
        for place in 0..3 {
            let recorder = Arc::new(Recorder::default());
            let mut server = Server::new().metrics(Arc::clone(&recorder) as _);
            let mut skeleton = talk::server(Parrot);
            match place {
                0 => server = server.layer(panics()),
                1 => skeleton = skeleton.layer(panics()),
                _ => {
                    server = server.on_call(|call| {
                        assert!(call.metadata().get("x-panic").is_none(), "told to");
                        Ok(())
                    });
                }
            }
            let world = World::server(way, server.add(skeleton)).await;
            let bystander = world.talk().both().await.unwrap();
            let call = world.talk().once(Say::new("a", 0));
            let status = call.metadata("x-panic", "before").await.unwrap_err();
            assert_eq!(status.code(), Code::Internal, "{way:?} {place} {status}");
            assert!(!status.message().contains("told to"), "{status}");
            if place != 2 {
                let status = world.talk().once(Say::new("", 0)).await.unwrap_err();
                assert_eq!(status.code(), Code::Internal, "{way:?} {place} {status}");
            }
            let (mut out, mut heard) = bystander;
            out.send(Say::new("a", 1)).await.unwrap();
            assert_eq!(heard.next().await.unwrap(), Some(Say::new("a", 1)));
            // What is counted is what the caller got.
            let ended = |code| recorder.ended(Side::Server, "test.v1.Talk/Once", code);
            let internal = if place == 2 { 1 } else { 2 };
            let counted = (ended(Code::Internal), ended(Code::Cancelled));
            assert_eq!(counted, (internal, 0), "{way:?} {place}");
        }
    }
}

#[tokio::test]
async fn a_panic_in_any_handler_is_internal_and_the_server_lives_on() {
    for way in WAYS {
        let double = Double::default()
            .once(|_, _| panic!("before the future"))
            .down(|_, _, _| panic!("before the future"))
            .up(|_, _| Box::pin(async { panic!("in the future") }))
            .both(|_, mut rx, out| {
                Box::pin(async move {
                    while let Some(say) = rx.next().await? {
                        out.send(say).await?;
                    }
                    panic!("at the end")
                })
            });
        let world = World::of(way, double.skeleton()).await;
        let talk = world.talk();
        for _ in 0..3 {
            let once = talk.once(Say::default()).await.unwrap_err();
            let mut down = talk.down(Say::default()).await.unwrap();
            let down = down.next().await.unwrap_err();
            let (_out, up) = talk.up().await.unwrap();
            let up = up.await.unwrap_err();
            let (mut out, mut both) = talk.both().await.unwrap();
            out.send(Say::new("a", 1)).await.unwrap();
            assert_eq!(both.next().await.unwrap(), Some(Say::new("a", 1)));
            out.finish();
            let both = both.next().await.unwrap_err();
            for status in [once, down, up, both] {
                assert_eq!(status.code(), Code::Internal, "{way:?}");
                assert_eq!(status.message(), "the handler panicked", "{way:?}");
            }
        }
    }
}

/// How many handlers ran at once, at most.
#[derive(Default)]
struct Most(AtomicUsize, AtomicUsize);

fn counting(most: &Arc<Most>) -> (Double, Arc<Semaphore>) {
    let most = Arc::clone(most);
    let gate = Arc::new(Semaphore::new(0));
    let wait = Arc::clone(&gate);
    let double = Double::default().once(move |_, req| {
        let (most, gate) = (Arc::clone(&most), Arc::clone(&wait));
        Box::pin(async move {
            let now = most.0.fetch_add(1, Ordering::SeqCst) + 1;
            most.1.fetch_max(now, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
            most.0.fetch_sub(1, Ordering::SeqCst);
            Ok(req)
        })
    });
    (double, gate)
}

/// Layers that may be not ready, and that are not `Sync` everywhere: those of tower itself.
#[tokio::test]
async fn towers_own_layers_stand_at_each_seam() {
    let limit = || ConcurrencyLimitLayer::new(2);
    for way in WAYS {
        for place in 0..4 {
            let most = Arc::new(Most::default());
            let (double, gate) = counting(&most);
            let (mut server, mut skeleton) = (Server::new(), double.skeleton());
            match place {
                0 => server = server.layer(limit()),
                1 => skeleton = skeleton.layer(limit()),
                _ => {}
            }
            let (_world, talk) = channel(way, server.add(skeleton), |c| match place {
                2 => c.layer(limit()),
                3 => c.attempt_layer(limit()),
                _ => c,
            })
            .await;
            let calls: Vec<_> = (0..8)
                .map(|n| tokio::spawn(talk.once(Say::new("", n))))
                .collect();
            for call in calls {
                gate.add_permits(1);
                call.await.unwrap().unwrap();
            }
            let most = most.1.load(Ordering::SeqCst);
            assert!((1..=2).contains(&most), "{way:?} {place}: {most} at once");
        }
    }
}

#[tokio::test]
async fn a_call_waits_for_a_layer_no_longer_than_it_may() {
    for way in WAYS {
        let (double, gate) = counting(&Arc::default());
        let server = Server::new().add(double.skeleton());
        let (_world, talk) = channel(way, server, |c| c.layer(ConcurrencyLimitLayer::new(1))).await;
        let first = tokio::spawn(talk.once(Say::default()));
        tokio::task::yield_now().await;
        let late = talk.once(Say::default()).timeout(Duration::from_millis(20));
        let late = late.await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{way:?}");
        gate.add_permits(2);
        first.await.unwrap().unwrap();
        talk.once(Say::default()).await.unwrap();
    }
}

#[tokio::test]
async fn a_timeout_layer_is_a_deadline() {
    let timeout = || TimeoutLayer::new(Duration::from_millis(20));
    for way in WAYS {
        for place in 0..4 {
            let (tell, mut told) = events();
            let double = Double::default().once(move |_, _| {
                let ends = tell.at_drop(());
                Box::pin(async move {
                    let _ends = ends;
                    std::future::pending().await
                })
            });
            let (mut server, mut skeleton) = (Server::new(), double.skeleton());
            match place {
                0 => server = server.layer(timeout()),
                1 => skeleton = skeleton.layer(timeout()),
                _ => {}
            }
            let (world, talk) = channel(way, server.add(skeleton), |c| match place {
                2 => c.layer(timeout()),
                3 => c.attempt_layer(timeout()),
                _ => c,
            })
            .await;
            world.channel.ready().await.unwrap();
            let late = talk.once(Say::default()).await.unwrap_err();
            assert_eq!(late.code(), Code::DeadlineExceeded, "{way:?} {place}");
            assert!(late.message().contains("a timeout layer"), "{late}");
            if way == Way::InProcess || place < 2 {
                told.expect(()).await;
            }
        }
    }
}

/// A layer that makes the time shorter is heeded below it.
#[tokio::test]
async fn a_layer_may_shorten_the_time() {
    for way in WAYS {
        for place in 0..2 {
            let seen = Arc::new(Mutex::new(None));
            let see = Arc::clone(&seen);
            let double = Double::default().once(move |cx, req| {
                *see.lock().unwrap() = cx.remaining();
                Box::pin(async move { Ok(req) })
            });
            let mut server = Server::new();
            let shorten = |mut call: RawCall, next: Next| async move {
                call.limit_time(Duration::from_secs(3));
                call.limit_time(Duration::from_secs(90));
                next.run(call).await
            };
            if place == 0 {
                server = server.layer(from_fn(shorten));
            }
            let (_world, talk) = channel(way, server.add(double.skeleton()), |c| match place {
                1 => c.layer(from_fn(shorten)),
                _ => c,
            })
            .await;
            talk.once(Say::default()).await.unwrap();
            let left = seen.lock().unwrap().unwrap();
            assert!(left <= Duration::from_secs(3), "{way:?} {place}: {left:?}");
        }
    }
}
