//! How often something is said that a peer or a broken service could have said without end.
//! It refuses to read a clock.

use std::sync::atomic::{AtomicU64, Ordering};

/// Lines of one kind that a second may bring: enough to see what goes on, and no flood.
const PER_SECOND: u64 = 10;

/// Lets so many through in each second, and counts the others.
#[derive(Debug)]
pub(super) struct Sparing {
    /// The second that is counted, in the upper half, and how many were let through in it.
    window: AtomicU64,
    left_out: AtomicU64,
}

impl Sparing {
    pub(super) const fn new() -> Self {
        Self {
            window: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// Whether one more may be said in this `second` of whatever clock: then how many were left out since the last that
    /// was.
    pub(super) fn lets_through(&self, second: u32) -> Option<u64> {
        let second = u64::from(second) << 32;
        let next = |window: u64| {
            let said = if window >> 32 << 32 == second {
                window & u64::from(u32::MAX)
            } else {
                0
            };
            (said < PER_SECOND).then_some(second | (said + 1))
        };
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        match self.window.fetch_update(set, fetch, next) {
            Ok(_) => Some(self.left_out.swap(0, Ordering::Relaxed)),
            Err(_) => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_are_let_through_and_the_others_counted() {
        let sparing = Sparing::new();
        for second in [0, 1, 5] {
            let said: Vec<_> = (0..100)
                .filter_map(|_| sparing.lets_through(second))
                .collect();
            assert_eq!(said.len(), 10, "in second {second}");
            let before = if second == 0 { 0 } else { 90 };
            assert_eq!(said[0], before, "left out before second {second}");
            assert!(said[1..].iter().all(|left_out| *left_out == 0));
        }
    }
}
