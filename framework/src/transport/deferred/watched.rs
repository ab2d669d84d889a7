//! A peer that is listened to while it conducts itself, and to no more at a time than a turn has room for.
//! It refuses to read from sockets, and to decide when the next turn begins.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep, sleep};

use super::turn::Turn;
use crate::transport::conduct::{Conduct, Unruly};

/// How long a client may take for a header block that it has begun: as long as for the first bytes of the connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Watched {
    conduct: Conduct,
    /// Until when a header block that was begun has to come to its end.
    head: Option<Pin<Box<Sleep>>>,
    /// What the socket gave and no turn had room for yet: never more than one read brings.
    behind: Bytes,
}

impl Watched {
    pub(super) fn new(conduct: Conduct) -> Self {
        Self {
            conduct,
            head: None,
            behind: Bytes::new(),
        }
    }

    pub(super) fn conduct(&self) -> &Conduct {
        &self.conduct
    }

    /// Is there something to hear that was read before?
    pub(super) fn is_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Hears what was read into `into` after the bytes `before`, and takes from there what this turn has no room for.
    /// Something is left wherever something was read, while the turn is not over.
    pub(super) fn hear(
        &mut self,
        into: &mut ReadBuf<'_>,
        before: usize,
        turn: &mut Turn,
    ) -> Result<(), Unruly> {
        let read = &into.filled()[before..];
        let taken = self.conduct.heard(read, turn.cost(), Instant::now)?;
        turn.spend(taken);
        if taken.bytes < read.len() {
            self.behind = Bytes::copy_from_slice(&read[taken.bytes..]);
            into.set_filled(before + taken.bytes);
        }
        Ok(())
    }

    /// Hears what was read before, and gives it out, as far as there is room.
    pub(super) fn catch_up(
        &mut self,
        into: &mut ReadBuf<'_>,
        turn: &mut Turn,
    ) -> Result<(), Unruly> {
        let room = self.behind.len().min(into.remaining());
        let most = turn.cost();
        let taken = self
            .conduct
            .heard(&self.behind[..room], most, Instant::now)?;
        turn.spend(taken);
        into.put_slice(&self.behind[..taken.bytes]);
        self.behind.advance(taken.bytes);
        if self.behind.is_empty() {
            self.behind = Bytes::new(); // an empty view would keep the allocation
        }
        Ok(())
    }

    /// Waits for the end of a header block that was begun, and does not wait long.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Result<(), Unruly> {
        if !self.conduct.is_in_head() {
            self.head = None;
            return Ok(());
        }
        let head = self
            .head
            .get_or_insert_with(|| Box::pin(sleep(HEAD_TIMEOUT)));
        match head.as_mut().poll(cx) {
            Poll::Ready(()) => Err(Unruly::SlowHead),
            Poll::Pending => Ok(()),
        }
    }

    /// Of these slices the first so many bytes go to the peer.
    pub(super) fn said(&mut self, slices: &[IoSlice<'_>], mut bytes: usize) {
        for slice in slices {
            let said = slice.len().min(bytes);
            self.conduct.said(&slice[..said]);
            bytes -= said;
        }
    }
}
