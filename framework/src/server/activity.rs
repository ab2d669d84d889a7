//! What the calls of one connection are doing, as far as it matters to whether the connection is kept.
//! It refuses to know time: whoever looks does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Calls of one connection: how many have begun, and how many are open.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    begun: AtomicU64,
    open: AtomicUsize,
}

impl Activity {
    /// A call begins. Only the connection's own task says so.
    pub(crate) fn begin(&self) {
        let begun = self.begun.load(Ordering::Relaxed);
        self.begun.store(begun.wrapping_add(1), Ordering::Relaxed);
    }

    /// A call that goes on beside its connection is open until what is returned is dropped.
    pub(crate) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(self))
    }

    /// How many calls have begun; nothing while one is open.
    pub(super) fn at_rest(&self) -> Option<u64> {
        let begun = self.begun.load(Ordering::Relaxed);
        (self.open.load(Ordering::Relaxed) == 0).then_some(begun)
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed) > 0
    }
}

/// A call is open.
#[derive(Debug)]
pub(crate) struct Open(Arc<Activity>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
