//! How long calls took, kept as a histogram.
//!
//! It never drops a slow call: what exceeds the range is counted at its end.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::Failure;

/// The longest latency that is told apart, in nanoseconds: far above any deadline of a call.
const LONGEST_NANOS: u64 = 60_000_000_000;
/// Significant decimal digits kept: an error of 0.1 %, below any difference that is reported.
const DIGITS: u8 = 3;

/// Takes the latencies of all callers of one kind.
///
/// One histogram behind a lock, not one a caller: a client has one worker, so the lock is free, and
/// 64 histograms would push the stack under test out of the caches.
#[derive(Debug)]
pub struct Recorder(Mutex<Histogram<u64>>);

/// A summary of recorded latencies.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Latencies {
    /// Calls recorded.
    pub calls: u64,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The 99.9th percentile.
    #[serde(default)]
    pub p999: Duration,
}

impl Recorder {
    /// An empty one.
    ///
    /// # Errors
    /// None with the bounds of this file; the library's checks are passed on.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self(Mutex::new(Histogram::new_with_max(
            LONGEST_NANOS,
            DIGITS,
        )?)))
    }

    /// Counts a call that took `latency`.
    pub fn record(&self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .saturating_record(nanos);
    }

    /// What was recorded so far.
    #[must_use]
    pub fn latencies(&self) -> Latencies {
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |quantile| Duration::from_nanos(histogram.value_at_quantile(quantile));
        Latencies {
            calls: histogram.len(),
            p50: at(0.50),
            p99: at(0.99),
            p999: at(0.999),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let recorder = Recorder::new().unwrap();
        for micros in 1..=1000 {
            recorder.record(Duration::from_micros(micros));
        }
        recorder.record(Duration::from_secs(3600));
        let latencies = recorder.latencies();
        assert_eq!(latencies.calls, 1001);
        assert!(latencies.p50.abs_diff(Duration::from_micros(501)) < Duration::from_micros(2));
        assert!(latencies.p99.abs_diff(Duration::from_micros(991)) < Duration::from_micros(2));
    }
}
