//! What one call takes of a server: the median of the last ones.
//! It refuses to lock, and to remember more than [`SAMPLES`].

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Enough for a median that one slow call does not move, and few enough to look at for each report. From simulations,
/// as is the age.
const SAMPLES: usize = 24;

/// An older sample says little of now.
const YOUNG: Duration = Duration::from_secs(1);

/// The last samples. Each is one word, so that none is ever read by halves: when it was taken, in milliseconds, in the
/// upper half, and in the lower how long it was, as the bits of a float of microseconds. Zero is none.
#[derive(Debug, Default)]
pub(super) struct Samples {
    slots: [AtomicU64; SAMPLES],
    next: AtomicUsize,
}

impl Samples {
    /// Adds what one call took, `at` a time since the server's start.
    pub(super) fn push(&self, at: Duration, took: Duration) {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        // Never zero, which is none.
        let us = (took.as_secs_f64() * 1e6).max(f64::from(f32::MIN_POSITIVE)) as f32;
        let sample = u64::from(millis(at)) << 32 | u64::from(us.to_bits());
        self.slots[turn % SAMPLES].store(sample, Ordering::Relaxed);
    }

    /// The median of those that are young; of none, the newest; zero before the first.
    pub(super) fn median(&self, now: Duration) -> Duration {
        let now = millis(now);
        let mut young = [0.0; SAMPLES];
        let mut count = 0;
        for slot in &self.slots {
            let sample = slot.load(Ordering::Relaxed);
            // It wraps after seven weeks. A sample may be a little newer than `now`, as others go on.
            let age = now.wrapping_sub((sample >> 32) as u32).cast_signed();
            if sample != 0 && i64::from(age) < YOUNG.as_millis() as i64 {
                young[count] = micros(sample);
                count += 1;
            }
        }
        let us = match count {
            0 => {
                let newest = self.next.load(Ordering::Relaxed).wrapping_sub(1) % SAMPLES;
                micros(self.slots[newest].load(Ordering::Relaxed))
            }
            _ => {
                *young[..count]
                    .select_nth_unstable_by(count / 2, f32::total_cmp)
                    .1
            }
        };
        Duration::from_secs_f64(f64::from(us) / 1e6)
    }
}

fn millis(at: Duration) -> u32 {
    at.as_millis() as u32
}

fn micros(sample: u64) -> f32 {
    f32::from_bits(sample as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn of(samples: &[(u32, u32)]) -> Samples {
        let all = Samples::default();
        for (at, took) in samples {
            all.push(*at * MS, *took * MS);
        }
        all
    }

    #[test]
    fn the_median_of_young_samples_counts_and_else_the_newest() {
        for (samples, now, median) in [
            (&[][..], 5, 0),
            (&[(1, 7)], 5, 7),
            (&[(1, 9), (2, 1), (3, 5)], 5, 5),
            // An old one does not count beside young ones.
            (&[(1, 90), (2, 80), (2000, 3)], 2001, 3),
            // All are old.
            (&[(1, 90), (2, 1), (3, 8)], 5000, 8),
            // Its age is that of the limit.
            (&[(0, 90), (1000, 3)], 1000, 3),
            // One was taken while it was read.
            (&[(10, 4)], 9, 4),
        ] {
            let got = of(samples).median(now * MS);
            assert_eq!(got, median * MS, "{samples:?} at {now}");
        }
    }

    #[test]
    fn the_last_ones_are_kept() {
        let samples: Vec<_> = (0..100).map(|i| (i, i + 1)).collect();
        // 77 to 100 ms are left.
        assert_eq!(of(&samples).median(100 * MS), 89 * MS);
    }

    #[test]
    fn a_clock_that_wraps_does_not_make_samples_old() {
        let samples = Samples::default();
        let end = Duration::from_millis(u64::from(u32::MAX));
        samples.push(end, 4 * MS);
        samples.push(end + 5 * MS, 6 * MS);
        samples.push(end + 6 * MS, 5 * MS);
        assert_eq!(samples.median(end + 9 * MS), 5 * MS);
    }

    #[test]
    fn what_takes_no_time_is_a_sample() {
        let samples = of(&[(0, 0), (0, 0), (0, 9)]);
        assert!(samples.median(MS) < Duration::from_nanos(1));
    }
}
