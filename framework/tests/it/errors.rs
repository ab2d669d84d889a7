//! What a caller learns of a call that failed: from a handler, from a peer that is not gRPC, and from a connection that
//! never came about.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sinew::details::{
    BadRequest, ErrorInfo, Help, LocalizedMessage, PreconditionFailure, QuotaFailure, ResourceInfo,
    RetryInfo,
};
use sinew::{Channel, Code, RawCall, Server, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::double::Double;
use crate::peer::{self, Answer};
use crate::talk::{Say, talk};
use crate::world::{WAYS, Way, World};

fn detailed() -> Status {
    Status::invalid_argument("the order is not valid: 100 %, ü\n")
        .with_detail(BadRequest::violation("lines[0].count", "must be above zero").and("to", "?"))
        .with_detail(ErrorInfo::new("NO_PENS", "cart.example.com").with("left", "0"))
        .with_detail(RetryInfo::after(Duration::from_millis(2500)))
        .with_detail(QuotaFailure::violation("project:pens", "used up"))
        .with_detail(PreconditionFailure::violation("TOS", "you", "not accepted"))
        .with_detail(ResourceInfo::new("cart", "carts/7"))
        .with_detail(Help::link("what to do", "https://example.com"))
        .with_detail(LocalizedMessage::new("de", "Die Bestellung ist ungültig"))
}

fn check_details(status: &Status, context: &str) {
    assert_eq!(status.code(), Code::InvalidArgument, "{context}");
    assert_eq!(status.message(), "the order is not valid: 100 %, ü\n");
    assert_eq!(status.details(), detailed().details(), "{context}");
    let fields: Vec<String> = status
        .detail::<BadRequest>()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    assert_eq!(fields, ["lines[0].count", "to"], "{context}");
    assert_eq!(status.detail::<ErrorInfo>().unwrap().metadata["left"], "0");
    let delay = status.detail::<RetryInfo>().unwrap().delay();
    assert_eq!(delay, Some(Duration::from_millis(2500)), "{context}");
    assert!(status.detail::<sinew::details::DebugInfo>().is_none());
}

fn failing(make: fn() -> Status) -> Double {
    Double::default()
        .once(move |_, _| Box::pin(async move { Err(make()) }))
        .down(move |_, req, out| {
            Box::pin(async move {
                for n in 0..req.count {
                    out.send(Say::new("", n)).await?;
                }
                Err(make())
            })
        })
        .up(move |_, _| Box::pin(async move { Err(make()) }))
        .both(move |_, _, _| Box::pin(async move { Err(make()) }))
}

/// How each shape fails.
async fn failures(talk: &talk::Client) -> Vec<Status> {
    let mut all = vec![talk.once(Say::default()).await.unwrap_err()];
    for count in [0, 1] {
        let mut down = talk.down(Say::new("", count)).await.unwrap();
        for _ in 0..count {
            down.next().await.unwrap().unwrap();
        }
        all.push(down.next().await.unwrap_err());
    }
    let (_out, reply) = talk.up().await.unwrap();
    all.push(reply.await.unwrap_err());
    let (_out, mut heard) = talk.both().await.unwrap();
    all.push(heard.next().await.unwrap_err());
    all
}

#[tokio::test]
async fn a_status_arrives_with_its_details() {
    for way in WAYS {
        let world = World::of(way, failing(detailed).skeleton()).await;
        for status in failures(&world.talk()).await {
            check_details(&status, &format!("{way:?}"));
            assert!(!status.is_final(), "{way:?}");
            assert!(status.method().unwrap().starts_with("test.v1.Talk/"));
        }
    }
}

#[tokio::test]
async fn every_code_arrives() {
    for way in WAYS {
        let double = Double::default().once(|_, req| {
            Box::pin(async move { Err(Status::new(Code::from_i32(req.count as i32), req.text)) })
        });
        let world = World::of(way, double.skeleton()).await;
        for number in 1..=16 {
            let call = world.talk().once(Say::new("text", number));
            let status = call.await.unwrap_err();
            assert_eq!(status.code(), Code::from_i32(number as i32), "{way:?}");
            assert_eq!(status.message(), "text", "{way:?}");
        }
        // A failure is never OK, and its message may be empty.
        let status = world.talk().once(Say::new("", 0)).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unknown, ""));
    }
}

#[tokio::test]
async fn the_source_of_an_error_stays_where_it_is() {
    for way in WAYS {
        let secret = || Status::internal("the password is 1234");
        let world = World::of(way, failing(secret).skeleton()).await;
        for status in failures(&world.talk()).await {
            assert_eq!(status.code(), Code::Internal);
            assert_eq!(status.message(), "internal error");
            let shown = format!("{status} {status:?} {:?}", status.trailers());
            assert!(!shown.contains("1234"), "{way:?} {shown}");
        }
    }
}

/// What a handler passes on by `?` of a call to another service.
#[tokio::test]
async fn a_status_from_downstream_goes_on_final_and_stripped() {
    for way in WAYS {
        let last = Double::default().once(|cx, _| {
            cx.reply_metadata().insert("x-secret-place", "shelf 7");
            cx.reply_trailers().insert("x-secret-tail", "shelf 8");
            Box::pin(async move { Err(detailed()) })
        });
        let last = World::of(way, last.skeleton()).await;
        let (a, b, c) = (last.talk(), last.talk(), last.talk());
        let middle = Double::default()
            .once(move |_, req| {
                let call = a.once(req);
                Box::pin(call)
            })
            .down(move |_, req, out| {
                let call = b.once(req);
                Box::pin(async move { out.send(call.await?).await })
            })
            .up(move |_, _| {
                let call = c.once(Say::default());
                Box::pin(async move {
                    // One that it makes itself is not final, whatever it was told.
                    call.await.map_err(|_| Status::not_found("mine"))
                })
            });
        let middle = World::of(way, middle.skeleton()).await;
        let once = middle.talk().once(Say::default()).await.unwrap_err();
        let mut down = middle.talk().down(Say::default()).await.unwrap();
        let down = down.next().await.unwrap_err();
        for status in [once, down] {
            check_details(&status, &format!("{way:?}"));
            assert!(status.is_final(), "{way:?}");
            assert!(status.metadata().is_empty(), "{:?}", status.metadata());
            assert!(status.trailers().is_empty(), "{:?}", status.trailers());
            let ours = status.endpoint();
            assert!(ours.is_none_or(|ours| ours != last.url || way == Way::InProcess));
        }
        let (_out, up) = middle.talk().up().await.unwrap();
        let own = up.await.unwrap_err();
        assert_eq!((own.code(), own.is_final()), (Code::NotFound, false));
    }
}

#[tokio::test]
async fn a_layers_status_from_downstream_goes_on_final_and_stripped() {
    for way in WAYS {
        let last = Double::default().once(|cx, _| {
            cx.reply_metadata().insert("x-secret-place", "shelf 7");
            Box::pin(async move { Err(detailed()) })
        });
        let last = World::of(way, last.skeleton()).await;
        for on_server in [true, false] {
            let to_last = last.talk();
            let layer = sinew::from_fn(move |call, next: sinew::Next| {
                let check = to_last.once(Say::default());
                async move {
                    check.await?;
                    next.run(call).await
                }
            });
            let inner = Double::default().skeleton();
            let server = if on_server {
                Server::new().layer(layer).add(inner)
            } else {
                Server::new().add(inner.layer(layer))
            };
            let world = World::server(way, server).await;
            let status = world.talk().once(Say::default()).await.unwrap_err();
            check_details(&status, &format!("{way:?}"));
            assert!(status.is_final(), "{way:?}");
            assert!(status.metadata().is_empty(), "{:?}", status.metadata());
        }
    }
}

#[tokio::test]
async fn what_a_server_has_not_is_named() {
    for way in WAYS {
        let world = World::of(way, Double::default().skeleton()).await;
        for (path, message) in [
            (
                "/test.v1.Talk/Sing",
                "this server has no method test.v1.Talk/Sing",
            ),
            (
                "/test.v1.Song/Sing",
                "this server has no service test.v1.Song; it has test.v1.Talk",
            ),
            (
                "/test.v1.Talk/once",
                "this server has no method test.v1.Talk/once",
            ),
        ] {
            let call = world.channel.call(RawCall::new(path, ""));
            let status = call.await.unwrap_err();
            assert_eq!(status.code(), Code::Unimplemented, "{way:?}");
            assert_eq!(status.message(), message, "{way:?}");
        }
        let empty = World::server(way, Server::new()).await;
        let status = empty.talk().once(Say::default()).await.unwrap_err();
        let message = "this server has no service test.v1.Talk; it has none";
        assert_eq!(status.message(), message, "{way:?}");
    }
}

#[tokio::test]
async fn peers_that_are_not_grpc_are_told_by_their_http_status() {
    for (http, code) in [
        (400, Code::Internal),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (404, Code::Unimplemented),
        (429, Code::Unavailable),
        (431, Code::ResourceExhausted),
        (502, Code::Unavailable),
        (503, Code::Unavailable),
        (504, Code::Unavailable),
        (500, Code::Unknown),
        (302, Code::Unknown),
    ] {
        let addr = peer::http2(move |_| peer::status(http)).await;
        let channel = Channel::to(&format!("http://{addr}")).unwrap();
        for status in failures_of_peer(channel).await {
            assert_eq!(status.code(), code, "{http}: {status}");
            assert!(status.message().contains(&http.to_string()), "{status}");
            assert!(status.to_string().contains(&addr.to_string()) || status.endpoint().is_none());
        }
    }
}

async fn failures_of_peer(channel: Channel) -> Vec<Status> {
    let talk = talk::Client::new(channel);
    let mut all = vec![talk.once(Say::default()).await.unwrap_err()];
    let mut down = talk.down(Say::default()).await.unwrap();
    all.push(down.next().await.unwrap_err());
    let (_out, up) = talk.up().await.unwrap();
    all.push(up.await.unwrap_err());
    let (_out, mut both) = talk.both().await.unwrap();
    all.push(both.headers().await.unwrap_err());
    all
}

/// Replies with status 200 that are no replies of gRPC.
#[tokio::test]
async fn broken_replies_are_told_apart() {
    let reply = |content_type: &'static str, data: &'static [u8], trailers: Option<HeaderMap>| {
        move |_| {
            http::Response::builder()
                .header("content-type", content_type)
                .body(Answer(Some(Bytes::from_static(data)), trailers.clone()))
                .unwrap()
        }
    };
    let trailers = |status: &'static str| {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", http::HeaderValue::from_static(status));
        Some(trailers)
    };
    let grpc = "application/grpc";
    let message = b"\0\0\0\0\0";
    for (content_type, data, trailers, code, says) in [
        (
            "text/html",
            &b"<html>"[..],
            None,
            Code::Unknown,
            "text/html",
        ),
        (grpc, message, None, Code::Unknown, "without a status"),
        (
            grpc,
            message,
            Some(HeaderMap::new()),
            Code::Unknown,
            "no grpc-status",
        ),
        (grpc, message, trailers("99"), Code::Unknown, "\"99\""),
        (grpc, b"", trailers("0"), Code::Internal, "no message"),
        (
            grpc,
            b"\0\0\0\0\0\0\0\0\0\0",
            trailers("0"),
            Code::Internal,
            "more than one",
        ),
        (
            grpc,
            b"\0\0\0\0\x05ab",
            trailers("0"),
            Code::Internal,
            "message",
        ),
        (
            grpc,
            b"\x01\0\0\0\0",
            trailers("0"),
            Code::Internal,
            "names no compression",
        ),
        (grpc, b"\x07\0\0\0\0", trailers("0"), Code::Internal, "7"),
        (
            grpc,
            b"\0\0\0\0\x01\x08",
            trailers("0"),
            Code::Internal,
            "does not decode",
        ),
        (
            grpc,
            b"\0\x7f\xff\xff\xff",
            None,
            Code::ResourceExhausted,
            "max_reply_bytes",
        ),
    ] {
        let addr = peer::http2(reply(content_type, data, trailers)).await;
        let channel = Channel::to(&format!("http://{addr}")).unwrap();
        let talk = talk::Client::new(channel);
        let status = talk.once(Say::default()).await.unwrap_err();
        assert_eq!(status.code(), code, "{data:?}: {status}");
        assert!(status.message().contains(says), "{status}");
        let (_out, reply) = talk.up().await.unwrap();
        let status = reply.await.unwrap_err();
        assert_eq!(status.code(), code, "{data:?}: {status}");
        assert!(status.message().contains(says), "{status}");
    }
}

/// All of a reply in one head: how others end a stream that has no message.
#[tokio::test]
async fn an_empty_stream_may_come_as_one_head() {
    let addr = peer::http2(|_| {
        http::Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", "0")
            .header("x-tail", "here")
            .body(Answer::default())
            .unwrap()
    })
    .await;
    let talk = talk::Client::new(Channel::to(&format!("http://{addr}")).unwrap());
    let mut down = talk.down(Say::default()).await.unwrap();
    assert_eq!(down.next().await.unwrap(), None);
    assert_eq!(down.trailers().get("x-tail"), Some("here"));
    let (_out, mut both) = talk.both().await.unwrap();
    assert_eq!(both.next().await.unwrap(), None);
    let status = talk.once(Say::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("no message"), "{status}");
}

#[tokio::test]
async fn an_http1_client_reads_what_is_spoken_here() {
    for way in [Way::Tcp, Way::Unix] {
        let world = World::parrot(way).await;
        let mut answer = String::new();
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        match way {
            Way::Unix => {
                let path = world.url.strip_prefix("unix:").unwrap();
                let mut io = tokio::net::UnixStream::connect(path).await.unwrap();
                io.write_all(request).await.unwrap();
                io.read_to_string(&mut answer).await.unwrap();
            }
            _ => {
                let addr = world.url.strip_prefix("http://").unwrap();
                let mut io = tokio::net::TcpStream::connect(addr).await.unwrap();
                io.write_all(request).await.unwrap();
                io.read_to_string(&mut answer).await.unwrap();
            }
        }
        assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
        assert!(answer.contains("gRPC over HTTP/2"), "{answer}");
        world.talk().once(Say::new("still there", 0)).await.unwrap();
    }
}

/// What is asked over HTTP/2 and is no call.
#[tokio::test]
async fn requests_that_are_no_calls_are_refused_in_http() {
    let world = World::parrot(Way::Tcp).await;
    let addr = world.url.strip_prefix("http://").unwrap();
    let io = tokio::net::TcpStream::connect(addr).await.unwrap();
    let (mut client, connection) = h2::client::handshake(io).await.unwrap();
    let driving = tokio::spawn(connection);
    for (method, header, value, http, grpc) in [
        (
            "GET",
            "content-type",
            "application/grpc",
            405,
            Err("takes only POST"),
        ),
        (
            "POST",
            "content-type",
            "application/json",
            415,
            Err("takes only content-type application/grpc"),
        ),
        (
            "POST",
            "x-nothing",
            "",
            415,
            Err("takes only content-type application/grpc"),
        ),
        ("POST", "grpc-timeout", "soon", 200, Ok("13")),
        ("POST", "grpc-timeout", "0n", 200, Ok("4")),
        ("POST", "grpc-encoding", "snappy", 200, Ok("12")),
    ] {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}/test.v1.Talk/Once", world.url))
            .header(header, value);
        if grpc.is_ok() {
            request = request.header("content-type", "application/grpc");
        }
        let (response, _) = client
            .send_request(request.body(()).unwrap(), true)
            .unwrap();
        let response = response.await.unwrap();
        assert_eq!(response.status().as_u16(), http, "{header}: {value}");
        let headers = response.headers();
        match grpc {
            Ok(code) => assert_eq!(headers["grpc-status"], code, "{header}: {value}"),
            // Whoever reads it knows what is expected here, and is not told of some peer.
            Err(expected) => {
                let message = headers["grpc-message"].to_str().unwrap();
                assert!(message.contains("this server speaks gRPC"), "{message}");
                assert!(message.contains(expected), "{message}");
                assert_eq!(headers["grpc-status"], "2", "{header}: {value}");
            }
        }
    }
    driving.abort();
}

async fn why(url: &str) -> Status {
    let channel = Channel::to(url).unwrap();
    let status = talk::Client::new(channel.clone()).once(Say::default());
    let status = status.await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let ready = channel.ready().await.unwrap_err();
    assert_eq!(ready.message(), status.message());
    status
}

#[tokio::test]
async fn a_connection_that_never_came_about_says_why_and_what_to_do() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refused = why(&format!("http://127.0.0.1:{port}")).await;
    let text = refused.to_string();
    for part in [
        "test.v1.Talk/Once: UNAVAILABLE: ",
        &format!("cannot connect to http://127.0.0.1:{port}"),
        "connection refused",
        "is a server listening there?",
    ] {
        assert!(text.contains(part), "{text:?} has no {part:?}");
    }

    let unknown = why("http://no-such-host.invalid:1").await.to_string();
    for part in ["http://no-such-host.invalid:1", "name not found", "spelt"] {
        assert!(unknown.contains(part), "{unknown:?} has no {part:?}");
    }

    let missing = why("unix:/no/such/socket").await.to_string();
    for part in ["unix:/no/such/socket", "no such socket file", "started"] {
        assert!(missing.contains(part), "{missing:?} has no {part:?}");
    }

    let both = Channel::builder("unix:/no/such/socket")
        .endpoint(format!("http://127.0.0.1:{port}"))
        .build()
        .unwrap();
    let both = both.ready().await.unwrap_err().to_string();
    assert!(both.contains("no such socket file"), "{both}");
    assert!(both.contains("connection refused"), "{both}");
}

/// Something answers there, but it is no server of ours.
#[tokio::test]
async fn a_peer_that_does_not_speak_http2_is_named() {
    for answer in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            while let Ok((mut io, _)) = listener.accept().await {
                let _ = io.write_all(answer).await;
                let _ = io.shutdown().await;
                let _ = io.read_to_end(&mut Vec::new()).await;
            }
        });
        let channel = Channel::to(&url).unwrap();
        let status = talk::Client::new(channel).once(Say::default());
        let status = status.await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        for part in [url.as_str(), "HTTP/2", "is it a gRPC server?"] {
            assert!(
                status.to_string().contains(part),
                "{status} has no {part:?}"
            );
        }
        serving.abort();
    }
}

#[test]
fn a_bad_url_is_a_status_in_a_function_that_returns_one() {
    let status = Status::from(Channel::to("cart.internal").unwrap_err());
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn the_error_of_a_stream_names_its_endpoint_too() {
    let world = World::parrot(Way::Tcp).await;
    let mut replies = world.talk().down(Say::new("fail", 1)).await.unwrap();
    replies.next().await.unwrap();
    let status = replies.next().await.unwrap_err();
    assert_eq!(status.endpoint(), Some(world.url.as_str()));
    assert_eq!(status.attempts(), 1);
    let text = status.to_string();
    let told = format!(
        "test.v1.Talk/Down: DATA_LOSS: told to (endpoint {}, after 1 attempt in ",
        world.url
    );
    assert!(text.starts_with(&told), "{text}");
}

#[tokio::test]
async fn a_raw_call_of_no_method_says_what_a_path_is() {
    for way in WAYS {
        let world = World::parrot(way).await;
        for path in ["nonsense path", "/", "", "/Service/", "//Method"] {
            let status = world
                .channel
                .call(RawCall::new(path, ""))
                .await
                .unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{path}");
            assert!(
                status.message().contains("/package.Service/Method"),
                "{status}"
            );
        }
    }
}
