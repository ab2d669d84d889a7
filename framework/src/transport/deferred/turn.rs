//! How much of what a peer sends its connection works through before others get their turn.
//! It refuses to wait, and to judge the peer.

use crate::transport::frames::Taken;

/// Frames of one turn, of which a reset counts for more (`conduct.rs`): a turn holds up others for some 160
/// microseconds, or as long as 80 calls take. An honest batch has to fit in: as long as a head counted for four frames,
/// 64 calls in flight were cut in two, each half had its own writes and wakes, and W1 of the lab had 0.57 times the
/// calls a second. With 160 in flight they are cut, and nobody can tell (equal within the noise).
pub(super) const COST: usize = 160;

/// Bytes of one turn, and what the last read of it brings beyond: half the window of a stream, some 30 microseconds of
/// copying.
pub(super) const BYTES: usize = 128 * 1024;

/// What is left of a turn.
#[derive(Debug)]
pub(super) struct Turn {
    cost: usize,
    bytes: usize,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            cost: COST,
            bytes: BYTES,
        }
    }
}

impl Turn {
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    pub(super) fn is_over(&self) -> bool {
        self.cost == 0 || self.bytes == 0
    }

    pub(super) fn spend(&mut self, taken: Taken) {
        self.cost = self.cost.saturating_sub(taken.cost);
        self.bytes = self.bytes.saturating_sub(taken.bytes);
    }
}
