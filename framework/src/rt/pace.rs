//! How many seconds of the clock one second is: one, except in a simulation.
//! It refuses to read a clock.

use std::time::Duration;

/// Stretches the times that decisions are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace(u32);

impl Default for Pace {
    fn default() -> Self {
        Self(1)
    }
}

impl Pace {
    /// `by` seconds of the clock are one of what is simulated.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn stretched(by: u32) -> Self {
        Self(by.max(1))
    }

    /// How long that takes by the clock.
    pub(crate) fn of(self, time: Duration) -> Duration {
        time.saturating_mul(self.0)
    }
}
