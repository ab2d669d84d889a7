//! A few of a channel's picks, kept for whoever asks why a call went where it went.
//! It refuses to keep many, and to cost the others anything.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::ExplainedPick;

/// One pick in so many is kept.
const EACH: usize = 1024;

/// So many are kept, the latest ones.
const KEPT: usize = 8;

/// The picks that were kept.
#[derive(Debug, Default)]
pub(crate) struct Samples(Mutex<VecDeque<ExplainedPick>>);

impl Samples {
    /// Is the pick of this number to be kept? The first one is.
    pub(crate) fn is_due(&self, turn: usize) -> bool {
        turn.is_multiple_of(EACH)
    }

    pub(crate) fn add(&self, pick: ExplainedPick) {
        let mut picks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if picks.len() == KEPT {
            picks.pop_front();
        }
        picks.push_back(pick);
    }

    pub(super) fn all(&self) -> Vec<ExplainedPick> {
        let picks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        picks.iter().cloned().collect()
    }
}
