//! Floods of a server: a call among them ends, well or with a status, within its deadline, and memory does not grow
//! with them.

use std::pin::pin;

use sinew::testing::{ErrorCode, Fields, FloodEnd, Frame, FrameKind, Setting};
use sinew::{Code, Status};

use super::*;

/// How often a flood repeats itself, the short one; the long one does four times as often.
const SHORT: u32 = 1500;

type Flooding = Box<dyn Iterator<Item = Frame>>;

/// How the call ends that is open while its server floods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// It is answered behind the flood.
    Answered,
    /// The connection was closed over it.
    Fails(Code),
}

use Call::{Answered, Fails};

fn called(result: Result<Say, Status>) -> Call {
    match result {
        Ok(_) => Answered,
        Err(status) => Fails(status.code()),
    }
}

/// Floods a client, with a call open on stream 1 that is answered behind it.
fn floods(name: &str, expected: Call, frames: impl Fn(u32) -> Flooding) {
    let attack = |size| {
        let frames = frames(size);
        async move {
            let (peer, talk) = facing().await;
            let call = talk.once(Say::new("hi", 0)).timeout(ANSWERED_WITHIN);
            let call = tokio::spawn(call.into_future());
            let mut conn = peer.accept().await.unwrap();
            let stream = conn.next_request().await.unwrap().stream;
            let flood = conn.flood(frames).await;
            // Where the connection is closed, there is nobody to tell.
            let _ = conn.reply(stream, said("answered")).await;
            let outcome = called(call.await.unwrap());
            assert_eq!(outcome, expected, "{name}: {flood:?}\n{}", conn.log());
            // On the same connection, if it lives; else its end comes first.
            let call = talk
                .once(Say::default())
                .wait_for_ready()
                .timeout(ANSWERED_WITHIN);
            let call = tokio::spawn(call.into_future());
            match conn.next_request().await {
                Ok(request) => {
                    // What is left of the flood is heard in turns, and may break the connection only now.
                    let _ = conn.reply(request.stream, "").await;
                    let last = called(call.await.unwrap());
                    assert!(
                        matches!(last, Answered | Fails(Code::Unavailable)),
                        "{name}: {last:?}"
                    );
                }
                Err(_) => {
                    conn = peer.accept().await.unwrap();
                    let request = conn.next_request().await.unwrap();
                    conn.reply(request.stream, "").await.unwrap();
                    call.await.unwrap().unwrap();
                }
            }
            drop(talk);
            conn.closed().await.unwrap();
        }
    };
    holds_no_more(name, SHORT, MORE_BYTES, attack);
}

/// The same frame again and again.
fn same(frame: Frame) -> impl Fn(u32) -> Flooding {
    move |size| Box::new(std::iter::repeat_n(frame.clone(), size as usize))
}

/// One frame behind another.
fn behind(first: Frame, then: Frame) -> impl Fn(u32) -> Flooding {
    move |size| {
        let then = std::iter::repeat_n(then.clone(), size as usize);
        Box::new(std::iter::once(first.clone()).chain(then))
    }
}

fn head() -> Frame {
    Frame::headers(1, &Fields::response(), false)
}

#[test]
fn of_the_connection() {
    let settings = Frame::settings(&[(Setting::MaxConcurrentStreams, 1000)]);
    floods("PING", Answered, same(Frame::ping([0; 8])));
    floods(
        "answers to no PING",
        Answered,
        same(Frame::ping_ack([0; 8])),
    );
    floods("SETTINGS", Answered, same(settings));
    floods("PRIORITY", Answered, same(Frame::priority(1, 0, 1)));
    floods(
        "unknown frames",
        Answered,
        same(Frame::new(FrameKind::Unknown(0x77), 0xff, 1, vec![0; 100])),
    );
    floods(
        "WINDOW_UPDATE",
        Fails(Code::Unavailable),
        same(Frame::window_update(0, 1)),
    );
    floods(
        "windows of a stream",
        Answered,
        same(Frame::window_update(1, 1)),
    );
    floods(
        "GOAWAY",
        Answered,
        same(Frame::go_away(1, ErrorCode::NoError, "")),
    );
    let promise = Frame::push_promise(1, 2, &Fields::request("/pushed"));
    floods("PUSH_PROMISE", Fails(Code::Unavailable), same(promise));
}

#[test]
fn of_a_call() {
    floods(
        "empty DATA",
        Fails(Code::Unavailable),
        behind(head(), Frame::data(1, "", false)),
    );
    let padded = Frame::new(FrameKind::Data, Frame::PADDED, 1, vec![9; 10]);
    floods("padding", Fails(Code::Unavailable), behind(head(), padded));
    floods(
        "RST_STREAM",
        Fails(Code::Cancelled),
        same(Frame::reset(1, ErrorCode::Cancel)),
    );
    floods("heads", Fails(Code::Internal), same(head()));
    let early = Frame::headers(
        1,
        &Fields::new().with(":status", "103").with("link", "x"),
        false,
    );
    floods(
        "heads before the head",
        Fails(Code::Unavailable),
        same(early),
    );
    let open = Frame::headers_part(1, Fields::response().encode(), false);
    let more = Frame::continuation(1, Fields::new().with("x", "y".repeat(1000)).encode(), false);
    floods("CONTINUATION", Fails(Code::Unavailable), behind(open, more));
}

/// Heads before the head of a call that nobody polls, and so nobody takes: 300,000 of them were 367 MB.
#[test]
fn of_a_call_that_nobody_polls() {
    const HELD: u64 = 4 << 20;
    let early = Fields::new().with(":status", "103").with("link", "x");
    let ((), held) = peak(async {
        let (peer, talk) = facing().await;
        let mut call = pin!(
            talk.once(Say::default())
                .timeout(ANSWERED_WITHIN)
                .into_future()
        );
        let accepted = async {
            let mut conn = peer.accept().await.unwrap();
            conn.next_request().await.unwrap();
            conn
        };
        let mut conn = tokio::select! {
            early = &mut call => panic!("{early:?}"),
            conn = accepted => conn,
        };
        let frame = Frame::headers(1, &early, false);
        let flood = conn.flood(std::iter::repeat_n(frame, 300_000)).await;
        assert_eq!(flood.end, FloodEnd::Closed);
        let status = call.await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("flood"), "{status}");
    });
    assert!(held < HELD, "{held} bytes");
}
