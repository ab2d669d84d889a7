//! Clients that take their time: with a head, a message, or with reading what they asked for.

use std::sync::atomic::{AtomicUsize, Ordering};

use sinew::testing::{ErrorCode, Fields, Frame, Setting};
use sinew::{Code, Server};
use tokio::time::Instant;

use super::*;

const ONCE: &str = "/test.v1.Talk/Once";
const DOWN: &str = "/test.v1.Talk/Down";

/// A client of a server in this process, on a clock that is paused: nothing was said yet.
fn paused(double: Double) -> (Conn, Arc<Recorder>) {
    // What is silent here is to be waited for.
    let server = Server::new().without_keep_alive();
    serving_one(server.add(double.skeleton()))
}

/// The preface, byte by byte, may take 10 s.
#[tokio::test(start_paused = true)]
async fn a_preface_in_drops_is_not_waited_for() {
    let (mut conn, recorder) = paused(patient());
    let start = Instant::now();
    let sent = conn
        .drip(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            1,
            Duration::from_secs(1),
        )
        .await;
    assert!((10..=11).contains(&sent), "{sent}");
    conn.closed().await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(10_100));
    assert_eq!(recorder.refused_connections("silent"), 1);
}

/// A head that trickles in is a call like any other, once it is there.
#[tokio::test(start_paused = true)]
async fn a_head_in_drops_is_a_call_in_the_end() {
    let (mut conn, _) = paused(patient());
    conn.handshake().await.unwrap();
    let stream = conn.new_stream();
    let head = Frame::headers(stream, &Fields::request(ONCE), false).encode();
    let sent = conn.drip(&head, 1, Duration::from_millis(20)).await;
    assert_eq!(sent, head.len());
    conn.send(Frame::message(stream, said("late"), true))
        .await
        .unwrap();
    assert_eq!(conn.reply_on(stream).await.unwrap().status(), Some(0));
}

/// A head that is begun has 10 s, wherever it stops, and whatever came before it.
#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let block = Fields::request(ONCE).encode();
    let (begin, more) = block.split_at(3);
    let begin = begin.to_vec();
    for (name, bytes, drip) in [
        (
            "half a frame",
            Frame::headers(3, &Fields::request(ONCE), false).encode()[..15].to_vec(),
            false,
        ),
        (
            "a part",
            Frame::headers_part(3, begin.clone(), false)
                .encode()
                .to_vec(),
            false,
        ),
        (
            "a frame in drops",
            Frame::headers(3, &Fields::request(ONCE), false)
                .encode()
                .to_vec(),
            true,
        ),
        (
            "parts in drops",
            std::iter::once(Frame::headers_part(3, begin, false))
                .chain(
                    more.iter()
                        .map(|byte| Frame::continuation(3, vec![*byte], false)),
                )
                .flat_map(|frame| frame.encode().to_vec())
                .collect(),
            true,
        ),
    ] {
        let (mut conn, recorder) = paused(patient());
        conn.handshake().await.unwrap();
        assert_eq!(conn.new_stream(), 1);
        let called = Frame::headers(1, &Fields::request(ONCE), false);
        let message = Frame::message(1, said("x"), true);
        conn.send_all([called, message]).await.unwrap();
        assert_eq!(conn.reply_on(1).await.unwrap().status(), Some(0));
        let start = Instant::now();
        if drip {
            conn.drip(&bytes, 1, Duration::from_millis(500)).await;
        } else {
            conn.raw(&bytes).await.unwrap();
        }
        let closing = conn.closed().await.unwrap();
        assert_eq!(closing.code, Some(ErrorCode::EnhanceYourCalm), "{name}");
        assert_eq!(closing.debug, "slow_head", "{name}");
        let took = start.elapsed().as_secs();
        // A frame's kind is its fourth byte; it is known to be a head with the ninth.
        assert!((10..=15).contains(&took), "{name}: {took} s");
        assert_eq!(recorder.broken_off("slow_head"), 1, "{name}");
    }
}

/// A message that trickles in is waited for as long as the call's deadline allows, and no longer.
#[tokio::test(start_paused = true)]
async fn a_message_in_drops_is_waited_for_until_the_deadline() {
    let (mut conn, recorder) = paused(patient());
    conn.handshake().await.unwrap();
    let start = Instant::now();
    let head = Fields::request(ONCE).with("grpc-timeout", "5S");
    let stream = conn.request_with(&head, false).await.unwrap();
    let message = Frame::message(stream, said(&"x".repeat(50)), true);
    for byte in &message.payload[..4] {
        conn.send(Frame::data(stream, vec![*byte], false))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let reply = conn.reply_on(stream).await.unwrap();
    assert_eq!(
        reply.status(),
        Some(Code::DeadlineExceeded as u32),
        "{reply:?}"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    let side = sinew::observe::Side::Server;
    assert_eq!(recorder.in_flight(side), 0);
    assert_eq!(
        recorder.ended(side, "test.v1.Talk/Once", Code::DeadlineExceeded),
        1
    );
}

/// Half-open: the client sends a head, in each shape, and nothing more. The handler is gone with the deadline.
#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_over_with_its_deadline() {
    let (tell, mut told) = events();
    let told_up = tell.clone();
    let double = Double::default()
        .up(move |_, mut rx| {
            let gone = told_up.at_drop("up");
            Box::pin(async move {
                let _gone = gone;
                while rx.next().await?.is_some() {}
                Ok(Say::default())
            })
        })
        .both(move |_, mut rx, _| {
            let gone = tell.at_drop("both");
            Box::pin(async move {
                let _gone = gone;
                while rx.next().await?.is_some() {}
                Ok(())
            })
        });
    let (mut conn, recorder) = paused(double);
    conn.handshake().await.unwrap();
    for method in ["Once", "Down", "Up", "Both"] {
        let start = Instant::now();
        let head = Fields::request(&format!("/test.v1.Talk/{method}")).with("grpc-timeout", "3S");
        let stream = conn.request_with(&head, false).await.unwrap();
        let reply = conn.reply_on(stream).await.unwrap();
        assert_eq!(
            reply.status(),
            Some(Code::DeadlineExceeded as u32),
            "{method}: {reply:?}"
        );
        assert_eq!(start.elapsed(), Duration::from_secs(3), "{method}");
        match method {
            "Up" => told.expect("up").await,
            "Both" => told.expect("both").await,
            _ => {}
        }
    }
    assert_eq!(recorder.in_flight(sinew::observe::Side::Server), 0);
}

/// A handler that sends to a client which opens no window stops within its buffer, and is gone with its deadline, or
/// with the client.
#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_reads_stops_its_handler() {
    let (tell, mut told) = events();
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let double = Double::default().down(move |_, _, out| {
        let gone = tell.at_drop("gone");
        let count = Arc::clone(&count);
        Box::pin(async move {
            let _gone = gone;
            loop {
                out.send(Say::new(&"x".repeat(1000), 0)).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let (mut conn, recorder) = paused(double);
    conn.handshake_with(&[(Setting::InitialWindowSize, 0)])
        .await
        .unwrap();
    let ask = |timeout: Option<&str>| {
        let head = Fields::request(DOWN);
        timeout.map_or(head.clone(), |timeout| head.with("grpc-timeout", timeout))
    };
    let start = Instant::now();
    let stream = conn.request_with(&ask(Some("5S")), false).await.unwrap();
    conn.send(Frame::message(stream, said("x"), true))
        .await
        .unwrap();
    told.expect("gone").await;
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    let messages = sent.swap(0, Ordering::Relaxed);
    assert!(
        (60..300).contains(&messages),
        "{messages} KB were taken for a window of 0"
    );
    // Without a deadline it waits, for as long as the client is there.
    let stream = conn.request_with(&ask(None), false).await.unwrap();
    conn.send(Frame::message(stream, said("x"), true))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(told.is_empty());
    conn.reset(stream, ErrorCode::Cancel).await.unwrap();
    told.expect("gone").await;
    let stream = conn.request_with(&ask(None), false).await.unwrap();
    conn.send(Frame::message(stream, said("x"), true))
        .await
        .unwrap();
    conn.ping().await.unwrap();
    drop(conn);
    told.expect("gone").await;
    assert_eq!(recorder.in_flight(sinew::observe::Side::Server), 0);
}

/// What one stream of replies may hold that nobody reads, in bytes: what a sender of ours keeps, and what h2 takes,
/// each 64 KiB, with room to grow in.
const HELD_BY_A_STREAM: u64 = 1 << 19;

/// So many calls of another without one more message: all streams have come to a stop.
const STILL: u32 = 50;

/// Replies without end to a client that opens every window and reads no byte, or that opens none.
#[test]
fn streams_that_nobody_reads_hold_what_is_bounded() {
    const STREAMS: u32 = 20;
    for settings in [
        &[(Setting::InitialWindowSize, (1 << 31) - 1)],
        &[(Setting::InitialWindowSize, 0)],
    ] {
        let (sent, held) = peak(unread(STREAMS, settings));
        assert!(sent >= STREAMS as usize, "{sent} messages");
        assert!(
            held <= u64::from(STREAMS) * HELD_BY_A_STREAM,
            "{held} bytes"
        );
    }
}

/// How many messages of 10 KB were sent until all came to a stop.
async fn unread(streams: u32, settings: &[(Setting, u32)]) -> usize {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let double = Double::default().once(|_, req| Box::pin(async move { Ok(req) }));
    let double = double.down(move |_, _, out| {
        let sent = Arc::clone(&count);
        Box::pin(async move {
            loop {
                out.send(Say::new(&"x".repeat(10_000), 0)).await?;
                sent.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let victim = Victim::serving(Server::new().add(double.skeleton())).await;
    let mut conn = Peer::connect_silent(victim.addr).await.unwrap();
    conn.handshake_with(settings).await.unwrap();
    conn.send(Frame::window_update(0, 1 << 30)).await.unwrap();
    conn.reads(false);
    for _ in 0..streams {
        conn.unary(DOWN, said("x")).await.unwrap();
    }
    let (mut before, mut still) = (0, 0);
    while still < STILL {
        victim.answers().await;
        let now = sent.load(Ordering::Relaxed);
        still = if now > 0 && now == before {
            still + 1
        } else {
            0
        };
        before = now;
    }
    before
}
