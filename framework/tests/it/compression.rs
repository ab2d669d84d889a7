//! Compression between both ends: sent where it is switched on, taken in any case, and refused where it is broken.

use std::io::Write as _;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use prost::Message as _;
use sinew::{
    Channel, ChannelBuilder, Code, Compression, Next, RawCall, RawReply, Server, Status, from_fn,
};

use crate::double::{Double, Tell, events};
use crate::peer::{self, Answer};
use crate::talk::{Say, talk};
use crate::world::{Parrot, WAYS, Way, World};

const BOTH: [Compression; 2] = [Compression::Gzip, Compression::Zstd];

fn name(compression: Compression) -> &'static str {
    match compression {
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        _ => unreachable!("there are two"),
    }
}

/// Becomes smaller.
fn large(count: u32) -> Say {
    Say::new(&"again and ".repeat(1000), count)
}

/// Is not worth it.
fn small(count: u32) -> Say {
    Say::new("short", count)
}

/// Echoes, and tells whether what it got was compressed. The first reply to an odd count stays as it is.
fn echo(tell: &Tell<bool>) -> Double {
    let [once, down, up, both] = [tell.clone(), tell.clone(), tell.clone(), tell.clone()];
    Double::default()
        .once(move |cx, say| {
            once.tell(cx.was_compressed());
            if say.count % 2 == 1 {
                cx.without_compression();
            }
            Box::pin(async move { Ok(say) })
        })
        .down(move |cx, say, out| {
            down.tell(cx.was_compressed());
            Box::pin(async move {
                out.compress(say.count % 2 == 0);
                out.send(say.clone()).await?;
                out.compress(true);
                out.send(say).await
            })
        })
        .up(move |cx, mut rx| {
            let tell = up.clone();
            Box::pin(async move {
                assert!(!cx.was_compressed());
                let mut last = Say::default();
                while let Some(say) = rx.next().await? {
                    tell.tell(rx.was_compressed());
                    last = say;
                }
                Ok(last)
            })
        })
        .both(move |_, mut rx, out| {
            let tell = both.clone();
            Box::pin(async move {
                while let Some(say) = rx.next().await? {
                    tell.tell(rx.was_compressed());
                    out.send(say).await?;
                }
                Ok(())
            })
        })
}

fn channel(world: &World, set: impl FnOnce(ChannelBuilder) -> ChannelBuilder) -> talk::Client {
    talk::Client::new(set(Channel::builder(&world.url)).build().unwrap())
}

/// Calls each shape with a large and a small message; all that was compressed on the way, there and back.
async fn flags(talk: &talk::Client, told: &mut crate::double::Events<bool>) -> [Vec<bool>; 4] {
    let mut once = Vec::new();
    for say in [large(0), small(0)] {
        let reply = talk.once(say.clone()).with_response().await.unwrap();
        assert_eq!(reply.message, say);
        once.extend([told.next().await, reply.was_compressed]);
    }
    let mut down = Vec::new();
    let mut heard = talk.down(large(0)).await.unwrap();
    assert!(!heard.was_compressed(), "nothing has come");
    down.push(told.next().await);
    while let Some(say) = heard.next().await.unwrap() {
        assert_eq!(say, large(0));
        down.push(heard.was_compressed());
    }
    let (mut out, reply) = talk.up().await.unwrap();
    let mut up = Vec::new();
    for say in [small(0), large(0)] {
        out.send(say).await.unwrap();
        up.push(told.next().await);
    }
    out.finish();
    let reply = reply.with_response().await.unwrap();
    assert_eq!(reply.message, large(0));
    up.push(reply.was_compressed);
    let (mut out, mut heard) = talk.both().await.unwrap();
    let mut both = Vec::new();
    for say in [large(1), small(2), large(3)] {
        out.send(say.clone()).await.unwrap();
        both.push(told.next().await);
        assert_eq!(heard.next().await.unwrap(), Some(say));
        both.push(heard.was_compressed());
    }
    out.finish();
    assert_eq!(heard.next().await.unwrap(), None);
    [once, down, up, both]
}

/// What [`flags`] gives by who compresses.
fn wanted(client: bool, server: bool) -> [Vec<bool>; 4] {
    let (c, s) = (client, server);
    [
        vec![c, s, false, false],
        vec![c, s, s],
        vec![false, c, s],
        vec![c, s, false, false, c, s],
    ]
}

#[tokio::test]
async fn what_is_switched_on_is_compressed_and_nothing_else() {
    for way in WAYS {
        for compression in BOTH {
            for (client, server) in [(false, false), (true, false), (false, true), (true, true)] {
                let context = format!("{way:?} {compression:?} {client} {server}");
                let (tell, mut told) = events();
                let mut serve = Server::new().add(echo(&tell).skeleton());
                if server {
                    serve = serve.compress(compression);
                }
                let set = |builder: ChannelBuilder| match client {
                    true => builder.compress(compression),
                    false => builder,
                };
                if way == Way::InProcess {
                    let channel = set(Channel::builder("")).build_in_process(serve);
                    let got = flags(&talk::Client::new(channel), &mut told).await;
                    assert_eq!(got, wanted(false, false), "{context}");
                    continue;
                }
                let world = World::server(way, serve).await;
                let got = flags(&channel(&world, set), &mut told).await;
                assert_eq!(got, wanted(client, server), "{context}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_says_otherwise_than_its_channel() {
    let (tell, mut told) = events();
    let world = World::of(Way::Tcp, echo(&tell).skeleton()).await;
    let plain = world.talk();
    let gzip = channel(&world, |builder| builder.compress(Compression::Gzip));
    for (call, compressed) in [
        (plain.once(large(0)), false),
        (plain.once(large(0)).compress(Compression::Gzip), true),
        (gzip.once(large(0)), true),
        (gzip.once(large(0)).compress(Compression::Zstd), true),
        (gzip.once(large(0)).without_compression(), false),
    ] {
        assert_eq!(call.await.unwrap(), large(0));
        told.expect(compressed).await;
    }
    for (call, compressed) in [
        (plain.up().compress(Compression::Zstd), true),
        (gzip.up().without_compression(), false),
    ] {
        let (mut out, reply) = call.await.unwrap();
        out.send(large(0)).await.unwrap();
        out.finish();
        assert_eq!(reply.await.unwrap(), large(0));
        told.expect(compressed).await;
    }
    let bytes = large(0).encode_to_vec();
    for (call, compressed) in [
        (
            RawCall::new("/test.v1.Talk/Once", bytes.clone()).compress(Compression::Zstd),
            true,
        ),
        (
            RawCall::new("/test.v1.Talk/Once", bytes.clone()).without_compression(),
            false,
        ),
    ] {
        let reply = world.channel.call(call).await.unwrap();
        assert_eq!(reply.message().unwrap(), bytes);
        told.expect(compressed).await;
    }
    // In process there is no wire to save bytes on.
    let local = Channel::in_process(echo(&tell).skeleton());
    let local = talk::Client::new(local);
    let (mut out, reply) = local.up().compress(Compression::Zstd).await.unwrap();
    out.send(large(0)).await.unwrap();
    out.finish();
    assert_eq!(reply.await.unwrap(), large(0));
    told.expect(false).await;
}

#[tokio::test]
async fn messages_are_left_as_they_are_one_by_one() {
    let (tell, mut told) = events();
    let server = Server::new()
        .add(echo(&tell).skeleton())
        .compress(Compression::Gzip);
    let world = World::server(Way::Tcp, server).await;
    let talk = channel(&world, |builder| builder.compress(Compression::Gzip));
    let reply = talk.once(large(1)).with_response().await.unwrap();
    assert!(!reply.was_compressed, "the handler said so");
    told.expect(true).await;
    let mut heard = talk.down(large(1)).await.unwrap();
    told.expect(true).await;
    for compressed in [false, true] {
        assert_eq!(heard.next().await.unwrap(), Some(large(1)));
        assert_eq!(heard.was_compressed(), compressed);
    }
    let (mut out, reply) = talk.up().await.unwrap();
    for compressed in [true, false, true] {
        out.compress(compressed);
        out.send(large(0)).await.unwrap();
        told.expect(compressed).await;
    }
    out.finish();
    reply.await.unwrap();
}

/// Layers on both sides see the message as it is, and change nothing in how it travels.
#[tokio::test]
async fn layers_see_messages_as_they_are() {
    async fn read(mut call: RawCall, next: Next) -> Result<RawReply, Status> {
        let message = match call.message() {
            Some(message) => message,
            None => call.read_message().await?,
        };
        assert_eq!(message, large(0).encode_to_vec());
        let reply = next.run(call).await?;
        assert_eq!(reply.message().unwrap(), large(0).encode_to_vec());
        Ok(reply)
    }
    let (tell, mut told) = events();
    let server = Server::new()
        .add(echo(&tell).skeleton().layer(from_fn(read)))
        .layer(from_fn(read))
        .compress(Compression::Zstd);
    let world = World::server(Way::Tcp, server).await;
    let talk = channel(&world, |builder| {
        builder
            .compress(Compression::Gzip)
            .layer(from_fn(read))
            .attempt_layer(from_fn(read))
    });
    let reply = talk.once(large(0)).with_response().await.unwrap();
    told.expect(true).await;
    assert!(reply.was_compressed);
}

fn packed(compression: &str, message: &[u8]) -> Vec<u8> {
    match compression {
        "gzip" => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            out.write_all(message).unwrap();
            out.finish().unwrap()
        }
        _ => zstd::bulk::compress(message, 19).unwrap(),
    }
}

fn framed(flag: u8, message: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(flag);
    out.put_u32(message.len() as u32);
    out.put_slice(message);
    out.freeze()
}

/// How a compressed message can be wrong: what the head says, the message, and what both sides say of it.
fn wrong() -> Vec<(&'static str, Bytes, Code, &'static str)> {
    let zeros = vec![0; 8 * 1024 * 1024];
    let say = large(0).encode_to_vec();
    let mut wrong = vec![
        ("", framed(1, &say), Code::Internal, "names no compression"),
        (
            "identity",
            framed(1, &say),
            Code::Internal,
            "names no compression",
        ),
    ];
    for name in ["gzip", "zstd"] {
        let whole = packed(name, &say);
        let other = if name == "gzip" { "zstd" } else { "gzip" };
        let half = whole.get(..whole.len() / 2).unwrap();
        wrong.extend([
            (name, framed(1, &say), Code::Internal, name),
            (name, framed(1, b""), Code::Internal, "empty"),
            (name, framed(1, half), Code::Internal, name),
            (
                name,
                framed(1, &[&whole[..], b"more"].concat()),
                Code::Internal,
                "4 bytes stand behind",
            ),
            (name, framed(1, &packed(other, &say)), Code::Internal, name),
            (
                name,
                framed(1, &packed(name, &zeros)),
                Code::ResourceExhausted,
                "over the limit of 4194304 bytes; raise it with `",
            ),
        ]);
    }
    wrong
}

#[tokio::test]
async fn what_is_wrong_with_a_reply_is_told_to_the_caller() {
    for (encoding, body, code, says) in wrong().into_iter().chain([(
        "snappy",
        framed(0, b""),
        Code::Internal,
        "\"snappy\", which is not taken here; what is: identity,gzip,zstd",
    )]) {
        let shown = format!("{encoding} {says}");
        let addr = peer::http2(move |_| {
            let mut head = Response::builder().header("content-type", "application/grpc");
            if !encoding.is_empty() {
                head = head.header("grpc-encoding", encoding);
            }
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            head.body(Answer(Some(body.clone()), Some(trailers)))
                .unwrap()
        })
        .await;
        let talk = talk::Client::new(Channel::to(&format!("http://{addr}")).unwrap());
        let mut ends = vec![talk.once(small(0)).await.unwrap_err()];
        ends.push(talk.down(small(0)).await.unwrap().next().await.unwrap_err());
        let (_out, reply) = talk.up().await.unwrap();
        ends.push(reply.await.unwrap_err());
        for status in ends {
            assert_eq!(status.code(), code, "{shown}: {status}");
            assert!(status.message().contains(says), "{shown}: {status}");
        }
    }
}

/// One request of a client that knows HTTP/2 alone: the head of the reply, its data, and the status.
async fn ask(
    world: &World,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> (HeaderMap, Vec<u8>, HeaderMap) {
    let addr = world.url.strip_prefix("http://").unwrap();
    let io = tokio::net::TcpStream::connect(addr).await.unwrap();
    let (mut client, connection) = h2::client::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method("POST")
        .uri(format!("{}/test.v1.Talk/{path}", world.url))
        .header("te", "trailers")
        .header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (response, mut stream) = client
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    stream.send_data(body, true).unwrap();
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut data = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        body.flow_control().release_capacity(piece.len()).unwrap();
        data.extend_from_slice(&piece);
    }
    let trailers = body.trailers().await.unwrap();
    (head.headers.clone(), data, trailers.unwrap_or(head.headers))
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_to_the_peer() {
    let world = World::parrot(Way::Tcp).await;
    for (encoding, body, code, says) in wrong() {
        for path in ["Once", "Down", "Up", "Both"] {
            let headers = [("grpc-encoding", encoding)];
            let headers = headers.get(usize::from(encoding.is_empty())..).unwrap();
            let (_, _, status) = ask(&world, path, headers, body.clone()).await;
            let shown = format!("{path} {encoding} {says}: {status:?}");
            assert_eq!(
                status["grpc-status"],
                i32::from(code).to_string(),
                "{shown}"
            );
            let message = status["grpc-message"].to_str().unwrap();
            assert!(message.contains(says), "{shown}");
        }
    }
    // A compression that is not built in: so says the status, and a header what is.
    let unknown = [("grpc-encoding", "snappy")];
    let (head, _, status) = ask(&world, "Once", &unknown, framed(0, b"")).await;
    assert_eq!(status["grpc-status"], "12");
    assert_eq!(head["grpc-accept-encoding"], "identity,gzip,zstd");
    let message = status["grpc-message"].to_str().unwrap();
    assert!(message.contains("snappy"), "{message}");
}

#[tokio::test]
async fn a_reply_is_compressed_for_those_who_take_it() {
    let say = large(0).encode_to_vec();
    for compression in BOTH {
        let name = name(compression);
        let server = Server::new()
            .add(talk::server(Parrot))
            .compress(compression);
        let world = World::server(Way::Tcp, server).await;
        for (accepts, compressed) in [
            (None, false),
            (Some("identity"), false),
            (Some("deflate"), false),
            (Some("identity, deflate, gzip,zstd"), true),
        ] {
            let headers: Vec<_> = accepts
                .map(|accepts| ("grpc-accept-encoding", accepts))
                .into_iter()
                .collect();
            for path in ["Once", "Both"] {
                let body = framed(0, &say);
                let (head, data, status) = ask(&world, path, &headers, body.clone()).await;
                assert_eq!(status["grpc-status"], "0");
                assert!(!head.contains_key("grpc-accept-encoding"), "it costs bytes");
                if compressed {
                    assert_eq!(head["grpc-encoding"], name, "{path}");
                    assert_eq!(data[0], 1, "{path} {name} {accepts:?}");
                    assert!(data.len() < say.len() / 10);
                } else {
                    assert!(!head.contains_key("grpc-encoding"), "{path} {accepts:?}");
                    assert_eq!(data, body, "{path} {name} {accepts:?}");
                }
            }
        }
        // Too small for it: then nothing says so, either.
        let accepts = [("grpc-accept-encoding", name)];
        let body = framed(0, &small(0).encode_to_vec());
        let (head, data, _) = ask(&world, "Once", &accepts, body.clone()).await;
        assert!(!head.contains_key("grpc-encoding"));
        assert_eq!(data, body);
    }
}

/// What a client says: always what it takes, and what it sends where that is switched on.
#[tokio::test]
async fn a_client_says_what_it_takes_and_what_it_sends() {
    let (tell, mut told) = events();
    let addr = peer::http2(move |request| {
        let headers = request.headers();
        let value = |name| headers.get(name).map(|v| v.to_str().unwrap().to_owned());
        tell.tell((value("grpc-accept-encoding"), value("grpc-encoding")));
        peer::status(503)
    })
    .await;
    let talk = talk::Client::new(Channel::to(&format!("http://{addr}")).unwrap());
    let takes = Some("identity,gzip,zstd".to_owned());
    talk.once(large(0)).await.unwrap_err();
    told.expect((takes.clone(), None)).await;
    for compression in BOTH {
        let sends = Some(name(compression).to_owned());
        let once = talk.once(small(0)).compress(compression).await;
        assert_eq!(once.unwrap_err().code(), Code::Unavailable);
        told.expect((takes.clone(), sends.clone())).await;
        let _both = talk.both().compress(compression).await.unwrap();
        told.expect((takes.clone(), sends)).await;
    }
}

/// A call that was turned away unseen is sent once more, and is compressed as it was.
#[tokio::test]
async fn a_call_that_is_sent_once_more_is_compressed_as_before() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (tell, mut told) = events();
    tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(io).await.unwrap();
        let mut refuse = true;
        while let Some(accepted) = connection.accept().await {
            let (request, mut respond) = accepted.unwrap();
            let tell = tell.clone();
            let this = refuse;
            refuse = !refuse;
            let refuse = this;
            tokio::spawn(async move {
                assert_eq!(request.headers()["grpc-encoding"], "gzip");
                let mut body = request.into_body();
                let mut data = Vec::new();
                while let Some(piece) = body.data().await {
                    data.extend_from_slice(&piece.unwrap());
                }
                tell.tell((refuse, data.clone()));
                if refuse {
                    respond.send_reset(h2::Reason::REFUSED_STREAM);
                    return;
                }
                let head = Response::builder()
                    .header("content-type", "application/grpc")
                    .header("grpc-encoding", "gzip")
                    .body(())
                    .unwrap();
                let mut stream = respond.send_response(head, false).unwrap();
                stream.send_data(data.into(), false).unwrap();
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", "0".parse().unwrap());
                stream.send_trailers(trailers).unwrap();
            });
        }
    });
    let builder = Channel::builder(format!("http://{addr}")).compress(Compression::Gzip);
    let talk = talk::Client::new(builder.build().unwrap());
    let reply = talk.once(large(0)).with_response().await.unwrap();
    assert_eq!(reply.message, large(0));
    assert!(reply.was_compressed);
    let (mut out, reply) = talk.up().await.unwrap();
    out.send(large(0)).await.unwrap();
    out.finish();
    assert_eq!(reply.await.unwrap(), large(0));
    for _ in ["once", "up"] {
        let [first, second] = [told.next().await, told.next().await];
        assert_eq!((first.0, second.0), (true, false));
        assert_eq!(first.1, second.1, "the same bytes");
        assert_eq!(first.1[0], 1, "compressed");
    }
}
