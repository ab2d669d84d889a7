//! Moments in 32 bits, so that one atomic word has room for a number and when it was true.
//! It refuses to be a clock: it is told what time it is.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

/// Milliseconds since the epoch of whoever compares. It wraps after 49 days: ages are right up to half of that, and
/// what is older looks new for a while, which no decision here minds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u32);

impl Stamp {
    pub(crate) fn at(now: Instant, epoch: Instant) -> Self {
        let millis = now.saturating_duration_since(epoch).as_millis();
        #[expect(clippy::cast_possible_truncation, reason = "it is meant to wrap")]
        Self(millis as u32)
    }

    /// Milliseconds from `earlier` to this; a moment that seems later is taken for the same one.
    #[inline]
    pub(crate) fn millis_since(self, earlier: Self) -> u32 {
        let age = self.0.wrapping_sub(earlier.0);
        // Two threads may read their clocks in one order and store what they saw in the other.
        if age > u32::MAX / 2 { 0 } else { age }
    }

    /// The same in seconds.
    #[inline]
    pub(crate) fn seconds_since(self, earlier: Self) -> f32 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "six digits are enough for an age"
        )]
        let age = self.millis_since(earlier) as f32;
        age * 0.001
    }

    /// Is it earlier than `other`, by a millisecond at least?
    pub(crate) fn is_before(self, other: Self) -> bool {
        other.seconds_since(self) > 0.0
    }

    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

/// A number and when it was true, or nothing yet; read and written whole.
#[derive(Debug, Default)]
pub(crate) struct Stamped(AtomicU64);

impl Stamped {
    /// Not a number with a payload of its own: no measured value is that.
    #[inline]
    pub(crate) fn get(&self) -> Option<(f32, Stamp)> {
        let bits = self.0.load(Ordering::Relaxed);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the two halves of the word"
        )]
        let (value, stamp) = (f32::from_bits((bits >> 32) as u32), Stamp(bits as u32));
        (value > 0.0).then_some((value, stamp))
    }

    /// `value` has to be more than 0. Of two that write at once one is lost: these are estimates.
    pub(crate) fn set(&self, value: f32, stamp: Stamp) {
        let bits = u64::from(value.to_bits()) << 32 | u64::from(stamp.0);
        self.0.store(bits, Ordering::Relaxed);
    }

    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_number_keeps_its_moment_and_ages_wrap_without_harm() {
        let epoch = Instant::now();
        let at = |millis| Stamp::at(epoch + Duration::from_millis(millis), epoch);
        let stamped = Stamped::default();
        assert_eq!(stamped.get(), None);
        stamped.set(0.25, at(1500));
        assert_eq!(stamped.get(), Some((0.25, at(1500))));
        stamped.clear();
        assert_eq!(stamped.get(), None);
        for (later, earlier, seconds) in [
            (1500, 500, 1.0),
            (500, 1500, 0.0),
            (1 << 32, (1 << 32) - 2000, 2.0),
            (7, 7, 0.0),
        ] {
            let age = at(later).seconds_since(at(earlier));
            assert!(
                (age - seconds).abs() < 1e-6,
                "{later} since {earlier}: {age}"
            );
        }
    }
}
