//! Requests that are well-formed HTTP/2 and no calls, or bad ones: each gets its status, and its connection lives on.

use sinew::Code;
use sinew::testing::{ErrorCode, Fields, Frame, Reply, ReplyEnd};

use super::*;
use crate::double::events;

const ONCE: &str = "/test.v1.Talk/Once";
const UP: &str = "/test.v1.Talk/Up";

/// How a request is answered.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Http(u16),
    Grpc(u32),
    Reset(ErrorCode),
}

use Answer::{Grpc, Http, Reset};

fn grpc(code: Code) -> Answer {
    Grpc(code as u32)
}

fn answer(reply: &Reply) -> Answer {
    match (reply.end, reply.http_status(), reply.status()) {
        (ReplyEnd::Finished, Some(200), Some(code)) => Grpc(code),
        (ReplyEnd::Finished, Some(http), _) => Http(http),
        (ReplyEnd::Reset(code), ..) => Reset(code),
        other => panic!("{other:?}"),
    }
}

/// Sends each request on one connection, and asserts how it is answered.
async fn are_answered(cases: Vec<(&str, Fields, Vec<u8>, Answer)>) {
    let victim = Victim::new().await;
    let mut conn = victim.attacker().await;
    for (name, head, body, expected) in cases {
        let stream = conn.new_stream();
        let frames = [
            Frame::headers(stream, &head, false),
            Frame::data(stream, body, true),
        ];
        conn.send_all(frames).await.unwrap();
        let reply = conn.reply_on(stream).await.unwrap();
        assert_eq!(answer(&reply), expected, "{name}: {reply:?}");
        conn.ping().await.unwrap();
    }
    let stream = conn
        .unary(ONCE, said("the connection lives"))
        .await
        .unwrap();
    assert_eq!(conn.reply_on(stream).await.unwrap().status(), Some(0));
    victim.answers().await;
}

/// One message with this flag, and this length where it is not its own.
fn prefixed(flag: u8, len: Option<u32>, message: &[u8]) -> Vec<u8> {
    let len = len.unwrap_or(u32::try_from(message.len()).unwrap());
    [&[flag][..], &len.to_be_bytes(), message].concat()
}

fn once() -> Fields {
    Fields::request(ONCE)
}

fn fine() -> Vec<u8> {
    prefixed(0, None, &said("fine"))
}

#[tokio::test]
async fn messages_that_are_none() {
    let two = [fine(), fine()].concat();
    are_answered(vec![
        ("fine", once(), fine(), grpc(Code::Ok)),
        ("none", once(), vec![], grpc(Code::Internal)),
        ("two", once(), two, grpc(Code::Internal)),
        ("half a prefix", once(), vec![0, 0, 0], grpc(Code::Internal)),
        (
            "half a message",
            once(),
            prefixed(0, Some(10), b"abc"),
            grpc(Code::Internal),
        ),
        (
            "not protobuf",
            once(),
            prefixed(0, None, b"\x0a\xff"),
            grpc(Code::InvalidArgument),
        ),
        (
            "not UTF-8",
            once(),
            prefixed(0, None, b"\x0a\x01\xff"),
            grpc(Code::InvalidArgument),
        ),
        (
            "too large",
            once(),
            prefixed(0, Some(u32::MAX), b"abc"),
            grpc(Code::ResourceExhausted),
        ),
        (
            "an unknown flag",
            once(),
            prefixed(2, None, &said("x")),
            grpc(Code::Internal),
        ),
        (
            "the highest flag",
            once(),
            prefixed(255, None, &said("x")),
            grpc(Code::Internal),
        ),
    ])
    .await;
}

/// With and without the features that read compressed messages: garbage is no message.
#[tokio::test]
async fn compression_that_is_none() {
    let victim = Victim::new().await;
    let mut conn = victim.attacker().await;
    let compressed = prefixed(1, None, b"\x1f\x8b\x08 not gzip after all");
    for (encoding, expected) in [
        (None, &[Code::Unimplemented, Code::Internal][..]),
        (Some("identity"), &[Code::Unimplemented, Code::Internal]),
        (Some("gzip"), &[Code::Unimplemented, Code::Internal]),
        (Some("nonsense"), &[Code::Unimplemented]),
        (Some(""), &[Code::Unimplemented]),
    ] {
        let head = encoding.map_or(once(), |encoding| once().with("grpc-encoding", encoding));
        let stream = conn.request_with(&head, false).await.unwrap();
        conn.send(Frame::data(stream, compressed.clone(), true))
            .await
            .unwrap();
        let reply = conn.reply_on(stream).await.unwrap();
        let Grpc(code) = answer(&reply) else {
            panic!("{encoding:?}: {reply:?}")
        };
        assert!(
            expected.iter().any(|expected| *expected as u32 == code),
            "{encoding:?}: {reply:?}"
        );
    }
    victim.answers().await;
}

#[tokio::test]
async fn a_message_too_large_is_refused_before_it_comes() {
    let victim = Victim::new().await;
    let mut conn = victim.attacker().await;
    let stream = conn.request(ONCE).await.unwrap();
    // Not finished: the length alone is enough.
    conn.send(Frame::data(
        stream,
        prefixed(0, Some(4 << 20 | 1), b""),
        false,
    ))
    .await
    .unwrap();
    let reply = conn.reply_on(stream).await.unwrap();
    assert_eq!(reply.status(), Some(Code::ResourceExhausted as u32));
    assert!(reply.message().contains("max_request_bytes"), "{reply:?}");
}

#[tokio::test]
async fn heads_that_are_of_no_call() {
    let typed = |value: &str| once().set("content-type", value);
    let timed = |value: &[u8]| once().with("grpc-timeout", value);
    let to = |path: &str| once().set(":path", path);
    let by = |method: &str| once().set(":method", method);
    are_answered(vec![
        ("text", typed("text/plain"), fine(), Http(415)),
        ("grpc-web", typed("application/grpc-web"), fine(), Http(415)),
        ("no type", once().without("content-type"), fine(), Http(415)),
        (
            "a type of bytes",
            once().without("content-type").with("content-type", [0xff]),
            fine(),
            Http(415),
        ),
        (
            "a codec",
            typed("application/grpc+proto"),
            fine(),
            grpc(Code::Ok),
        ),
        ("GET", by("GET"), fine(), Http(405)),
        ("a method of nobody", by("BREW"), fine(), Http(405)),
        (
            "an unknown service",
            to("/no.Service/Once"),
            fine(),
            grpc(Code::Unimplemented),
        ),
        (
            "an unknown method",
            to("/test.v1.Talk/No"),
            fine(),
            grpc(Code::Unimplemented),
        ),
        ("the root", to("/"), fine(), grpc(Code::Unimplemented)),
        ("a star", to("*"), fine(), grpc(Code::Unimplemented)),
        (
            "an escaped letter",
            to("/test.v1.Talk/%4fnce"),
            fine(),
            grpc(Code::Unimplemented),
        ),
        (
            "a broken escape",
            to("/test.v1.Talk/%zz"),
            fine(),
            grpc(Code::Unimplemented),
        ),
        (
            "a slash more",
            to("//test.v1.Talk/Once"),
            fine(),
            grpc(Code::Unimplemented),
        ),
        (
            "text, of nobody",
            to("/no").without("content-type"),
            fine(),
            Http(404),
        ),
        ("no time", timed(b"soon"), fine(), grpc(Code::Internal)),
        ("an empty time", timed(b""), fine(), grpc(Code::Internal)),
        (
            "a time of nine digits",
            timed(b"123456789S"),
            fine(),
            grpc(Code::Internal),
        ),
        (
            "a negative time",
            timed(b"-1S"),
            fine(),
            grpc(Code::Internal),
        ),
        (
            "a time of bytes",
            timed(&[0xff, b'S']),
            fine(),
            grpc(Code::Internal),
        ),
        (
            "a time long over",
            timed(b"0n"),
            fine(),
            grpc(Code::DeadlineExceeded),
        ),
    ])
    .await;
}

/// RFC 9113, sections 8.2 and 8.3: a stream is all that such a request costs.
#[tokio::test]
async fn heads_that_are_malformed() {
    let fault = || Reset(ErrorCode::ProtocolError);
    let with = |name: &str, value: &str| once().with(name, value);
    are_answered(vec![
        ("connection", with("connection", "close"), fine(), fault()),
        (
            "transfer-encoding",
            with("transfer-encoding", "chunked"),
            fine(),
            fault(),
        ),
        (
            "te that is not trailers",
            once().set("te", "gzip"),
            fine(),
            fault(),
        ),
        ("two paths", with(":path", UP), fine(), fault()),
        (
            "a pseudo-header behind",
            with(":authority", "other"),
            fine(),
            fault(),
        ),
        (
            "a status",
            Fields::new().with(":status", "200"),
            fine(),
            fault(),
        ),
        ("no method", once().without(":method"), fine(), fault()),
        ("no scheme", once().without(":scheme"), fine(), fault()),
        ("no path", once().without(":path"), fine(), fault()),
        ("an empty path", once().set(":path", ""), fine(), fault()),
        (
            "more than it says",
            with("content-length", "3"),
            fine(),
            fault(),
        ),
        (
            "less than it says",
            with("content-length", "300"),
            fine(),
            fault(),
        ),
        (
            "a length of nothing",
            with("content-length", "x"),
            fine(),
            fault(),
        ),
    ])
    .await;
}

/// h2 takes names and values that HTTP does not have for broken blocks, which end the connection; the RFC asks for no
/// more than the stream. Others are served.
#[tokio::test]
async fn heads_of_no_known_text() {
    let victim = Victim::new().await;
    for (name, head) in [
        ("an uppercase name", once().with("X-Upper", "x")),
        ("a name with a space", once().with("x y", "x")),
        ("an empty name", once().with("", "x")),
        ("a value with a line", once().with("x", "a\r\nb: c")),
        (
            "an unknown pseudo-header",
            Fields::new().with(":sinew", "x"),
        ),
    ] {
        let mut conn = victim.attacker().await;
        conn.request_with(&head, true).await.unwrap();
        let closing = conn.closed().await.unwrap();
        assert_eq!(closing.code, Some(ErrorCode::ProtocolError), "{name}");
        victim.answers().await;
    }
}

/// What nobody can read of metadata is not there; the call is.
#[tokio::test]
async fn metadata_that_nobody_can_read() {
    let (tell, mut told) = events();
    let double = Double::default().once(move |cx, req| {
        let metadata = cx.metadata();
        let text = metadata.get("x-text").map(str::to_owned);
        let bytes = metadata.get_bin("x-bin").map(|bytes| bytes.to_vec());
        tell.tell((text, bytes));
        Box::pin(async move { Ok(req) })
    });
    let bound = Server::new()
        .add(double.skeleton())
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let addr = bound.local_addr().unwrap();
    tokio::spawn(bound.serve());
    let mut conn = Peer::connect(addr).await.unwrap();
    let cases: [(&[u8], &[u8], _, _); 5] = [
        (b"text", b"AQI=", Some("text"), Some(vec![1, 2])),
        (&[0xff, 0xfe], b"AQI", None, Some(vec![1, 2])),
        (b"a\tb", b"!!!", Some("a\tb"), None),
        (b"", b"A", Some(""), None),
        (b"%zz%", b"AQI=AQI=", Some("%zz%"), None),
    ];
    for (text, bin, read_text, read_bin) in cases {
        let head = once()
            .with("x-text", text)
            .with("x-bin", bin)
            .with("traceparent", text);
        let head = head.with("tracestate", [0xff]).with("grpc-unknown", [0x80]);
        let stream = conn.request_with(&head, false).await.unwrap();
        conn.send(Frame::message(stream, said("x"), true))
            .await
            .unwrap();
        let reply = conn.reply_on(stream).await.unwrap();
        assert_eq!(reply.status(), Some(0), "{reply:?}");
        told.expect((read_text.map(str::to_owned), read_bin)).await;
    }
}

/// Heads over the limit, by one large field or by many small ones.
#[tokio::test]
async fn heads_that_are_too_large() {
    let victim = Victim::new().await;
    let many = |count: u32| (0..count).fold(once(), |head, n| head.with(format!("x-{n}"), "x"));
    for (name, head, code) in [
        ("large", once().with("x", "y".repeat(70_000)), Some(431)),
        ("many", many(2000), Some(431)),
        ("far too large", once().with("x", "y".repeat(200_000)), None),
        ("far too many", many(20_000), None),
    ] {
        let mut conn = victim.attacker().await;
        let stream = conn.new_stream();
        let block = head.encode();
        let mut parts: Vec<_> = block.chunks(16_000).map(<[u8]>::to_vec).collect();
        let last = parts.pop().unwrap();
        let mut frames = Vec::new();
        for part in parts {
            frames.push(match frames.len() {
                0 => Frame::headers_part(stream, part, false),
                _ => Frame::continuation(stream, part, false),
            });
        }
        frames.push(Frame::continuation(stream, last, true));
        conn.send_all(frames).await.unwrap();
        match code {
            Some(code) => {
                let reply = conn.reply_on(stream).await.unwrap();
                assert_eq!(reply.http_status(), Some(code), "{name}: {reply:?}");
                conn.ping().await.unwrap();
            }
            None => {
                let closing = conn.closed().await.unwrap();
                assert_ne!(
                    closing.code,
                    Some(ErrorCode::NoError),
                    "{name}: {closing:?}"
                );
            }
        }
        victim.answers().await;
    }
}

/// A few bytes that stand for many: entries of the table, again and again.
#[test]
fn heads_that_unpack() {
    let attack = |size: u32| async move {
        let victim = Victim::new().await;
        let mut conn = victim.attacker().await;
        // One entry of 4,000 bytes, and then a byte for each time it is named.
        let entry = [&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'y'; 4000]].concat();
        let block = [&once().encode()[..], &entry, &vec![0xbe; 10_000]].concat();
        let attack = async {
            for _ in 0..size {
                let stream = conn.new_stream();
                let head = Frame::new(
                    sinew::testing::FrameKind::Headers,
                    0x5,
                    stream,
                    block.clone(),
                );
                if conn.send(head).await.is_err() {
                    break;
                }
            }
            conn.closed().await.unwrap()
        };
        let closing = victim.answers_during(attack).await;
        assert_ne!(closing.code, Some(ErrorCode::NoError));
    };
    holds_no_more("blocks that unpack to 40 MB", 5, MORE_BYTES, attack);
}
