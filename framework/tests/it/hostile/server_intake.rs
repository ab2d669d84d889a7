//! Requests that do not become whole: those that come in drops, and those that stop when much of them has come.

use sinew::Code;
use sinew::observe::Side;
use sinew::testing::{Fields, Frame, Reply};
use tokio::time::Instant;

use super::*;

const ONCE: &str = "/test.v1.Talk/Once";
const DOWN: &str = "/test.v1.Talk/Down";
const BOTH: &str = "/test.v1.Talk/Both";

const SECOND: Duration = Duration::from_secs(1);

/// What comes of a request whose message comes piece by piece; and after how long.
async fn in_pieces(
    server: Server,
    method: &str,
    message: &str,
    piece: usize,
    every: Duration,
) -> (Reply, Duration) {
    let (mut conn, recorder) = serving_one(server.add(patient().skeleton()));
    conn.within(10_000 * SECOND);
    conn.handshake().await.unwrap();
    let start = Instant::now();
    let stream = conn.request(method).await.unwrap();
    let message = Frame::message(stream, said(message), false).payload;
    let mut reply = None;
    let mut pieces = message.chunks(piece).peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        conn.send(Frame::data(stream, piece.to_vec(), is_last))
            .await
            .unwrap();
        if let Ok(early) = tokio::time::timeout(every, conn.reply_on(stream)).await {
            reply = Some(early.unwrap());
            break;
        }
    }
    let reply = match reply {
        Some(reply) => reply,
        None => conn.reply_on(stream).await.unwrap(),
    };
    assert_eq!(recorder.in_flight(Side::Server), 0);
    (reply, start.elapsed())
}

fn code(reply: &Reply) -> Option<Code> {
    reply.status().map(|code| Code::from_i32(code as i32))
}

/// 240 bytes a second are enough, and fewer are not, after ten seconds.
#[tokio::test(start_paused = true)]
async fn a_request_in_drops_is_not_waited_for() {
    let text = "x".repeat(20_000);
    let slow = Some(Code::DeadlineExceeded);
    for (method, piece, every, expected, after) in [
        (ONCE, 1, SECOND, slow, 10..=11),
        (DOWN, 1, SECOND, slow, 10..=11),
        (ONCE, 200, SECOND, slow, 50..=70),
        (ONCE, 300, SECOND, Some(Code::Ok), 60..=80),
        (ONCE, 2400, 9 * SECOND, Some(Code::Ok), 70..=90),
        // The longest pause.
        (ONCE, 10_000, 11 * SECOND, slow, 10..=11),
    ] {
        let (reply, took) = in_pieces(Server::new(), method, &text, piece, every).await;
        let what = format!("{method}: {piece} bytes each {every:?}: {took:?} {reply:?}");
        assert_eq!(code(&reply), expected, "{what}");
        assert!(after.contains(&took.as_secs()), "{what}");
        if expected == slow {
            let said = reply.message();
            assert!(said.contains("240 bytes a second"), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_pace_is_what_it_is_set_to() {
    for (rate, expected, after) in [
        (0, Code::Ok, 20),
        (1, Code::Ok, 20),
        (10, Code::DeadlineExceeded, 12),
    ] {
        let server = Server::new().min_request_rate(rate);
        let text = "x".repeat(33);
        let (reply, took) = in_pieces(server, ONCE, &text, 2, SECOND).await;
        assert_eq!(code(&reply), Some(expected), "{rate}: {took:?}");
        assert!(took.as_secs().abs_diff(after) <= 2, "{rate}: {took:?}");
    }
}

/// A stream of requests has as long as it likes: nobody knows when its next message is due.
#[tokio::test(start_paused = true)]
async fn a_stream_is_waited_for() {
    let text = "x".repeat(60);
    let (reply, took) = in_pieces(Server::new(), BOTH, &text, 1, 60 * SECOND).await;
    assert_eq!(code(&reply), Some(Code::Ok));
    assert!(took >= 3600 * SECOND);
}

/// Most of a large message comes, in many calls at once, and no more of it: the server holds what it is set to.
#[tokio::test(start_paused = true)]
async fn requests_that_are_not_whole_hold_no_more_than_they_may() {
    const PART: usize = 200_000;
    for method in [ONCE, BOTH] {
        let server = Server::new().max_partial_request_bytes(3_000_000);
        let (mut conn, recorder) = serving_one(server.add(patient().skeleton()));
        conn.handshake().await.unwrap();
        let mut streams = Vec::new();
        for _ in 0..40 {
            let stream = conn.new_stream();
            let head = Frame::headers(stream, &Fields::request(method), false);
            let whole = Frame::message(stream, said(&"x".repeat(2 * PART)), false);
            let mut frames = vec![head];
            for piece in whole.payload[..PART].chunks(16_000) {
                frames.push(Frame::data(stream, piece.to_vec(), false));
            }
            conn.send_all(frames).await.unwrap();
            streams.push((stream, whole.payload.slice(PART..)));
        }
        conn.ping().await.unwrap();
        let mut refused = 0;
        let mut waiting = Vec::new();
        for (stream, rest) in streams {
            match tokio::time::timeout(SECOND / 100, conn.reply_on(stream)).await {
                Ok(reply) => {
                    let reply = reply.unwrap();
                    assert_eq!(code(&reply), Some(Code::ResourceExhausted), "{reply:?}");
                    let said = reply.message();
                    assert!(said.contains("max_partial_request_bytes"), "{said}");
                    refused += 1;
                }
                Err(_) => waiting.push((stream, rest)),
            }
        }
        // Who asks while there is too much is refused, and all of them grow at once: few are left, and not none.
        assert!(
            (1..=15).contains(&waiting.len()),
            "{method}: {} wait",
            waiting.len()
        );
        assert_eq!(refused + waiting.len(), 40);
        // Those that were taken go on, and what is whole is given back.
        for (stream, rest) in waiting {
            for piece in rest.chunks(16_000) {
                conn.send(Frame::data(stream, piece.to_vec(), false))
                    .await
                    .unwrap();
            }
            conn.send(Frame::data(stream, "", true)).await.unwrap();
            assert_eq!(code(&conn.reply_on(stream).await.unwrap()), Some(Code::Ok));
        }
        let stream = conn.unary(ONCE, said("x")).await.unwrap();
        assert_eq!(code(&conn.reply_on(stream).await.unwrap()), Some(Code::Ok));
        assert_eq!(recorder.in_flight(Side::Server), 0);
    }
}

/// A body that begins, and does not go on.
struct Stuck(Option<bytes::Bytes>);

impl http_body::Body for Stuck {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        match self.0.take() {
            Some(bytes) => Poll::Ready(Some(Ok(http_body::Frame::data(bytes)))),
            None => Poll::Pending,
        }
    }
}

/// A server that is mounted in another waits no longer, and holds no more.
#[tokio::test(start_paused = true)]
async fn the_same_holds_for_a_server_that_is_mounted() {
    for (most, expected, after) in [
        (10_000, Code::DeadlineExceeded, 10 * SECOND),
        (500, Code::ResourceExhausted, Duration::ZERO),
    ] {
        let server = Server::new().max_partial_request_bytes(most);
        let server = server.add(patient().skeleton());
        let mut service = server.into_http_service().unwrap();
        let part = Frame::message(1, vec![7; 2000], false)
            .payload
            .slice(..1000);
        let request = http::Request::post(ONCE)
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .body(Stuck(Some(part)))
            .unwrap();
        let start = Instant::now();
        let reply = tower::Service::call(&mut service, request).await.unwrap();
        assert_eq!(
            reply.headers()["grpc-status"],
            (expected as i32).to_string()
        );
        assert_eq!(start.elapsed(), after);
    }
}
