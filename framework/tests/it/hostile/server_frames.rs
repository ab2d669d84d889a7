//! Frames that no client may send: the connection is closed, with a code that says why, and others are served.

use sinew::testing::{Closed, Closing, ErrorCode, Event, Fields, Frame, FrameKind, Setting};

use super::*;

const ONCE: &str = "/test.v1.Talk/Once";
const UP: &str = "/test.v1.Talk/Up";

fn head(stream: u32) -> Frame {
    Frame::headers(stream, &Fields::request(UP), false)
}

fn of(kind: FrameKind, stream: u32, payload: impl Into<bytes::Bytes>) -> Frame {
    Frame::new(kind, 0, stream, payload)
}

fn settings(setting: Setting, value: u32) -> Frame {
    Frame::settings(&[(setting, value)])
}

/// RFC 9113 has other codes for some of them (sizes, compression); h2 says PROTOCOL_ERROR, and closes as it should.
#[tokio::test]
async fn close_the_connection_and_no_other() {
    use ErrorCode::{FlowControlError, FrameSizeError, ProtocolError};
    const MAX: u32 = 1 << 31;
    let block = Fields::request(UP).encode();
    let cases: Vec<(&str, Vec<Frame>, ErrorCode)> = vec![
        (
            "a payload over the limit",
            vec![head(1), Frame::data(1, vec![0; 16_385], false)],
            FrameSizeError,
        ),
        (
            "a PING of 7 bytes",
            vec![of(FrameKind::Ping, 0, vec![0; 7])],
            ProtocolError,
        ),
        (
            "a PING of a stream",
            vec![of(FrameKind::Ping, 1, vec![0; 8])],
            ProtocolError,
        ),
        (
            "SETTINGS of 5 bytes",
            vec![of(FrameKind::Settings, 0, vec![0; 5])],
            ProtocolError,
        ),
        (
            "SETTINGS of a stream",
            vec![of(FrameKind::Settings, 1, vec![])],
            ProtocolError,
        ),
        (
            "an answer to SETTINGS with some",
            vec![Frame::new(FrameKind::Settings, 1, 0, vec![0; 6])],
            ProtocolError,
        ),
        (
            "ENABLE_PUSH of 2",
            vec![settings(Setting::EnablePush, 2)],
            ProtocolError,
        ),
        (
            "a window of 2³¹ for streams",
            vec![settings(Setting::InitialWindowSize, MAX)],
            ProtocolError,
        ),
        (
            "frames of 100 bytes",
            vec![settings(Setting::MaxFrameSize, 100)],
            ProtocolError,
        ),
        (
            "a window wider by 0",
            vec![Frame::window_update(0, 0)],
            ProtocolError,
        ),
        (
            "a window of 2³¹",
            vec![Frame::window_update(0, MAX - 1); 2],
            FlowControlError,
        ),
        (
            "a window of 3 bytes",
            vec![of(FrameKind::WindowUpdate, 0, vec![0; 3])],
            ProtocolError,
        ),
        (
            "a window of an idle stream",
            vec![Frame::window_update(5, 1)],
            ProtocolError,
        ),
        (
            "DATA of the connection",
            vec![Frame::data(0, "x", false)],
            ProtocolError,
        ),
        (
            "DATA of an idle stream",
            vec![Frame::data(5, "x", false)],
            ProtocolError,
        ),
        (
            "DATA of more padding than it has",
            vec![head(1), Frame::new(FrameKind::Data, 8, 1, "\x09x")],
            ProtocolError,
        ),
        ("HEADERS of the connection", vec![head(0)], ProtocolError),
        ("HEADERS of an even stream", vec![head(2)], ProtocolError),
        (
            "HEADERS of a stream below the last",
            vec![head(9), head(7)],
            ProtocolError,
        ),
        (
            "a block of no fields",
            vec![Frame::new(FrameKind::Headers, 4, 1, vec![0x80])],
            ProtocolError,
        ),
        (
            "a block that ends too soon",
            vec![Frame::new(FrameKind::Headers, 4, 1, block.slice(..9))],
            ProtocolError,
        ),
        (
            "RST_STREAM of the connection",
            vec![Frame::reset(0, ErrorCode::Cancel)],
            ProtocolError,
        ),
        (
            "RST_STREAM of an idle stream",
            vec![Frame::reset(5, ErrorCode::Cancel)],
            ProtocolError,
        ),
        (
            "RST_STREAM of 3 bytes",
            vec![head(1), of(FrameKind::Reset, 1, vec![0; 3])],
            ProtocolError,
        ),
        (
            "PRIORITY of the connection",
            vec![Frame::priority(0, 1, 1)],
            ProtocolError,
        ),
        (
            "PRIORITY of 4 bytes",
            vec![of(FrameKind::Priority, 1, vec![0; 4])],
            ProtocolError,
        ),
        (
            "GOAWAY of 7 bytes",
            vec![of(FrameKind::GoAway, 0, vec![0; 7])],
            ProtocolError,
        ),
        (
            "PUSH_PROMISE",
            vec![head(1), Frame::push_promise(1, 2, &Fields::request(UP))],
            ProtocolError,
        ),
        (
            "CONTINUATION of nothing",
            vec![Frame::continuation(1, block.clone(), true)],
            ProtocolError,
        ),
        (
            "another frame within a block",
            vec![
                Frame::headers_part(1, block.clone(), false),
                Frame::ping([0; 8]),
            ],
            ProtocolError,
        ),
        (
            "CONTINUATION of another stream",
            vec![
                Frame::headers_part(1, block.clone(), false),
                Frame::continuation(3, "", true),
            ],
            ProtocolError,
        ),
    ];
    let victim = Victim::new().await;
    for (name, frames, code) in cases {
        let mut conn = victim.attacker().await;
        conn.send_all(frames).await.unwrap();
        let closing = conn
            .closed()
            .await
            .unwrap_or_else(|failed| panic!("{name}: {failed}"));
        // A reset of TCP may overtake the GOAWAY where bytes were left unread.
        if let Some(said) = closing.code {
            assert_eq!(said, code, "{name}");
        }
        victim.answers().await;
    }
}

#[tokio::test]
async fn what_is_cut_off_in_the_middle_ends_without_a_word() {
    let victim = Victim::new().await;
    let call = [
        head(1).encode(),
        Frame::message(1, said("x"), false).encode(),
    ]
    .concat();
    for cut in 0..call.len() {
        let mut conn = victim.attacker().await;
        conn.raw(&call[..cut]).await.unwrap();
        conn.eof().await.unwrap();
        let Closing { how, .. } = conn.closed().await.unwrap();
        assert_eq!(how, Closed::Eof, "after {cut} bytes");
    }
    victim.answers().await;
}

#[tokio::test]
async fn what_is_no_http2_is_refused() {
    let victim = Victim::new().await;
    for (garbage, reason) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], "tls"),
        (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "unknown"),
        (
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            "unknown",
        ),
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", "http1"),
    ] {
        let mut conn = Peer::connect_silent(victim.addr).await.unwrap();
        conn.answers(false).reads(false).raw(garbage).await.unwrap();
        conn.eof().await.unwrap();
        // What comes back, if anything, is not HTTP/2.
        conn.reads(true);
        let _ = conn.closed().await;
        while victim.recorder.refused_connections(reason) == 0 {
            tokio::task::yield_now().await;
        }
        victim.answers().await;
    }
    // The preface, and then no frame: nothing of it is taken for one.
    let mut conn = Peer::connect_silent(victim.addr).await.unwrap();
    conn.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    conn.raw([0xff; 64]).await.unwrap();
    let closing = conn.closed().await.unwrap();
    assert!(matches!(
        closing.code,
        None | Some(ErrorCode::FrameSizeError | ErrorCode::ProtocolError)
    ));
    victim.answers().await;
}

/// What comes behind the end of a request changes nothing of it (RFC 9113, section 5.1).
#[tokio::test]
async fn frames_behind_the_end_of_a_request_are_taken() {
    let victim = Victim::new().await;
    // The largest window cannot grow.
    let mut conn = Peer::connect_silent(victim.addr).await.unwrap();
    conn.handshake_with(&[]).await.unwrap();
    let frames: [fn(u32) -> Frame; 2] = [
        |stream| Frame::window_update(stream, 1),
        |stream| Frame::priority(stream, 0, 255),
    ];
    for frame in frames {
        let stream = conn.new_stream();
        let call = [
            Frame::headers(stream, &Fields::request(ONCE), false),
            Frame::message(stream, said("hello"), true),
            frame(stream),
        ];
        conn.send_all(call).await.unwrap();
        let reply = conn.reply_on(stream).await.unwrap();
        assert_eq!(reply.status(), Some(0));
    }
}

/// A reply comes in pieces of what its client has room for, whenever that changes (RFC 9113, sections 6.5.3 and 6.9.2).
#[tokio::test]
async fn windows_of_clients_are_kept() {
    let victim = Victim::new().await;
    let window = |bytes| (Setting::InitialWindowSize, bytes);
    type Changes = [(Vec<Frame>, usize)];
    let cases: &[(&[(Setting, u32)], &Changes)] = &[
        (&[window(1)], &[(vec![], 1)]),
        // Of two values the later holds.
        (&[window(100), window(1)], &[(vec![], 1)]),
        (&[window(0)], &[(vec![Frame::settings(&[window(1)])], 1)]),
        // From 3 that were used up to 2 is below zero.
        (
            &[window(3)],
            &[
                (vec![], 3),
                (
                    vec![Frame::settings(&[window(2)]), Frame::window_update(1, 2)],
                    1,
                ),
            ],
        ),
    ];
    for (settings, changes) in cases {
        let mut conn = Peer::connect_silent(victim.addr).await.unwrap();
        conn.handshake_with(settings).await.unwrap();
        let stream = conn.unary(ONCE, said("hello")).await.unwrap();
        for (frames, bytes) in *changes {
            conn.send_all(frames.clone()).await.unwrap();
            let data = conn
                .wait_for("DATA", |event| matches!(event, Event::Data { .. }))
                .await;
            let Event::Data { data, .. } = data.unwrap() else {
                continue;
            };
            assert_eq!(data.len(), *bytes, "{settings:?}");
        }
        // No more than that before there is room.
        conn.ping().await.unwrap();
        let pieces = conn.log().matches("< DATA").count();
        assert_eq!(pieces, changes.len(), "{settings:?}: {}", conn.log());
        conn.send(Frame::window_update(stream, 1 << 16))
            .await
            .unwrap();
        assert_eq!(conn.reply_on(stream).await.unwrap().status(), Some(0));
    }
}
