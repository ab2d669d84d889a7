//! Where a server can stand, and what it can be asked: in axum, on connections from elsewhere, with raw bytes, until it
//! is told to stop.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use sinew::{Bound, Channel, Code, RawCall, RawReply, Server, Status};
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot};

use crate::double::{Double, Events, events};
use crate::talk::{Say, talk};
use crate::world::{Parrot, WAYS, Way, World};

/// The parrot by another name, so that two services stand on one port.
mod song {
    use crate::talk::Say;

    pub(super) static SING: sinew::Method<Say, Say> = sinew::Method::unary("/test.v1.Song/Sing");
    static SERVICE: sinew::ServiceSpec = sinew::ServiceSpec::new("test.v1.Song", &[SING.spec()]);

    pub(super) struct Song;

    impl sinew::codegen::Dispatch for Song {
        fn spec(&self) -> &'static sinew::ServiceSpec {
            &SERVICE
        }
        fn dispatch(&self, _: usize, call: sinew::codegen::ServerCall) -> sinew::codegen::Handling {
            Box::pin(async move {
                let (cx, req) = call.unary(&SING).await?;
                let sung = Say::new(&format!("la {}", req.text), req.count);
                cx.reply(&SING, Ok(sung))
            })
        }
    }
}

#[tokio::test]
async fn many_services_share_a_port() {
    for way in WAYS {
        let both = vec![talk::server(Parrot), sinew::codegen::skeleton(song::Song)];
        let world = World::server(way, Server::new().add(both)).await;
        let say = Say::new("a", 1);
        assert_eq!(world.talk().once(say.clone()).await.unwrap(), say);
        let sing = sinew::codegen::unary(&world.channel, &song::SING, say);
        assert_eq!(sing.await.unwrap(), Say::new("la a", 1), "{way:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_added_twice_is_named() {
    let twice = || {
        Server::new()
            .add(talk::server(Parrot))
            .add(talk::server(Parrot))
    };
    let message = "service test.v1.Talk was added to the server twice";
    let errors = [
        twice().bind("127.0.0.1:0").await.err().unwrap(),
        twice().serve("127.0.0.1:0").await.unwrap_err(),
        twice().into_http_service().err().unwrap(),
        twice()
            .serve_with_incoming(Incoming(mpsc::unbounded_channel().1))
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), message);
    }
    let talk = talk::Client::new(Channel::in_process(twice()));
    let status = talk.once(Say::default()).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::FailedPrecondition, message)
    );
}

#[tokio::test]
async fn an_address_that_cannot_be_listened_at_is_named() {
    let world = World::parrot(Way::Tcp).await;
    let addr = world.url.strip_prefix("http://").unwrap();
    let taken = talk::server(Parrot).bind(addr).await.unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    assert!(taken.to_string().contains(addr), "{taken}");
    let world = World::parrot(Way::Unix).await;
    let taken = talk::server(Parrot).bind(&world.url).await.unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    assert!(
        taken.to_string().contains("another server listens there"),
        "{taken}"
    );
    // It was not taken over.
    world.talk().once(Say::new("a", 0)).await.unwrap();
}

#[tokio::test]
async fn a_server_mounts_in_axum() {
    let talk = Server::new()
        .add(talk::server(Parrot))
        .into_http_service()
        .unwrap();
    let app = axum::Router::new()
        .route("/health", axum::routing::get(|| async { "well" }))
        .fallback_service(talk);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let channel = Channel::to(&url).unwrap();
    let talk = talk::Client::new(channel.clone());
    assert_eq!(talk.once(Say::new("a", 1)).await.unwrap(), Say::new("a", 1));
    let status = talk.once(Say::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let mut down = talk.down(Say::new("n", 500)).await.unwrap();
    assert_eq!(down.headers().await.unwrap().get("x-head"), Some("before"));
    for n in 0..500 {
        assert_eq!(down.next().await.unwrap(), Some(Say::new("n", n)));
    }
    assert_eq!(down.next().await.unwrap(), None);
    assert_eq!(down.trailers().get("x-tail"), Some("behind"));
    let (mut out, mut heard) = talk.both().await.unwrap();
    for n in 0..10 {
        out.send(Say::new("a", n)).await.unwrap();
        assert_eq!(heard.next().await.unwrap(), Some(Say::new("a", n)));
    }
    out.finish();
    assert_eq!(heard.next().await.unwrap(), None);
    let status = channel.call(RawCall::new("/test.v1.Talk/Sing", "")).await;
    assert_eq!(status.unwrap_err().code(), Code::Unimplemented);

    // The rest of the router is still there.
    let addr = url.strip_prefix("http://").unwrap();
    let io = tokio::net::TcpStream::connect(addr).await.unwrap();
    let (mut client, connection) = h2::client::handshake(io).await.unwrap();
    let driving = tokio::spawn(connection);
    let get = http::Request::get(format!("{url}/health"))
        .body(())
        .unwrap();
    let (response, _) = client.send_request(get, true).unwrap();
    let mut response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.body_mut().data().await.unwrap().unwrap();
    assert_eq!(body, "well");
    driving.abort();
    serving.abort();
}

/// Connections as the test makes them.
struct Incoming(mpsc::UnboundedReceiver<DuplexStream>);

impl futures_core::Stream for Incoming {
    type Item = Result<DuplexStream, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|io| io.map(Ok))
    }
}

/// Connects by handing the other end over.
struct Duplex(mpsc::UnboundedSender<DuplexStream>);

impl sinew::Connect for Duplex {
    type Io = DuplexStream;

    async fn connect(&self, target: &sinew::Target) -> std::io::Result<DuplexStream> {
        assert_eq!(target.to_string(), "http://nowhere.internal:1");
        let (ours, theirs) = tokio::io::duplex(1024);
        let gone = |_| std::io::Error::other("the server is gone");
        self.0.send(theirs).map_err(gone)?;
        Ok(ours)
    }
}

#[tokio::test(start_paused = true)]
async fn connections_may_come_from_elsewhere() {
    let (tell, told) = mpsc::unbounded_channel();
    let server = Server::new().add(talk::server(Parrot));
    let serving = tokio::spawn(server.serve_with_incoming(Incoming(told)));
    let channel = Channel::builder("http://nowhere.internal:1")
        .connector(Duplex(tell))
        .build()
        .unwrap();
    let talk = talk::Client::new(channel.clone());
    let large = Say::new(&"x".repeat(100_000), 1);
    assert_eq!(talk.once(large.clone()).await.unwrap(), large);
    let mut down = talk.down(Say::new("n", 5000)).await.unwrap();
    for n in 0..5000 {
        assert_eq!(down.next().await.unwrap(), Some(Say::new("n", n)));
    }
    assert_eq!(down.next().await.unwrap(), None);
    // With the channel goes the last connection, and the way of new ones: the server is done.
    drop((down, talk, channel));
    serving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_on_connections_from_elsewhere_lets_calls_end_or_cuts_them_off() {
    for ends in [true, false] {
        let (begun, mut told) = events();
        let (open, gate) = oneshot::channel::<()>();
        let gate = std::sync::Arc::new(tokio::sync::Mutex::new(gate));
        let double = Double::default().once(move |_, req| {
            let (gate, begun) = (std::sync::Arc::clone(&gate), begun.clone());
            Box::pin(async move {
                begun.tell(());
                let _ = (&mut *gate.lock().await).await;
                Ok(req)
            })
        });
        let server = Server::new()
            .add(double.skeleton())
            .drain_timeout(Duration::from_secs(9));
        let (tell, incoming) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = server.serve_with_incoming_until(Incoming(incoming), stopped);
        let serving = tokio::spawn(serving);
        let channel = Channel::builder("http://nowhere.internal:1")
            .connector(Duplex(tell.clone()))
            .build()
            .unwrap();
        let call = tokio::spawn(talk::Client::new(channel).once(Say::new("kept", 1)));
        told.expect(()).await;
        let start = tokio::time::Instant::now();
        stop.send(()).unwrap();
        // Nobody asks for connections any more, while the call goes on.
        tell.closed().await;
        assert!(!serving.is_finished());
        if ends {
            open.send(()).unwrap();
            assert_eq!(call.await.unwrap().unwrap(), Say::new("kept", 1));
            serving.await.unwrap().unwrap();
            assert!(start.elapsed() < Duration::from_secs(9));
        } else {
            serving.await.unwrap().unwrap();
            assert_eq!(start.elapsed().as_secs(), 9);
            let status = call.await.unwrap().unwrap_err();
            assert_eq!(status.code(), Code::Unavailable, "{status}");
        }
    }
}

#[tokio::test]
async fn raw_bytes_need_no_generated_code() {
    for way in WAYS {
        let server =
            Server::new()
                .add(talk::server(Parrot))
                .fallback(|mut call: RawCall| async move {
                    let message = call.read_message().await?;
                    if message == "fail" {
                        return Err(Status::not_found("told to"));
                    }
                    assert_ne!(message, "panic", "told to");
                    let mut reply = vec![0xff, 0];
                    reply.extend_from_slice(call.method().path().as_bytes());
                    reply.extend_from_slice(&message);
                    let mut reply = RawReply::new(reply);
                    reply.trailers_mut().insert("x-tail", "raw");
                    Ok(reply)
                });
        let world = World::server(way, server).await;
        let call = |path: &str, message: &'static [u8]| {
            world
                .channel
                .call(RawCall::new(path, Bytes::from_static(message)))
        };
        let reply = call("/no.v1.Such/Method", b"\xc0\xff\xee").await.unwrap();
        let want: &[u8] = b"\xff\0/no.v1.Such/Method\xc0\xff\xee";
        assert_eq!(reply.message().unwrap(), want, "{way:?}");
        assert_eq!(reply.trailers().get("x-tail"), Some("raw"));
        let reply = call("/test.v1.Talk/Unknown", b"").await.unwrap();
        assert_eq!(
            reply.message().unwrap(),
            &b"\xff\0/test.v1.Talk/Unknown"[..]
        );
        let status = call("/no.v1.Such/Method", b"fail").await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{way:?}");
        let status = call("/no.v1.Such/Method", b"panic").await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{way:?}");
        // Methods that the server has go to their handlers.
        let say = Say::new("a", 1).encode_to_vec();
        let known = RawCall::new("test.v1.Talk/Once", say.clone());
        let reply = world.channel.call(known).await.unwrap();
        assert_eq!(reply.message().unwrap(), say);
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_are_the_callers_fault() {
    for way in WAYS {
        let world = World::parrot(way).await;
        let call = RawCall::new("/test.v1.Talk/Once", &b"\x0a\xff"[..]);
        let status = world.channel.call(call).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{way:?} {status}");
    }
}

/// A server whose one unary call waits for the test.
struct Stopping {
    talk: talk::Client,
    told: Events<&'static str>,
    stop: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    url: String,
}

async fn stopping(gate: oneshot::Receiver<()>, drain: Duration) -> Stopping {
    let (tell, told) = events();
    let gate = std::sync::Arc::new(tokio::sync::Mutex::new(gate));
    let on_stream = tell.clone();
    let double = Double::default()
        .once(move |_, req| {
            let (gate, tell) = (std::sync::Arc::clone(&gate), tell.clone());
            Box::pin(async move {
                tell.tell("begun");
                let _ends = tell.at_drop("ended");
                let _ = (&mut *gate.lock().await).await;
                Ok(req)
            })
        })
        .down(move |_, _, out| {
            let tell = on_stream.clone();
            Box::pin(async move {
                let _ends = tell.at_drop("stream ended");
                out.send(Say::default()).await?;
                std::future::pending().await
            })
        });
    let server = Server::new().add(double.skeleton()).drain_timeout(drain);
    let bound: Bound = server.bind("127.0.0.1:0").await.unwrap();
    let url = bound.url();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(bound.until(stopped));
    let talk = talk::Client::new(Channel::to(&url).unwrap());
    Stopping {
        talk,
        told,
        stop,
        serving,
        url,
    }
}

#[tokio::test]
async fn a_server_that_stops_lets_calls_end_and_takes_no_new_ones() {
    let (open, gate) = oneshot::channel();
    let mut s = stopping(gate, Duration::from_secs(60)).await;
    // One connection stays silent, one has calls.
    let addr = s.url.strip_prefix("http://").unwrap().to_owned();
    let silent = tokio::net::TcpStream::connect(&addr).await.unwrap();
    let call = tokio::spawn(s.talk.once(Say::new("kept", 1)));
    s.told.expect("begun").await;
    s.stop.send(()).unwrap();
    // Refused, on the old connection as on a new one.
    let refused = loop {
        let call = s.talk.once(Say::default());
        match call.timeout(Duration::from_millis(200)).await {
            // It was sent before the client heard that the server stops.
            Err(status) if status.code() == Code::DeadlineExceeded => {
                s.told.expect("begun").await;
                s.told.expect("ended").await;
            }
            other => break other.unwrap_err(),
        }
    };
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
    let fresh = Channel::to(&s.url).unwrap();
    let refused = fresh.ready().await.unwrap_err();
    assert!(
        refused.message().contains("connection refused"),
        "{refused}"
    );
    assert!(!s.serving.is_finished());
    open.send(()).unwrap();
    assert_eq!(call.await.unwrap().unwrap(), Say::new("kept", 1));
    s.serving.await.unwrap().unwrap();
    drop(silent);
}

#[tokio::test]
async fn a_server_that_has_waited_long_enough_cuts_calls_off() {
    let (_open, gate) = oneshot::channel();
    let mut s = stopping(gate, Duration::from_millis(30)).await;
    let mut down = s.talk.down(Say::default()).await.unwrap();
    down.next().await.unwrap().unwrap();
    let call = tokio::spawn(s.talk.once(Say::default()));
    s.told.expect("begun").await;
    let start = std::time::Instant::now();
    s.stop.send(()).unwrap();
    s.serving.await.unwrap().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(30));
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let status = down.next().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let mut ended = [s.told.next().await, s.told.next().await];
    ended.sort_unstable();
    assert_eq!(ended, ["ended", "stream ended"]);
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let (_open, gate) = oneshot::channel();
    let s = stopping(gate, Duration::from_secs(60)).await;
    let channel = Channel::to(&s.url).unwrap();
    channel.ready().await.unwrap();
    s.stop.send(()).unwrap();
    s.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_socket_file_goes_with_its_server() {
    let mut world = World::parrot(Way::Unix).await;
    let path = world.url.strip_prefix("unix:").unwrap().to_owned();
    assert!(std::path::Path::new(&path).exists());
    world.cut_off().await;
    assert!(!std::path::Path::new(&path).exists());
    // One that was left behind is taken over.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let bound = talk::server(Parrot).bind(&world.url).await.unwrap();
    assert_eq!(bound.url(), world.url);
}
