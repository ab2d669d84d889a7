//! Whether a peer keeps to the frames that its calls need: each control frame is counted, calls pay for some of them,
//! and so does time.
//! It refuses to count what HTTP/2 bounds itself: bytes by windows, streams by their number, heads by their size.

use std::fmt;
use std::ops::RangeInclusive;

use tokio::time::Instant;

use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, GOAWAY, HEAD, HEADERS, RST_STREAM,
    Taken,
};

/// Control frames that a peer may send beside those that are paid for, and beside two for each stream that may be open:
/// the resets of all of them at once, for example. A flood of a fast peer is over after some milliseconds.
pub(crate) const BURST: u32 = 10_000;

/// Control frames a second that a peer may send for ever: far more than any keepalive.
pub(crate) const PER_SECOND: u32 = 100;

/// Control frames that each frame of a call pays for: each HEADERS and DATA that we send, and each HEADERS of a client.
/// grpc-go answers a DATA frame with a PING, to measure the line; some libraries open two windows for each; all may
/// cancel what they began. (Envoy takes ten WINDOW_UPDATEs for each DATA frame that it sends.)
pub(crate) const PER_CALL_FRAME: i64 = 8;

/// Heads before the one of a reply (RFC 9110, section 15.2: 1xx) that a server may send, beside one for each call. They
/// are held until somebody asks for the reply, and gRPC has no use for them.
pub(crate) const EARLY_HEADS: i64 = 1024;

/// What a client's RST_STREAM costs, in frames of DATA. A call that is reset at once takes twenty times as long as such
/// a frame in all, and its handler is begun and ended between two turns, which others wait for, too. Measured: p99
/// beside rapid resets is 1.28 times the undisturbed, with 32 it was 1.60, and with 8 nearly five (X1 of the lab). It
/// is the reset that pays for it: a head that cost as much would cut an honest batch of calls in two.
const RESET_COST: usize = 48;

/// What a call costs in heads and frames of DATA, whether its client sends one of each or a head alone.
const CALL_COST: usize = 2;

/// Bytes of the client's preface.
const PREFACE: usize = 24;

/// Why a connection is not read any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unruly {
    /// More frames than calls need.
    Flood,
    /// The head of a request was begun, and did not come to its end.
    SlowHead,
}

impl Unruly {
    /// As metrics name it, and as the peer reads it in a GOAWAY.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Flood => "flood",
            Self::SlowHead => "slow_head",
        }
    }

    /// The GOAWAY that tells the peer: `last` is the last stream that it may have begun anything with.
    pub(crate) fn go_away(self, last: u32) -> Vec<u8> {
        /// RFC 9113, section 7.
        const ENHANCE_YOUR_CALM: u32 = 0xb;
        let debug = self.label().as_bytes();
        let len = u32::try_from(8 + debug.len()).unwrap_or(u32::MAX);
        let mut frame = Vec::with_capacity(HEAD + 8 + debug.len());
        frame.extend_from_slice(&len.to_be_bytes()[1..]);
        frame.extend_from_slice(&[GOAWAY, 0, 0, 0, 0, 0]);
        frame.extend_from_slice(&last.to_be_bytes());
        frame.extend_from_slice(&ENHANCE_YOUR_CALM.to_be_bytes());
        frame.extend_from_slice(debug);
        frame
    }
}

impl fmt::Display for Unruly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flood => "the peer sent more frames than its calls need (flood)",
            Self::SlowHead => "the peer began the head of a request and did not end it (slow_head)",
        })
    }
}

impl std::error::Error for Unruly {}

/// How a peer conducts itself on one connection.
#[derive(Debug)]
pub(crate) struct Conduct {
    inbound: Frames,
    outbound: Frames,
    account: Account,
}

impl Conduct {
    /// Of a client, which may have so many streams open, after its preface.
    pub(crate) fn of_client(streams: u32, now: Instant) -> Self {
        Self {
            inbound: Frames::default(),
            outbound: Frames::default(),
            account: Account::new(Peer::Client, streams, now),
        }
    }

    /// Of a server, at which so many streams may be open; our preface was not sent yet.
    pub(crate) fn of_server(streams: u32, now: Instant) -> Self {
        Self {
            inbound: Frames::default(),
            outbound: Frames::after(PREFACE),
            account: Account::new(Peer::Server, streams, now),
        }
    }

    /// Bytes came from the peer, of which no more are taken than frames that cost so much ([`cost`]). `now` is only
    /// asked for when there may be too many of them.
    ///
    /// # Errors
    /// The peer has sent more than its calls need.
    pub(crate) fn heard(
        &mut self,
        bytes: &[u8],
        most: usize,
        now: impl FnOnce() -> Instant,
    ) -> Result<Taken, Unruly> {
        let account = &mut self.account;
        let peer = account.peer;
        let cost = |frame| cost(peer, frame);
        let hear = |frame| account.hear(frame);
        let taken = self.inbound.read_at_most(bytes, most, cost, hear);
        if account.early < 0 || (account.control < 0 && !account.refill(now())) {
            return Err(Unruly::Flood);
        }
        Ok(taken)
    }

    /// Bytes go to the peer.
    pub(crate) fn said(&mut self, bytes: &[u8]) {
        let account = &mut self.account;
        self.outbound.read(bytes, |frame| account.say(frame));
    }

    /// Has a client begun a header block, and not ended it?
    pub(crate) fn is_in_head(&self) -> bool {
        let account = &self.account;
        account.peer == Peer::Client
            && match account.block {
                _ if self.inbound.is_at_first() => true,
                Block::None => false,
                Block::Last => !self.inbound.is_between(),
                Block::Goes => true,
            }
    }

    /// The last stream that the peer has begun, where it may be told now: not in the middle of a frame of ours.
    pub(crate) fn may_go_away(&self) -> Option<u32> {
        let last = match self.account.peer {
            Peer::Client => self.account.last_stream,
            Peer::Server => 0,
        };
        self.outbound.is_between().then_some(last)
    }
}

/// What it takes to work through a frame, in small ones.
fn cost(of: Peer, frame: Frame) -> usize {
    match (of, frame.kind) {
        (Peer::Client, RST_STREAM) => RESET_COST,
        (Peer::Client, HEADERS) if frame.flags & END_STREAM != 0 => CALL_COST,
        _ => 1,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Client,
    Server,
}

/// What the last frame of the peer was to a header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    None,
    /// A part of one, which goes on.
    Goes,
    /// Its last part.
    Last,
}

/// What a peer may still send.
#[derive(Debug)]
struct Account {
    peer: Peer,
    /// Control frames; below zero it is what was too much.
    control: i64,
    most: i64,
    filled: Instant,
    /// Heads before a reply's.
    early: i64,
    block: Block,
    last_stream: u32,
}

impl Account {
    fn new(peer: Peer, streams: u32, now: Instant) -> Self {
        let most = i64::from(BURST) + 2 * i64::from(streams);
        Self {
            peer,
            control: most,
            most,
            filled: now,
            early: EARLY_HEADS,
            block: Block::None,
            last_stream: 0,
        }
    }

    fn hear(&mut self, frame: Frame) {
        self.block = Block::None;
        match frame.kind {
            DATA if frame.len > 0 || frame.flags & END_STREAM != 0 => {}
            HEADERS => {
                self.in_block(frame);
                match self.peer {
                    Peer::Client => {
                        self.last_stream = self.last_stream.max(frame.stream);
                        self.pay();
                    }
                    Peer::Server if is_early(frame) => self.early -= 1,
                    Peer::Server => {}
                }
            }
            kind => {
                if kind == CONTINUATION {
                    self.in_block(frame);
                }
                self.control -= 1;
            }
        }
    }

    fn say(&mut self, frame: Frame) {
        match frame.kind {
            HEADERS => {
                self.pay();
                self.early = EARLY_HEADS.min(self.early + 1);
            }
            DATA => self.pay(),
            _ => {}
        }
    }

    fn in_block(&mut self, part: Frame) {
        self.block = match part.flags & END_HEADERS {
            0 => Block::Goes,
            _ => Block::Last,
        };
    }

    fn pay(&mut self) {
        self.control = self.most.min(self.control + PER_CALL_FRAME);
    }

    /// Adds what time has paid for; is it enough?
    fn refill(&mut self, now: Instant) -> bool {
        let seconds = now.saturating_duration_since(self.filled).as_secs_f64();
        // Cut to what a whole number holds; a part of a frame is lost each time, which is once for each burst.
        let paid = (seconds * f64::from(PER_SECOND)) as i64;
        self.control = self.most.min(self.control.saturating_add(paid));
        self.filled = now;
        self.control >= 0
    }
}

/// May it be another head than that of a reply or its end? HPACK has a byte for the statuses of those (RFC 7541,
/// appendix A), as the first of the block; whoever writes them in another way may do so once for each call.
fn is_early(head: Frame) -> bool {
    const WELL_KNOWN: RangeInclusive<u8> = 0x88..=0x8e;
    let is_well_known = head.first.is_some_and(|first| WELL_KNOWN.contains(&first));
    !is_well_known && head.flags & END_STREAM == 0
}

#[cfg(test)]
mod tests;
