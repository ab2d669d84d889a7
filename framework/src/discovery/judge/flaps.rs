//! How often slots came and went of late.
//! It refuses to say what becomes of those that do so too often.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Comings and goings of one slot that are taken as they come, within [`FLAP_WINDOW`]: a restart is one of each. Keys
/// move for these, and for no more of them.
const FLAPS: usize = 2;

/// How long comings and goings count. Route flap damping (RFC 2439) halves a penalty in minutes; servers restart more
/// quickly than routes.
pub(super) const FLAP_WINDOW: Duration = Duration::from_secs(60);

/// The comings and goings of each slot that had any.
#[derive(Debug, Default)]
pub(super) struct Flaps(HashMap<Arc<str>, VecDeque<Instant>>);

impl Flaps {
    /// Counts a coming or going; has there been more of that in the window than is taken?
    pub(super) fn count(&mut self, slot: &str, now: Instant, window: Duration) -> bool {
        if !self.0.contains_key(slot) {
            self.0.insert(slot.into(), VecDeque::new());
        }
        let Some(flaps) = self.0.get_mut(slot) else {
            return false;
        };
        flaps.push_back(now);
        while flaps.len() > FLAPS + 1 || flaps.front().is_some_and(|at| is_over(*at, now, window)) {
            flaps.pop_front();
        }
        flaps.len() > FLAPS
    }

    /// Forgets the slots that have rested for as long as comings and goings count.
    pub(super) fn forget(&mut self, now: Instant, window: Duration) {
        let rests = |last: &Instant| is_over(*last, now, window);
        self.0.retain(|_, flaps| !flaps.back().is_none_or(rests));
    }
}

fn is_over(at: Instant, now: Instant, window: Duration) -> bool {
    now.saturating_duration_since(at) >= window
}
