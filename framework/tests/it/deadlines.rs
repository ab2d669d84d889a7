//! How long a call may take: who says so, who inherits it, and who enforces it.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message as _;
use sinew::{Channel, Code, Context, RawCall, RawReply, Server, from_fn};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::double::{Double, events};
use crate::talk::{Say, talk};
use crate::world::{WAYS, Way, World};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn never() -> Double {
    Double::default()
        .once(|_, _| Box::pin(std::future::pending()))
        .down(|_, _, _| Box::pin(std::future::pending()))
        .up(|_, rx| {
            Box::pin(async move {
                let _unread = rx;
                std::future::pending().await
            })
        })
        .both(|_, rx, _| {
            Box::pin(async move {
                let _unread = rx;
                std::future::pending().await
            })
        })
}

/// Says how many milliseconds the caller still waits.
fn remaining() -> Double {
    Double::default()
        .once(|cx, _| Box::pin(async move { Ok(left(cx)) }))
        .down(|cx, _, out| Box::pin(async move { out.send(left(cx)).await }))
        .up(|cx, _| Box::pin(async move { Ok(left(cx)) }))
        .both(|cx, _, out| Box::pin(async move { out.send(left(cx)).await }))
}

fn left(cx: &Context) -> Say {
    match cx.remaining() {
        Some(left) => Say::new("ms", left.as_millis() as u32),
        None => Say::new("unlimited", 0),
    }
}

#[tokio::test]
async fn the_server_knows_how_long_its_caller_waits() {
    for way in WAYS {
        let world = World::of(way, remaining().skeleton()).await;
        let talk = world.talk();
        let close = |say: Say, want: u32| {
            assert_eq!(say.text, "ms", "{way:?}");
            assert!(
                (want - 3000..=want).contains(&say.count),
                "{way:?}: {say:?}"
            );
        };
        let ask = Say::default();
        close(talk.once(ask.clone()).await.unwrap(), 10_000);
        let timed = talk.once(ask.clone()).timeout(ms(60_000));
        close(timed.await.unwrap(), 60_000);
        let mut timed = talk.down(ask.clone()).timeout(ms(60_000)).await.unwrap();
        close(timed.next().await.unwrap().unwrap(), 60_000);
        let (_out, timed) = talk.up().timeout(ms(60_000)).await.unwrap();
        close(timed.await.unwrap(), 60_000);
        let (_out, mut timed) = talk.both().timeout(ms(60_000)).await.unwrap();
        close(timed.next().await.unwrap().unwrap(), 60_000);
        // A stream lives as long as it is used.
        let mut stream = talk.down(ask).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().text, "unlimited");
    }
}

#[tokio::test(start_paused = true)]
async fn the_channels_own_timeout_is_for_unary_calls_that_say_nothing() {
    for (of_channel, of_call, want) in [
        (Some(2000), None, "2000"),
        (Some(2000), Some(500), "500"),
        (Some(2000), Some(9000), "9000"),
        (None, None, "unlimited"),
    ] {
        let builder = Channel::builder("http://unused:1");
        let builder = match of_channel {
            Some(n) => builder.timeout(ms(n)),
            None => builder.without_timeout(),
        };
        let channel = builder.build_in_process(remaining().skeleton());
        let talk = talk::Client::new(channel);
        let mut call = talk.once(Say::default());
        if let Some(n) = of_call {
            call = call.timeout(ms(n));
        }
        let reply = call.await.unwrap();
        let shown = match reply.text.as_str() {
            "ms" => reply.count.to_string(),
            other => other.to_owned(),
        };
        assert_eq!(shown, want);
        let mut stream = talk.down(Say::default()).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().text, "unlimited");
    }
}

#[tokio::test]
async fn every_shape_ends_at_its_deadline() {
    for way in WAYS {
        let world = World::of(way, never().skeleton()).await;
        world.channel.ready().await.unwrap();
        let talk = world.talk();
        let start = Instant::now();
        let late = talk.once(Say::default()).timeout(ms(30)).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{way:?} {late}");
        assert_eq!(late.method(), Some("test.v1.Talk/Once"));
        let mut down = talk.down(Say::default()).timeout(ms(30)).await.unwrap();
        let late = down.next().await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{way:?} {late}");
        let (_out, up) = talk.up().timeout(ms(30)).await.unwrap();
        let late = up.await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{way:?} {late}");
        let (mut out, mut both) = talk.both().timeout(ms(30)).await.unwrap();
        let late = both.next().await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{way:?} {late}");
        let late = out.send(Say::default()).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{way:?} {late}");
        assert!(start.elapsed() >= ms(120));
    }
}

#[tokio::test]
async fn a_sender_that_waits_for_room_ends_at_the_deadline() {
    for way in WAYS {
        let world = World::of(way, never().skeleton()).await;
        let (mut out, _reply) = world.talk().up().timeout(ms(50)).await.unwrap();
        let large = Say::new(&"x".repeat(500_000), 0);
        let late = loop {
            if let Err(late) = out.send(large.clone()).await {
                break late;
            }
        };
        assert_eq!(late.code(), Code::DeadlineExceeded, "{way:?} {late}");
    }
}

#[tokio::test]
async fn a_deadline_shrinks_from_hop_to_hop() {
    for way in WAYS {
        let last = World::of(way, remaining().skeleton()).await;
        let to_last = last.talk();
        let middle = Double::default().once(move |cx, req| {
            let to_last = to_last.clone();
            Box::pin(async move {
                let mine = left(cx).count;
                let asked = match req.text.as_str() {
                    "longer" => to_last.once(Say::default()).timeout(ms(90_000)).await?,
                    "shorter" => to_last.once(Say::default()).timeout(ms(5_000)).await?,
                    "background" => {
                        let call = async { to_last.once(Say::default()).await };
                        Context::background().scope(call).await?
                    }
                    "spawned" => {
                        let call = async move { to_last.once(Say::default()).await };
                        cx.spawn(call).await.unwrap()?
                    }
                    "stream" => {
                        let mut stream = to_last.down(Say::default()).await?;
                        stream.next().await?.unwrap()
                    }
                    _ => to_last.once(Say::default()).await?,
                };
                Ok(Say::new(&mine.to_string(), asked.count))
            })
        });
        let middle = World::of(way, middle.skeleton()).await;
        for (how, timeout, low, high) in [
            ("", 9_000, 6_000, 9_000),
            ("longer", 9_000, 6_000, 9_000),
            ("shorter", 9_000, 3_000, 5_000),
            ("spawned", 9_000, 6_000, 9_000),
            ("stream", 9_000, 6_000, 9_000),
            // The parent's deadline is gone: what is left is the channel's own.
            ("background", 5_000, 7_000, 10_000),
        ] {
            let call = middle.talk().once(Say::new(how, 0)).timeout(ms(timeout));
            let reply = call.await.unwrap();
            let (mine, asked) = (reply.text.parse::<u32>().unwrap(), reply.count);
            assert!((low..=high).contains(&asked), "{way:?} {how}: {asked}");
            if how != "background" {
                assert!(asked <= mine, "{way:?} {how}: {asked} of {mine}");
            }
        }
    }
}

/// What is built before there is a future inherits no less than what is built in it.
#[tokio::test]
async fn calls_that_are_built_by_plain_closures_inherit() {
    for way in WAYS {
        let last = World::of(way, remaining().skeleton()).await;
        let (to_last, for_layer) = (last.talk(), last.talk());
        let ask = |talk: &talk::Client| {
            let call = talk.once(Say::default());
            async move {
                let left = call.await?.count;
                Ok(RawReply::new(left.to_string()))
            }
        };
        let fallback = Server::new().fallback(move |_| ask(&to_last));
        let layer = Server::new().layer(from_fn(move |_, _| ask(&for_layer)));
        for (what, server) in [("fallback", fallback), ("layer", layer)] {
            let world = World::server(way, server).await;
            let mut call = RawCall::new("/no.v1.Such/Method", "");
            call.limit_time(ms(6_000));
            let reply = world.channel.call(call).await.unwrap();
            let left = reply.message().unwrap();
            let left = std::str::from_utf8(&left).unwrap();
            let left: u64 = left.parse().unwrap();
            assert!(left <= 6_000, "{way:?} {what}: {left}");
        }
    }
}

/// Both hops are told to stop, though the first caller is the only one who said when.
#[tokio::test]
async fn both_hops_are_ended_by_the_first_callers_deadline() {
    for way in WAYS {
        let (tell, mut told) = events();
        let at_last = tell.clone();
        let last = Double::default().once(move |_, _| {
            let ends = at_last.at_drop("last");
            Box::pin(async move {
                let _ends = ends;
                std::future::pending().await
            })
        });
        let last = World::of(way, last.skeleton()).await;
        let to_last = last.talk();
        let middle = Double::default().once(move |_, req| {
            let (ends, call) = (tell.at_drop("middle"), to_last.once(req));
            Box::pin(async move {
                let _ends = ends;
                call.await
            })
        });
        let middle = World::of(way, middle.skeleton()).await;
        let call = middle.talk().once(Say::default()).timeout(ms(50));
        assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
        let mut ended = [told.next().await, told.next().await];
        ended.sort_unstable();
        assert_eq!(ended, ["last", "middle"], "{way:?}");
    }
}

/// Frames one message as gRPC does.
fn framed(say: &Say) -> Bytes {
    let message = say.encode_to_vec();
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(message.len() as u32);
    out.put_slice(&message);
    out.freeze()
}

#[tokio::test]
async fn a_server_drops_a_late_handler_though_its_client_goes_on_waiting() {
    for method in ["Once", "Down", "Up", "Both"] {
        let (tell, mut told) = events();
        let (t1, t2, t3, t4) = (tell.clone(), tell.clone(), tell.clone(), tell);
        let double = Double::default()
            .once(move |_, _| {
                let ends = t1.at_drop("Once");
                Box::pin(async move {
                    let _ends = ends;
                    std::future::pending().await
                })
            })
            .down(move |_, _, out| {
                let ends = t2.at_drop("Down");
                Box::pin(async move {
                    let _ends = ends;
                    out.send(Say::default()).await?;
                    std::future::pending().await
                })
            })
            .up(move |_, rx| {
                let ends = t3.at_drop("Up");
                Box::pin(async move {
                    let _keep = (ends, rx);
                    std::future::pending().await
                })
            })
            .both(move |_, rx, _| {
                let ends = t4.at_drop("Both");
                Box::pin(async move {
                    let _keep = (ends, rx);
                    std::future::pending().await
                })
            });
        let world = World::of(Way::Tcp, double.skeleton()).await;
        let addr = world.url.strip_prefix("http://").unwrap();
        let io = tokio::net::TcpStream::connect(addr).await.unwrap();
        let (mut client, connection) = h2::client::handshake(io).await.unwrap();
        let driving = tokio::spawn(connection);
        let request = http::Request::post(format!("{}/test.v1.Talk/{method}", world.url))
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", "40m")
            .body(())
            .unwrap();
        let (response, mut send) = client.send_request(request, false).unwrap();
        let ends = matches!(method, "Once" | "Down");
        send.send_data(framed(&Say::new("x", 1)), ends).unwrap();
        told.expect(method).await;
        let mut response = response.await.unwrap();
        while let Some(data) = response.body_mut().data().await {
            data.unwrap();
        }
        let trailers = response.body_mut().trailers().await.unwrap();
        let end = trailers.unwrap_or_else(|| response.headers().clone());
        assert_eq!(end["grpc-status"], "4", "{method} {end:?}");
        driving.abort();
    }
}

/// Length is checked when a message is encoded: a call that fails for its time has not got that far.
#[tokio::test]
async fn an_expired_call_does_no_work() {
    let (tell, mut told) = events();
    let channel = Channel::builder("http://127.0.0.1:1")
        .max_request_bytes(10)
        .connector(Telling(tell))
        .build()
        .unwrap();
    let talk = talk::Client::new(channel);
    let large = Say::new("more than ten bytes", 0);
    let late = talk.once(large.clone()).timeout(ms(0)).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(late.message().contains("before the call began"), "{late}");
    let late = talk.down(large.clone()).timeout(ms(0)).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    let late = talk.both().timeout(ms(0)).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(told.is_empty(), "it connected");
    let large = talk.once(large).await.unwrap_err();
    assert_eq!(large.code(), Code::ResourceExhausted);
    assert!(told.is_empty(), "it connected");
}

struct Telling(crate::double::Tell<()>);

impl sinew::Connect for Telling {
    type Io = sinew::Stream;

    async fn connect(&self, target: &sinew::Target) -> std::io::Result<sinew::Stream> {
        self.0.tell(());
        sinew::SocketConnector::new().connect(target).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_fails_when_nothing_comes_for_its_idle_timeout() {
    let double = Double::default().down(|_, req, out| {
        Box::pin(async move {
            for n in 0..req.count {
                tokio::time::sleep(ms(900)).await;
                out.send(Say::new("", n)).await?;
            }
            std::future::pending().await
        })
    });
    let talk = talk::Client::new(Channel::in_process(double.skeleton()));
    let start = Instant::now();
    let mut stream = talk
        .down(Say::new("", 3))
        .idle_timeout(ms(1000))
        .await
        .unwrap();
    for n in 0..3 {
        assert_eq!(stream.next().await.unwrap().unwrap().count, n);
    }
    let idle = stream.next().await.unwrap_err();
    assert_eq!(idle.code(), Code::DeadlineExceeded);
    assert!(idle.message().contains("idle timeout of 1s"), "{idle}");
    assert_eq!(start.elapsed(), ms(3700));
    assert_eq!(stream.next().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_its_time_is_not_an_idle_stream() {
    let double = Double::default().down(|_, _, out| {
        Box::pin(async move {
            for n in 0..3 {
                tokio::time::sleep(ms(10)).await;
                out.send(Say::new("", n)).await?;
            }
            Ok(())
        })
    });
    let talk = talk::Client::new(Channel::in_process(double.skeleton()));
    let mut stream = talk
        .down(Say::default())
        .idle_timeout(ms(1000))
        .await
        .unwrap();
    for n in 0..3 {
        assert_eq!(stream.next().await.unwrap().unwrap().count, n);
        tokio::time::sleep(ms(5000)).await;
    }
    assert_eq!(stream.next().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_bound_how_long_its_caller_is_silent() {
    let double = Double::default().up(|_, rx| {
        Box::pin(async move {
            let mut rx = rx.idle_timeout(ms(1000));
            while rx.next().await?.is_some() {}
            Ok(Say::default())
        })
    });
    let talk = talk::Client::new(Channel::in_process(double.skeleton()));
    let (mut out, reply) = talk.up().await.unwrap();
    out.send(Say::default()).await.unwrap();
    let idle = reply.await.unwrap_err();
    assert_eq!(idle.code(), Code::DeadlineExceeded);
    assert!(idle.message().contains("idle timeout"), "{idle}");
}

#[tokio::test]
async fn a_spawned_task_outlives_its_call_and_background_its_deadline() {
    for way in WAYS {
        let (tell, mut told) = events();
        let last = World::of(way, remaining().skeleton()).await;
        let to_last = last.talk();
        let gate = std::sync::Arc::new(Notify::new());
        let open = std::sync::Arc::clone(&gate);
        let double = Double::default().once(move |cx, _| {
            let (tell, to_last, gate) = (tell.clone(), to_last.clone(), gate.clone());
            Box::pin(async move {
                cx.spawn(async move {
                    gate.notified().await;
                    let inherited = to_last.once(Say::default()).await;
                    let free = async { to_last.once(Say::default()).await };
                    let free = Context::background().scope(free).await;
                    tell.tell((inherited.map(|s| s.count), free.map(|s| s.count)));
                });
                Ok(Say::default())
            })
        });
        let world = World::server(way, Server::new().add(double.skeleton())).await;
        let call = world.talk().once(Say::default()).timeout(ms(6_000));
        call.await.unwrap();
        open.notify_one();
        let (inherited, free) = told.next().await;
        assert!(inherited.unwrap() <= 6_000, "{way:?}");
        assert!(free.unwrap() > 6_000, "{way:?}");
    }
}
