//! Replies that are none, or bad ones: each has its status, and the next call is answered.

use bytes::Bytes;
use sinew::testing::{ErrorCode, Fields, Frame, FrameKind};
use sinew::{Code, Status};

use super::*;

type Frames = fn(u32) -> Vec<Frame>;

/// Whether the connection serves the next call, or has to be a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Lives,
    Closed,
}

use Then::{Closed, Lives};

/// How a unary call ends that is answered so, and then another.
async fn answered(frames: Frames, then: Then) -> Result<Say, Status> {
    let (peer, talk) = facing().await;
    let call = talk.once(Say::new("hi", 0)).timeout(ANSWERED_WITHIN);
    let call = tokio::spawn(call.into_future());
    let mut conn = peer.accept().await.unwrap();
    let request = conn.next_request().await.unwrap();
    conn.send_all(frames(request.stream)).await.unwrap();
    let result = call.await.unwrap();
    match then {
        Lives => is_answered(&peer, Some(&mut conn), &talk).await,
        Closed => is_answered(&peer, None, &talk).await,
    }
    result
}

fn head(stream: u32) -> Frame {
    Frame::headers(stream, &Fields::response(), false)
}

fn trailers(stream: u32, fields: Fields) -> Frame {
    Frame::headers(stream, &fields, true)
}

/// Only a head.
fn only(stream: u32, fields: Fields) -> Vec<Frame> {
    vec![Frame::headers(stream, &fields, true)]
}

fn prefixed(flag: u8, len: u32, message: &[u8]) -> Bytes {
    [&[flag][..], &len.to_be_bytes(), message].concat().into()
}

/// A reply of these bytes, which ends well.
fn body(stream: u32, bytes: impl Into<Bytes>) -> Vec<Frame> {
    let body = Frame::data(stream, bytes, false);
    vec![head(stream), body, trailers(stream, Fields::trailers(0))]
}

/// A reply with one good message that ends so.
fn ends(stream: u32, end: Fields) -> Vec<Frame> {
    let message = Frame::message(stream, said("fine"), false);
    vec![head(stream), message, trailers(stream, end)]
}

async fn have(cases: Vec<(&str, Frames, Code, &str)>) {
    for (name, frames, code, says) in cases {
        let status = answered(frames, Lives).await.expect_err(name);
        assert_eq!(status.code(), code, "{name}: {status}");
        assert!(status.message().contains(says), "{name}: {status}");
    }
}

#[tokio::test]
async fn heads_that_are_of_no_reply_have_a_status() {
    fn http(status: &str) -> Fields {
        Fields::new().with(":status", status)
    }
    fn typed(value: &[u8]) -> Fields {
        Fields::response().set("content-type", value)
    }
    have(vec![
        ("400", |s| only(s, http("400")), Code::Internal, "HTTP 400"),
        (
            "401",
            |s| only(s, http("401")),
            Code::Unauthenticated,
            "HTTP 401",
        ),
        (
            "404",
            |s| only(s, http("404")),
            Code::Unimplemented,
            "HTTP 404",
        ),
        (
            "431",
            |s| only(s, http("431")),
            Code::ResourceExhausted,
            "HTTP 431",
        ),
        (
            "503",
            |s| only(s, http("503")),
            Code::Unavailable,
            "HTTP 503",
        ),
        ("599", |s| only(s, http("599")), Code::Unknown, "HTTP 599"),
        (
            "503 that goes on",
            |s| vec![Frame::headers(s, &http("503"), false)],
            Code::Unavailable,
            "HTTP 503",
        ),
        (
            "no type",
            |s| only(s, http("200")),
            Code::Unknown,
            "content-type",
        ),
        (
            "text",
            |s| only(s, typed(b"text/html")),
            Code::Unknown,
            "text/html",
        ),
        (
            "a type of bytes",
            |s| only(s, typed(b"\xff")),
            Code::Unknown,
            "content-type",
        ),
        (
            "an encoding",
            |s| only(s, typed(b"application/grpc").with("grpc-encoding", "x")),
            Code::Internal,
            "\"x\"",
        ),
        (
            "no status",
            |s| only(s, Fields::new().with("x", "y")),
            Code::Internal,
            "protocol error",
        ),
    ])
    .await;
}

#[tokio::test]
async fn messages_that_are_none_have_a_status() {
    have(vec![
        (
            "none",
            |s| vec![head(s), trailers(s, Fields::trailers(0))],
            Code::Internal,
            "no message",
        ),
        (
            "two",
            |s| body(s, [prefixed(0, 0, b""), prefixed(0, 0, b"")].concat()),
            Code::Internal,
            "more than one",
        ),
        (
            "half a prefix",
            |s| body(s, "\0\0"),
            Code::Internal,
            "within a message",
        ),
        (
            "half a message",
            |s| body(s, prefixed(0, 9, b"x")),
            Code::Internal,
            "within a message",
        ),
        (
            "too large",
            |s| body(s, prefixed(0, u32::MAX, b"")),
            Code::ResourceExhausted,
            "max_reply_bytes",
        ),
        (
            "an unknown flag",
            |s| body(s, prefixed(2, 0, b"")),
            Code::Internal,
            "",
        ),
        (
            "not protobuf",
            |s| body(s, prefixed(0, 2, b"\x0a\xff")),
            Code::Internal,
            "does not decode",
        ),
        (
            "not UTF-8",
            |s| body(s, prefixed(0, 3, b"\x0a\x01\xff")),
            Code::Internal,
            "does not decode",
        ),
        (
            "an end without trailers",
            |s| vec![head(s), Frame::data(s, "", true)],
            Code::Unknown,
            "without a status",
        ),
    ])
    .await;
}

#[tokio::test]
async fn statuses_that_are_bad_are_statuses() {
    fn failed(status: &str) -> Fields {
        Fields::new().with("grpc-status", status)
    }
    fn details(value: &str) -> Fields {
        failed("5")
            .with("grpc-message", "m")
            .with("grpc-status-details-bin", value)
    }
    have(vec![
        (
            "letters",
            |s| ends(s, failed("abc")),
            Code::Unknown,
            "\"abc\"",
        ),
        (
            "no code",
            |s| ends(s, failed("17")),
            Code::Unknown,
            "\"17\"",
        ),
        ("empty", |s| ends(s, failed("")), Code::Unknown, ""),
        (
            "none",
            |s| ends(s, Fields::new().with("x", "y")),
            Code::Unknown,
            "no grpc-status",
        ),
        (
            "bytes",
            |s| ends(s, Fields::new().with("grpc-status", [0xff])),
            Code::Unknown,
            "",
        ),
        (
            "no escape",
            |s| ends(s, failed("5").with("grpc-message", "100%zz%")),
            Code::NotFound,
            "100%zz%",
        ),
        (
            "not UTF-8",
            |s| ends(s, failed("5").with("grpc-message", "a%ffb")),
            Code::NotFound,
            "a\u{fffd}b",
        ),
        (
            "raw bytes",
            |s| ends(s, failed("5").with("grpc-message", b"a\xffb")),
            Code::NotFound,
            "a\u{fffd}b",
        ),
        ("no base64", |s| ends(s, details("!")), Code::NotFound, "m"),
        (
            "no details",
            |s| ends(s, details("/////w")),
            Code::NotFound,
            "m",
        ),
        (
            "of another code",
            |s| ends(s, details("CAc")),
            Code::Internal,
            "contradicts",
        ),
        (
            "in the head",
            |s| only(s, Fields::response().with("grpc-status", "5")),
            Code::NotFound,
            "",
        ),
        (
            "two",
            |s| ends(s, failed("5").with("grpc-status", "6")),
            Code::NotFound,
            "",
        ),
    ])
    .await;
    // Metadata that nobody can read is not there.
    let odd: Frames = |s| {
        ends(
            s,
            Fields::trailers(0)
                .with("x-bin", "!")
                .with("x", [0xff])
                .with("grpc-odd", "?"),
        )
    };
    assert_eq!(answered(odd, Lives).await.unwrap(), Say::new("fine", 0));
}

/// gRPC's table of HTTP/2 codes; REFUSED_STREAM is in `unprocessed.rs`.
#[tokio::test]
async fn resets_have_the_status_of_their_code() {
    use ErrorCode as E;
    have(vec![
        (
            "NO_ERROR",
            |s| vec![Frame::reset(s, E::NoError)],
            Code::Internal,
            "reset the call",
        ),
        (
            "protocol error",
            |s| vec![Frame::reset(s, E::ProtocolError)],
            Code::Internal,
            "",
        ),
        (
            "INTERNAL_ERROR",
            |s| vec![Frame::reset(s, E::InternalError)],
            Code::Internal,
            "",
        ),
        (
            "FLOW_CONTROL_ERROR",
            |s| vec![Frame::reset(s, E::FlowControlError)],
            Code::Internal,
            "",
        ),
        (
            "CANCEL",
            |s| vec![Frame::reset(s, E::Cancel)],
            Code::Cancelled,
            "",
        ),
        (
            "ENHANCE_YOUR_CALM",
            |s| vec![Frame::reset(s, E::EnhanceYourCalm)],
            Code::ResourceExhausted,
            "",
        ),
        (
            "INADEQUATE_SECURITY",
            |s| vec![Frame::reset(s, E::InadequateSecurity)],
            Code::PermissionDenied,
            "",
        ),
        (
            "a code of nobody",
            |s| vec![Frame::reset(s, E::Unknown(0xffff))],
            Code::Internal,
            "",
        ),
        (
            "after a head",
            |s| vec![head(s), Frame::reset(s, E::Cancel)],
            Code::Cancelled,
            "",
        ),
        (
            "after a message",
            |s| {
                [
                    &body(s, prefixed(0, 0, b""))[..2],
                    &[Frame::reset(s, E::InternalError)],
                ]
                .concat()
            },
            Code::Internal,
            "",
        ),
    ])
    .await;
}

/// What no server may send ends the connection, and the calls on it; the next has a new one.
#[tokio::test]
async fn faults_end_the_connection() {
    let cases: Vec<(&str, Frames)> = vec![
        ("a status of letters", |s| {
            vec![Frame::headers(
                s,
                &Fields::new().with(":status", "abc"),
                true,
            )]
        }),
        ("a PING of a stream", |s| {
            vec![Frame::new(FrameKind::Ping, 0, s, vec![0; 8])]
        }),
        ("a payload over the limit", |s| {
            vec![head(s), Frame::data(s, vec![0; 16_385], false)]
        }),
        ("DATA before a head", |s| vec![Frame::data(s, "x", false)]),
        ("DATA of no stream", |s| {
            vec![head(s), Frame::data(s + 2, "x", false)]
        }),
        ("a window of 2³¹", |_| {
            vec![Frame::window_update(0, (1 << 31) - 1)]
        }),
        ("a broken block", |s| {
            vec![Frame::new(FrameKind::Headers, 4, s, vec![0x80])]
        }),
        ("CONTINUATION of nothing", |s| {
            vec![Frame::continuation(s, "", true)]
        }),
        ("an uppercase name", |s| {
            vec![Frame::headers(s, &Fields::response().with("X", "y"), false)]
        }),
        ("a push", |s| {
            vec![Frame::push_promise(s, 2, &Fields::request("/pushed"))]
        }),
        ("a stream of the server", |_| {
            vec![Frame::headers(2, &Fields::response(), false)]
        }),
    ];
    for (name, frames) in cases {
        let status = answered(frames, Closed).await.expect_err(name);
        assert_eq!(status.code(), Code::Unavailable, "{name}: {status}");
        let says = "the peer broke the rules of HTTP/2, and the connection was closed";
        assert!(status.message().starts_with(says), "{name}: {status}");
    }
}

/// Bytes of another protocol, or of none, in the place of settings.
#[tokio::test]
async fn what_is_no_http2_is_unavailable() {
    for garbage in [
        &b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x15\x03\x01\x00\x02\x02\x50",
        &[0xff; 100],
        &[0; 100],
    ] {
        let (peer, talk) = facing().await;
        let script = async {
            let mut conn = peer.accept_silent().await.unwrap();
            conn.raw(garbage).await.unwrap();
            // What comes back is a GOAWAY, or nothing.
            conn.eof().await.unwrap();
            conn
        };
        let call = talk.once(Say::new("hi", 0)).timeout(ANSWERED_WITHIN);
        let (result, _conn) = tokio::join!(call.into_future(), script);
        let status = result.unwrap_err();
        assert_eq!(
            status.code(),
            Code::Unavailable,
            "{}: {status}",
            garbage.escape_ascii()
        );
        for says in [peer.url().as_str(), "HTTP/2"] {
            assert!(
                status.message().contains(says),
                "{}: {status}",
                garbage.escape_ascii()
            );
        }
    }
}
