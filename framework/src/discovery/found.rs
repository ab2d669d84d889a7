//! What was found under a name, as it leaves a directory: a picture that never changes.
//! It refuses to judge: that is `judge.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::instance::Instance;

/// Who serves a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Grows by one with each change that is told.
    pub(crate) version: u64,
    /// Whether there was an answer yet. An empty one is one.
    pub(crate) is_known: bool,
    /// Sorted by id; none twice.
    pub(crate) members: Arc<[Member]>,
    /// When an answer was last taken.
    pub(crate) seen_at: Option<Instant>,
    /// Set while readings fail or are empty; the members are those that were good last.
    pub(crate) stale: Option<Stale>,
}

/// Since when the members are not what was read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stale {
    pub(crate) since: Instant,
    pub(crate) why: Arc<str>,
}

/// One who serves, and what is to be known of it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) instance: Arc<Instance>,
    /// Of its slot, the same for all who have that.
    pub(super) slot_hash: u64,
    /// Set where readings have left it out, and it stays a member all the same: it may be called while it answers.
    pub(crate) held: Option<Held>,
    /// Set where it came into a slot that comes and goes: it is a member, and passed by until then.
    pub(crate) damped_until: Option<Instant>,
    /// Another one has its slot, and is newer.
    pub(crate) is_superseded: bool,
}

/// Until when one is kept that readings have left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) why: HeldWhy,
    pub(crate) since: Instant,
    pub(crate) until: Instant,
}

/// Why one is kept that readings have left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeldWhy {
    /// Too many were left out at once.
    Mass,
    /// It comes and goes.
    Flapping,
}

impl Held {
    pub(super) fn new(why: HeldWhy, now: Instant, hold: Duration) -> Self {
        Self {
            why,
            since: now,
            until: now + hold,
        }
    }
}

impl Member {
    /// One that was found, and how it stands.
    #[cfg(test)]
    pub(crate) fn standing(instance: Arc<Instance>, is_superseded: bool, is_damped: bool) -> Self {
        Self {
            instance,
            slot_hash: 0,
            held: None,
            damped_until: is_damped.then(Instant::now),
            is_superseded,
        }
    }

    /// Whether it is to be passed by for now, as its slot comes and goes.
    pub(crate) fn is_damped(&self) -> bool {
        self.damped_until.is_some()
    }
}

impl Found {
    /// How old the answer is that the members are from; nothing where there was none.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        self.seen_at.map(|at| now.saturating_duration_since(at))
    }

    /// How many are kept although readings have left them out.
    pub(crate) fn held(&self) -> usize {
        self.members
            .iter()
            .filter(|member| member.held.is_some())
            .count()
    }
}
