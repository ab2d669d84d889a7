//! The count of those who wait for one thing, and its bound.
//! It refuses to say what they wait for.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls that may wait at an endpoint, for a connection or for a free stream, unless set: half a second of work for a
/// server that answers two thousand a second, and a few megabytes here.
pub(crate) const MAX_WAITING: usize = 1024;

/// Counts a call that waits, for as long as it lives.
pub(crate) struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// Nothing when `max` wait already.
    pub(crate) fn enter(count: &'a AtomicUsize, max: usize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(count);
        (before < max).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
