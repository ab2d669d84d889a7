//! Counts by a reason.
//! It refuses reasons that are made at run time: there are as many as the code names.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A list that only grows: adding takes no lock, and few reasons are quickly gone through.
#[derive(Default)]
pub(super) struct Reasons(OnceLock<Box<Counted>>);

struct Counted {
    reason: &'static str,
    count: AtomicU64,
    next: Reasons,
}

impl Reasons {
    pub(super) fn add(&self, reason: &'static str) {
        let mut list = self;
        loop {
            let counted = list.0.get_or_init(|| {
                Box::new(Counted {
                    reason,
                    count: AtomicU64::new(0),
                    next: Self::default(),
                })
            });
            if counted.reason == reason {
                counted.count.fetch_add(1, Ordering::Relaxed);
                return;
            }
            list = &counted.next;
        }
    }

    /// In the order of the reasons' names.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        let mut list = self;
        while let Some(counted) = list.0.get() {
            counts.insert(counted.reason, counted.count.load(Ordering::Relaxed));
            list = &counted.next;
        }
        counts
    }
}
