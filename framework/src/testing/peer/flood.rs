//! Floods: as many frames as a peer takes.
//! It refuses to wait for ever: a peer that takes no more has defended itself, which is an answer too.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::conn::Conn;
use crate::testing::frame::Frame;

/// Bytes that are made ready ahead of the socket.
const AHEAD: usize = 64 * 1024;

/// What became of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// Frames that were given to the socket, up to 64 KiB of them not yet taken by it.
    pub frames: u64,
    /// Why there were no more.
    pub end: FloodEnd,
}

/// Why a flood was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloodEnd {
    /// All of it was taken.
    All,
    /// The peer took nothing for as long as the script waits for anything ([`Conn::within`]).
    Stalled,
    /// The peer closed the connection.
    Closed,
}

impl Conn {
    /// Sends frames as fast as the peer takes them, and reads what it answers meanwhile. Of its answers the last 4,096
    /// are kept.
    ///
    /// # Cancel safety
    /// What was not written goes out before what is sent next.
    pub async fn flood(&mut self, frames: impl IntoIterator<Item = Frame>) -> Flood {
        let flood = self.pour(&mut frames.into_iter()).await;
        let Flood { frames, end } = flood;
        self.state.log.note(match end {
            FloodEnd::All => format!("a flood of {frames} frames"),
            FloodEnd::Stalled => format!("a flood of {frames} frames, of which no more was taken"),
            FloodEnd::Closed => format!("a flood of {frames} frames, and nothing more can be sent"),
        });
        flood
    }

    async fn pour(&mut self, frames: &mut impl Iterator<Item = Frame>) -> Flood {
        let mut sent = 0;
        loop {
            let mut last = true;
            while self.state.out.len() < AHEAD {
                match frames.next() {
                    // Its note is one line for all.
                    Some(frame) => frame.write_to(&mut self.state.out),
                    None => break,
                }
                sent += 1;
                last = false;
            }
            let until = if last { 0 } else { AHEAD / 2 };
            match self.drain(until).await {
                FloodEnd::All if last => {
                    return Flood {
                        frames: sent,
                        end: FloodEnd::All,
                    };
                }
                FloodEnd::All => {}
                end => return Flood { frames: sent, end },
            }
        }
    }

    /// Writes until no more than `left` bytes are to be written.
    async fn drain(&mut self, left: usize) -> FloodEnd {
        let within = self.within;
        loop {
            let before = self.state.out.len();
            let moved = poll_fn(|cx| {
                loop {
                    let out = self.state.out.len();
                    if out <= left {
                        return Poll::Ready(FloodEnd::All);
                    }
                    if self.state.unwritable {
                        return Poll::Ready(FloodEnd::Closed);
                    }
                    if out < before {
                        // The time begins anew.
                        return Poll::Ready(FloodEnd::Stalled);
                    }
                    if self.poll_io(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
            });
            match timeout(within, moved).await {
                Ok(FloodEnd::Stalled) => {}
                Ok(end) => return end,
                Err(_) => return FloodEnd::Stalled,
            }
        }
    }

    /// Sends bytes a few at a time, as a peer does that wants to keep us busy: `piece` of them each time that `every`
    /// has passed. How many were sent, until all were or the connection was closed.
    ///
    /// # Cancel safety
    /// What was not sent yet is not sent.
    pub async fn drip(&mut self, bytes: impl AsRef<[u8]>, piece: usize, every: Duration) -> usize {
        let mut sent = 0;
        self.state.log.note(format!("{piece} bytes each {every:?}"));
        for piece in bytes.as_ref().chunks(piece.max(1)) {
            self.state.out.extend_from_slice(piece);
            if self.drain(0).await != FloodEnd::All {
                break;
            }
            sent += piece.len();
            let waited = sleep(every);
            let mut waited = std::pin::pin!(waited);
            let over = poll_fn(|cx| {
                // Read meanwhile, to see that the peer has had enough.
                while self.state.closed.is_none() && self.poll_io(cx).is_ready() {}
                match waited.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(false),
                    Poll::Pending if self.state.closed.is_some() => Poll::Ready(true),
                    Poll::Pending => Poll::Pending,
                }
            });
            if over.await {
                break;
            }
        }
        sent
    }
}
