//! Floods of a client: the server answers them or closes the connection, serves others meanwhile, and holds no more of
//! a long one than of a short one.

use sinew::testing::{ErrorCode, Fields, FloodEnd, Frame, FrameKind, Setting};

use super::*;

const ONCE: &str = "/test.v1.Talk/Once";
const UP: &str = "/test.v1.Talk/Up";

/// Streams that a client of these tests may have open. A flood is longer than this and what h2 forgives (1,024).
const MAX_STREAMS: u32 = 100;

/// How often a flood repeats itself, the short one; the long one does four times as often.
const SHORT: u32 = 1500;

/// A server that takes nothing for so long has stopped.
const STALLED: Duration = Duration::from_millis(250);

/// How a flood ended, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All was read, and the connection serves on.
    Served,
    /// The connection was closed, with this code.
    Closed(ErrorCode),
    /// No more is read, until the client reads.
    Stalled,
}

use Outcome::{Closed, Served, Stalled};

const SERVED: &[Outcome] = &[Served];
const CALM: &[Outcome] = &[Closed(ErrorCode::EnhanceYourCalm)];
/// Replies that nobody reads go to the socket, a turn at a time, and wait there while it has room: whether the flood
/// ends before it is full, at a full socket or for its calls being too many is a matter of speed. That memory does not
/// grow is not.
const UNREAD: &[Outcome] = &[Closed(ErrorCode::EnhanceYourCalm), Served, Stalled];
const FAULT: &[Outcome] = &[Closed(ErrorCode::ProtocolError)];

type Flooding = Box<dyn Iterator<Item = Frame>>;

/// Floods a server, and asserts that others are answered meanwhile, that it ends as `expected` (one way or another,
/// where that is a matter of how much is read at once), and that memory does not grow.
fn floods(name: &str, expected: &[Outcome], reads: bool, frames: impl Fn(u32) -> Flooding) {
    floods_within(MORE_BYTES, name, expected, reads, frames);
}

/// The same, so long that the socket is full well before the end of the short one.
fn floods_unread(name: &str, frames: impl Fn(u32) -> Flooding) {
    let long = |size| frames(8 * size);
    floods_within(MORE_BYTES, name, UNREAD, false, long);
}

fn floods_within(
    more: u64,
    name: &str,
    expected: &[Outcome],
    reads: bool,
    frames: impl Fn(u32) -> Flooding,
) {
    let attack = |size| {
        let frames = frames(size);
        async move {
            let victim = Victim::of(Server::new().max_concurrent_streams(MAX_STREAMS)).await;
            let mut conn = victim.attacker().await;
            conn.reads(reads);
            let outcome = victim.answers_during(outcome(&mut conn, frames)).await;
            assert!(expected.contains(&outcome), "{name}: {outcome:?}");
            // Told whoever found it, we or h2.
            while expected == CALM && victim.recorder.broken_off("flood") == 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    holds_no_more(name, SHORT, more, attack);
}

async fn outcome(conn: &mut Conn, frames: Flooding) -> Outcome {
    conn.within(STALLED);
    let flood = conn.flood(frames).await;
    conn.within(ANSWERED_WITHIN);
    if flood.end == FloodEnd::Stalled {
        return Stalled;
    }
    conn.reads(true);
    if conn.ping().await.is_ok() {
        return Served;
    }
    let closing = conn.closed().await.unwrap();
    // A reset of TCP may overtake the GOAWAY: then nobody knows more than that it is closed.
    Closed(closing.code.unwrap_or(ErrorCode::EnhanceYourCalm))
}

/// The same frame again and again.
fn same(frame: Frame) -> impl Fn(u32) -> Flooding {
    move |size| Box::new(std::iter::repeat_n(frame.clone(), size as usize))
}

/// Frames of one stream after another.
fn each<const N: usize>(frames: fn(u32) -> [Frame; N]) -> impl Fn(u32) -> Flooding {
    move |size| Box::new((0..size).flat_map(move |n| frames(2 * n + 1)))
}

/// One frame behind others.
fn behind<const N: usize>(first: [Frame; N], then: Frame) -> impl Fn(u32) -> Flooding {
    move |size| {
        let then = std::iter::repeat_n(then.clone(), size as usize);
        Box::new(first.clone().into_iter().chain(then))
    }
}

fn head(stream: u32, path: &str) -> Frame {
    Frame::headers(stream, &Fields::request(path), false)
}

fn reset(stream: u32) -> Frame {
    Frame::reset(stream, ErrorCode::Cancel)
}

#[test]
fn of_the_connection() {
    let settings = Frame::settings(&[(Setting::InitialWindowSize, 70_000)]);
    floods("PING", SERVED, true, same(Frame::ping([0; 8])));
    floods(
        "answers to no PING",
        SERVED,
        true,
        same(Frame::ping_ack([0; 8])),
    );
    floods("SETTINGS", SERVED, true, same(settings));
    floods("empty SETTINGS", SERVED, true, same(Frame::settings(&[])));
    let ack = same(Frame::settings_ack());
    floods("answers to no SETTINGS", FAULT, true, ack);
    floods(
        "PRIORITY",
        SERVED,
        true,
        each(|stream| [Frame::priority(stream, 0, 1)]),
    );
    let unknown = Frame::new(FrameKind::Unknown(0x77), 0xff, 1, vec![0; 100]);
    floods("unknown frames", SERVED, true, same(unknown));
    // Windows that only grow: the kit gives the largest one at first.
    let wider = same(Frame::window_update(0, 1));
    floods(
        "WINDOW_UPDATE",
        &[Closed(ErrorCode::FlowControlError)],
        true,
        wider,
    );
}

/// More control frames than any client needs, whether or not their answers are read, and whether or not there are calls
/// among them: they are taken as far as calls pay for them, and then the connection is broken off.
#[test]
fn of_control_frames_without_end() {
    for frame in [
        Frame::ping([0; 8]),
        Frame::ping_ack([0; 8]),
        Frame::settings(&[]),
        Frame::priority(9, 0, 1),
        Frame::window_update(1, 1),
        reset(1),
        Frame::data(1, "", false),
        Frame::new(FrameKind::Unknown(0x77), 0xff, 1, vec![0; 100]),
    ] {
        for reads in [true, false] {
            let (flood, held) = peak(async {
                let victim = Victim::new().await;
                let mut conn = victim.attacker().await;
                conn.send_all([head(1, ONCE), reset(1)]).await.unwrap();
                conn.reads(reads);
                let endless = std::iter::repeat(frame.clone());
                let flood = victim.answers_during(conn.flood(endless)).await;
                let closing = conn.reads(true).closed().await.unwrap();
                assert_ne!(closing.code, Some(ErrorCode::NoError), "{frame}");
                while victim.recorder.broken_off("flood") == 0 {
                    tokio::task::yield_now().await;
                }
                flood
            });
            assert_eq!(flood.end, FloodEnd::Closed, "{frame}");
            assert!(held < 2 * MORE_BYTES, "{frame}: {held} bytes");
        }
    }
}

/// Calls pay for control frames, as many as clients send that measure the line at each answer and open windows one by
/// one; so does time.
#[tokio::test]
async fn of_control_frames_that_calls_pay_for_are_none() {
    const CALLS: u32 = 3000;
    let victim = Victim::new().await;
    let mut conn = Peer::connect_silent(victim.addr).await.unwrap();
    conn.handshake_with(&[(Setting::InitialWindowSize, 1000)])
        .await
        .unwrap();
    for _ in 0..CALLS / 10 {
        let mut streams = Vec::new();
        for _ in 0..10 {
            let stream = conn.unary(ONCE, said("x")).await.unwrap();
            let wider = Frame::window_update(stream, 1);
            let ping = Frame::ping([7; 8]);
            conn.send_all([wider.clone(), ping.clone(), wider, ping])
                .await
                .unwrap();
            streams.push(stream);
        }
        for stream in streams {
            assert_eq!(conn.reply_on(stream).await.unwrap().status(), Some(0));
            conn.reset(stream, ErrorCode::NoError).await.unwrap();
        }
    }
    conn.ping().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_control_frames_that_time_pays_for_are_none() {
    let (mut conn, recorder) = serving_one(Server::new().add(patient().skeleton()));
    conn.handshake().await.unwrap();
    let stream = conn.unary(ONCE, said("x")).await.unwrap();
    assert_eq!(conn.reply_on(stream).await.unwrap().status(), Some(0));
    for _ in 0..600 {
        let second = (0..50).map(|_| Frame::ping([0; 8]));
        conn.send_all(second).await.unwrap();
        conn.ping().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    conn.ping().await.unwrap();
    assert_eq!(recorder.broken_off("flood"), 0);
}

/// The client reads why.
#[tokio::test(start_paused = true)]
async fn of_control_frames_end_with_a_word() {
    let (mut conn, recorder) = serving_one(Server::new().add(patient().skeleton()));
    conn.handshake().await.unwrap();
    let flood = conn.flood(std::iter::repeat(Frame::ping([0; 8]))).await;
    assert_eq!(flood.end, FloodEnd::Closed);
    assert!((10_000..20_000).contains(&flood.frames), "{flood:?}");
    let closing = conn.closed().await.unwrap();
    assert_eq!(closing.code, Some(ErrorCode::EnhanceYourCalm));
    assert_eq!(closing.debug, "flood");
    assert_eq!(recorder.broken_off("flood"), 1);
}

/// CVE-2023-44487, "rapid reset": streams that cost a request each and are never open for long.
#[test]
fn of_resets() {
    // h2 forgives 1,024 at once that the server has not looked at, and keeps what was sent on them: how many there are
    // is a matter of how much it reads at once. More than that are 4,500 more.
    const AT_ONCE: u64 = 4 << 20;
    let either = &[Served, Closed(ErrorCode::EnhanceYourCalm)];
    floods(
        "heads",
        either,
        true,
        each(|stream| [head(stream, ONCE), reset(stream)]),
    );
    let whole = each(|stream| {
        let message = Frame::message(stream, said("x"), true);
        [head(stream, ONCE), message, reset(stream)]
    });
    floods_within(AT_ONCE, "whole calls", either, true, whole);
    let again = behind([head(1, ONCE), reset(1)], reset(1));
    floods("of one that is closed", SERVED, true, again);
}

/// CVE-2025-8671, "MadeYouReset": what makes the server reset, so that its client need not.
#[test]
fn of_faults_that_the_server_resets_for() {
    let overflow = |stream| {
        [
            head(stream, UP),
            Frame::window_update(stream, (1 << 31) - 1),
        ]
    };
    floods("windows too large", CALM, true, each(overflow));
    let itself = |stream| [head(stream, UP), Frame::priority(stream, stream, 0)];
    floods(
        "streams that depend on themselves",
        CALM,
        true,
        each(itself),
    );
    let twice = |stream| {
        [
            head(stream, UP),
            Frame::headers(stream, &Fields::new(), false),
        ]
    };
    // As long as h2 remembers the streams that it has reset, and when it does not.
    let either = &[
        Closed(ErrorCode::EnhanceYourCalm),
        Closed(ErrorCode::ProtocolError),
    ];
    floods("a second head that ends nothing", either, true, each(twice));
    let no_method = |stream| [Frame::headers(stream, &Fields::new().with("x", "y"), false)];
    floods("heads without a method", CALM, true, each(no_method));
    // These close the connection at once.
    for (name, frames) in [
        (
            "windows wider by nothing",
            (|stream| [head(stream, UP), Frame::window_update(stream, 0)]) as fn(u32) -> _,
        ),
        ("data behind the end", |stream| {
            let end = Frame::headers(stream, &Fields::request(UP), true);
            [end, Frame::data(stream, "x", false)]
        }),
    ] {
        floods(name, FAULT, true, each(frames));
    }
}

/// Streams that never end, over the cap.
#[test]
fn of_streams() {
    floods("open", CALM, true, each(|stream| [head(stream, UP)]));
    let ended = |stream| [Frame::headers(stream, &Fields::request(UP), true)];
    floods("without a message", CALM, true, each(ended));
}

/// Answers that nobody reads: those of calls that end at once, and those of streams that are refused.
#[test]
fn of_calls_whose_replies_nobody_reads() {
    let unknown = |stream| {
        [Frame::headers(
            stream,
            &Fields::request("/no.such/Method"),
            true,
        )]
    };
    floods_unread("of unknown methods", each(unknown));
    let whole = |stream| [head(stream, ONCE), Frame::message(stream, said("x"), true)];
    floods_unread("that are answered", each(whole));
    floods_unread("that are refused", each(|stream| [head(stream, UP)]));
}

/// Frames of a call that nobody reads. Bytes are bounded by windows; frames that carry none, or hardly any, are not.
#[test]
fn of_data() {
    for (name, frame) in [
        ("empty", Frame::data(1, "", false)),
        (
            "nothing but padding",
            Frame::new(FrameKind::Data, Frame::PADDED, 1, vec![9; 10]),
        ),
    ] {
        floods(name, CALM, true, behind([head(1, UP)], frame));
    }
    // h2 takes as many small pieces as cost, beside what they carry, half the window of the connection.
    let small = behind([head(1, UP)], Frame::data(1, "x", false));
    floods("a byte each", CALM, true, move |size| small(60 * size));
}

/// What those small pieces hold until then: some twenty bytes for each of the window.
#[test]
fn of_data_in_single_bytes_holds_what_is_bounded() {
    const HELD: u64 = 32 << 20;
    let ((), held) = peak(async {
        let victim = Victim::of(Server::new().max_concurrent_streams(1)).await;
        let mut conn = victim.attacker().await;
        conn.send(head(1, UP)).await.unwrap();
        let endless = std::iter::repeat(Frame::data(1, "x", false));
        let flood = victim.answers_during(conn.flood(endless)).await;
        assert_eq!(flood.end, FloodEnd::Closed);
    });
    assert!(held < HELD, "{held} bytes");
}

/// An honest stream of the smallest messages may fill its window, though nobody reads it, however few streams there
/// are.
#[tokio::test]
async fn of_data_that_is_within_its_window_is_none() {
    const WINDOW: usize = 256 * 1024;
    for streams in [1, 2, 100] {
        let victim = Victim::of(Server::new().max_concurrent_streams(streams)).await;
        let mut conn = victim.attacker().await;
        conn.send(head(1, UP)).await.unwrap();
        let empty = Frame::message(1, "", false);
        let messages = WINDOW / empty.payload.len();
        let flood = conn.flood(std::iter::repeat_n(empty, messages)).await;
        assert_eq!(flood.end, FloodEnd::All, "{streams} streams: {flood:?}");
        conn.ping().await.unwrap();
    }
}

/// What comes late for a call that is over has crossed its end, and is passed over.
#[test]
fn of_streams_that_are_over() {
    for frame in [
        Frame::window_update(1, 1),
        Frame::data(1, "x", false),
        reset(1),
    ] {
        let name = frame.to_string();
        floods(
            &name,
            SERVED,
            true,
            behind([head(1, ONCE), reset(1)], frame),
        );
    }
}

/// CVE-2024-27316: header blocks without end.
#[test]
fn of_continuation() {
    let open = || [Frame::headers_part(1, Fields::request(UP).encode(), false)];
    let block = Fields::new().with("x", "y").encode();
    floods(
        "fields",
        CALM,
        true,
        behind(open(), Frame::continuation(1, block, false)),
    );
    floods(
        "nothing",
        CALM,
        true,
        behind(open(), Frame::continuation(1, "", false)),
    );
    let long = Fields::new().with("x", "y".repeat(16_000)).encode();
    floods(
        "large fields",
        CALM,
        true,
        behind(open(), Frame::continuation(1, long, false)),
    );
    // One field that goes on and on: a literal of 2²⁶ bytes.
    let begun = [0_u8, 1, b'x', 0x7f, 0x81, 0xff, 0xff, 0x1f];
    let begun = [Frame::headers_part(1, begun.to_vec(), false)];
    let more = Frame::continuation(1, vec![b'y'; 16_000], false);
    floods("one field", CALM, true, behind(begun, more));
}
