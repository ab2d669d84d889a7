//! Who is told how busy a server is, and how often.
//! It refuses to measure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::Meter;
use crate::call::report::EVERY;
use crate::call::{LoadReport, wire};
use crate::services::health::Health;

/// Whom a server tells how busy it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum To {
    Nobody,
    /// Clients of ours, who ask.
    #[default]
    Asking,
    /// Everybody: foreign clients cannot ask.
    All,
}

/// What a server tells of its load.
pub(crate) struct Reports {
    pub(crate) meter: Arc<Meter>,
    health: Health,
    to: To,
}

impl Reports {
    pub(crate) fn new(meter: Arc<Meter>, health: Health, to: To) -> Self {
        if to == To::All {
            meter.time();
        }
        Self { meter, health, to }
    }

    /// What is known now, for a client of ours; nothing where nobody is told.
    pub(crate) fn now(&self, now: Instant) -> Option<LoadReport> {
        if self.to == To::Nobody {
            return None;
        }
        self.meter.time();
        Some(self.report(now))
    }

    /// What the reply to a request with these headers brings along, if it brings anything.
    pub(crate) fn due(
        self: &Arc<Self>,
        request: &HeaderMap,
        pace: Option<&Arc<Pace>>,
    ) -> Option<Due> {
        let is_told = match self.to {
            To::Nobody => false,
            To::Asking => request.contains_key(&wire::ASKS_LOAD),
            To::All => true,
        };
        if !is_told {
            return None;
        }
        self.meter.time();
        Some(Due {
            reports: Arc::clone(self),
            pace: pace.cloned(),
        })
    }

    fn report(&self, now: Instant) -> LoadReport {
        self.meter.report(now, self.health.is_leaving())
    }
}

/// A reply that brings a report, if it is time for one when the reply ends.
pub(crate) struct Due {
    reports: Arc<Reports>,
    /// Of the connection, where it is known.
    pace: Option<Arc<Pace>>,
}

impl Due {
    pub(crate) fn write_to(&self, trailers: &mut HeaderMap) {
        let now = Instant::now();
        let since = now.saturating_duration_since(self.reports.meter.since);
        if self.pace.as_ref().is_none_or(|pace| pace.take(since)) {
            wire::report_to_trailers(&self.reports.report(now), trailers);
        }
    }
}

/// When a connection may carry the next report, in microseconds since the server's start.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    /// Is it time? For one of those who ask at once.
    fn take(&self, now: Duration) -> bool {
        let micros = |at: Duration| u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        let next = self.0.load(Ordering::Relaxed);
        let after = micros(now.saturating_add(EVERY));
        let (order, lost) = (Ordering::Relaxed, Ordering::Relaxed);
        micros(now) >= next && self.0.compare_exchange(next, after, order, lost).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_carries_a_report_every_ten_milliseconds() {
        let pace = Pace::default();
        let taken = [0, 1, 9, 10, 15, 20, 100, 109, 111];
        let taken = taken.map(|ms| pace.take(Duration::from_millis(ms)));
        assert_eq!(
            taken,
            [true, false, false, true, false, true, true, false, true]
        );
    }
}
