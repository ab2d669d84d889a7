//! What became of the calls of the last seconds.
//! It refuses to say what follows from it.

use std::time::Duration;

use tokio::time::Instant;

/// Buckets of `Tuning::bucket` that nodes are compared by.
const BUCKETS: usize = 10;

/// Calls of the last [`BUCKETS`] buckets.
#[derive(Debug)]
pub(super) struct Window {
    buckets: [(u32, u32); BUCKETS],
    current: usize,
    began: Instant,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            buckets: [(0, 0); BUCKETS],
            current: 0,
            began: now,
        }
    }

    /// Forgets them.
    pub(super) fn clear(&mut self) {
        self.buckets = [(0, 0); BUCKETS];
    }

    pub(super) fn count(&mut self, calls: (u32, u32), now: Instant, bucket: Duration) {
        let mut passed = 0;
        while now.saturating_duration_since(self.began) >= bucket && passed < BUCKETS {
            self.current = (self.current + 1) % BUCKETS;
            self.buckets[self.current] = (0, 0);
            self.began += bucket;
            passed += 1;
        }
        if passed == BUCKETS {
            self.began = now;
        }
        let current = &mut self.buckets[self.current];
        current.0 += calls.0;
        current.1 += calls.1;
    }

    /// Those that went well, and those that failed.
    pub(super) fn sum(&self) -> (u32, u32) {
        let add = |sum: (u32, u32), bucket: &(u32, u32)| (sum.0 + bucket.0, sum.1 + bucket.1);
        self.buckets.iter().fold((0, 0), add)
    }
}
