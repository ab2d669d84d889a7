//! A client that keeps its connection busy: the others of the same thread have their turns meanwhile.

use std::cell::Cell;

use sinew::testing::{ErrorCode, Fields, Frame};

use super::*;

const UP: &str = "/test.v1.Talk/Up";

/// Floods of a client that lie in the server's socket before it reads the first frame of them, in frames.
const FLOOD: u32 = 12_800;

/// Calls that somebody has answered while the server works through `flood`, one call after the other.
async fn answered_during(flood: Vec<u8>) -> u32 {
    let victim = Victim::new().await;
    let mut conn = victim.attacker().await;
    conn.raw(flood).await.unwrap();
    let answered = Cell::new(0);
    let calls = async {
        loop {
            victim.answers().await;
            answered.set(answered.get() + 1);
        }
    };
    tokio::select! {
        read = conn.ping() => read.unwrap(),
        never = calls => never,
    }
    answered.get()
}

fn head(stream: u32) -> Frame {
    Frame::headers(stream, &Fields::request(UP), false)
}

#[tokio::test]
async fn between_bytes_of_a_message() {
    let bytes = (0..FLOOD).map(|_| Frame::data(1, "x", false));
    let flood = std::iter::once(head(1)).chain(bytes);
    let answered = answered_during(flood.flat_map(|frame| frame.encode()).collect()).await;
    assert!(answered >= 20, "{answered} calls");
}

#[tokio::test]
async fn between_calls_that_are_reset() {
    let calls = (0..FLOOD / 8).map(|n| 2 * n + 1);
    let flood = calls.flat_map(|stream| [head(stream), Frame::reset(stream, ErrorCode::Cancel)]);
    let answered = answered_during(flood.flat_map(|frame| frame.encode()).collect()).await;
    assert!(answered >= 20, "{answered} calls");
}
