//! The load of the nodes that calls are placed on by their keys: its sum is kept as nodes, reports and calls come and
//! go, so that no pick adds it up.
//! It refuses to know the nodes, and which of them count: their vitals say so.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::endpoint::vitals::Part;
use crate::endpoint::{Moment, Vitals};

/// What the nodes together have, from the first call with a key on.
#[derive(Debug, Default)]
pub(crate) struct KeyedLoad {
    is_kept: AtomicBool,
    /// In percent of a normal node.
    weight: AtomicI64,
    /// In calls.
    load: AtomicI64,
}

impl KeyedLoad {
    /// Keeps it from now on, and says whether that is new: what there is already has to be counted.
    pub(super) fn begin(&self) -> bool {
        !self.is_kept() && !self.is_kept.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept.load(Ordering::Relaxed)
    }

    /// What the nodes weigh together, in percent of a normal one.
    pub(crate) fn weight(&self) -> u64 {
        u64::try_from(self.weight.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Calls that the same nodes have, as far as is known.
    pub(crate) fn load(&self) -> u64 {
        u64::try_from(self.load.load(Ordering::Relaxed)).unwrap_or(0)
    }

    pub(super) fn recount(&self, vitals: &Vitals, now: &Moment, panics: bool) {
        self.takes_part(vitals, vitals.part(now, panics));
        // It may have left after it was asked.
        if !vitals.is_member() {
            self.takes_part(vitals, Part::default());
        }
    }

    /// A node is none of the channel any more.
    pub(in crate::endpoint) fn leaves(&self, vitals: &Vitals) {
        vitals.set_member(false);
        self.takes_part(vitals, Part::default());
    }

    fn takes_part(&self, vitals: &Vitals, part: Part) {
        let before = vitals.takes_part(part);
        for (sum, before, after) in [
            (&self.load, before.load, part.load),
            (&self.weight, before.weight, part.weight),
        ] {
            if before != after {
                sum.fetch_add(i64::from(after) - i64::from(before), Ordering::Relaxed);
            }
        }
    }
}
