//! The instant by which a call must have ended.
//! It neither waits nor decides what happens when the instant has passed.

use std::time::Duration;

use tokio::time::Instant;

/// What stands for "never" when an instant cannot be computed: about 30 years, as tokio takes it.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The instant by which a call must have ended, on this process's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// `timeout` from now. A timeout beyond what the clock can hold is about 30 years.
    pub(crate) fn after(timeout: Duration) -> Self {
        Self::from_start(Instant::now(), timeout)
    }

    /// `timeout` after `start`. A timeout beyond what the clock can hold is about 30 years.
    pub(crate) fn from_start(start: Instant, timeout: Duration) -> Self {
        Self(start + timeout.min(FAR))
    }

    /// The instant itself, for a timer.
    pub(crate) const fn instant(self) -> Instant {
        self.0
    }

    /// The earlier of both: a deadline only shrinks.
    #[must_use]
    pub(crate) fn min(self, other: Self) -> Self {
        Ord::min(self, other)
    }

    /// The time left at `now`; zero once the deadline has passed.
    pub(crate) fn remaining(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }

    /// Whether no time is left at `now`.
    pub(crate) fn is_expired(self, now: Instant) -> bool {
        self.0 <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_goes_down_to_zero_and_stays_there() {
        let now = Instant::now();
        let ms = Duration::from_millis;
        let deadline = Deadline::from_start(now, ms(50));
        for (passed, left, expired) in
            [(0, 50, false), (49, 1, false), (50, 0, true), (90, 0, true)]
        {
            assert_eq!(deadline.remaining(now + ms(passed)), ms(left));
            assert_eq!(deadline.is_expired(now + ms(passed)), expired);
        }
    }

    #[test]
    fn the_earlier_one_wins() {
        let now = Instant::now();
        let (early, late) = (Deadline(now), Deadline::from_start(now, Duration::MAX));
        assert_eq!(early.min(late), early);
        assert_eq!(late.min(early), early);
    }

    #[test]
    fn no_timeout_overflows() {
        let now = Instant::now();
        assert_eq!(Deadline::from_start(now, Duration::MAX).remaining(now), FAR);
        assert!(!Deadline::after(Duration::MAX).is_expired(now));
    }
}
