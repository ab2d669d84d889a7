//! Counts → rates over the last seconds.
//! It refuses to count, and to keep more than two marks.

use std::time::Duration;

/// What was counted at a time since the server's start. All of it may wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) at: Duration,
    pub(super) calls: u32,
    pub(super) failed: u32,
    pub(super) busy_ns: u64,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    /// Calls per second.
    pub(super) qps: f32,
    /// Calls per second that failed.
    pub(super) eps: f32,
    /// Seconds per second that calls took: how many were at work together, in the mean.
    pub(super) busy: f32,
}

/// A rate is of at least this time, and of at most twice as much where it is asked for all the time: some seconds
/// smooth the chance of single calls, and gRPC's clients weigh servers anew each second (gRFC A58).
const HALF: Duration = Duration::from_secs(2);

/// A server that has just begun has had this time: one call in its first millisecond is not a thousand per second.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Two looks back.
#[derive(Debug)]
pub(super) struct Window {
    older: Counted,
    newer: Counted,
}

impl From<Counted> for Window {
    fn from(start: Counted) -> Self {
        Self {
            older: start,
            newer: start,
        }
    }
}

impl Window {
    /// Where nobody has asked for long, of all the time since then.
    pub(super) fn rates(&mut self, now: Counted) -> Rates {
        if now.at.saturating_sub(self.newer.at) >= HALF {
            self.older = self.newer;
            self.newer = now;
        }
        let seconds = now
            .at
            .saturating_sub(self.older.at)
            .max(AT_LEAST)
            .as_secs_f32();
        Rates {
            qps: now.calls.wrapping_sub(self.older.calls) as f32 / seconds,
            eps: now.failed.wrapping_sub(self.older.failed) as f32 / seconds,
            busy: now.busy_ns.wrapping_sub(self.older.busy_ns) as f32 / 1e9 / seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(ms: u64, calls: u32) -> Counted {
        Counted {
            at: Duration::from_millis(ms),
            calls,
            failed: calls / 10,
            busy_ns: u64::from(calls) * 1_000_000,
        }
    }

    #[test]
    fn rates_are_of_the_last_seconds() {
        let mut window = Window::from(Counted::default());
        for (ms, calls, qps) in [
            // The first second counts as a whole one.
            (10, 30, 30.0),
            (1000, 100, 100.0),
            (2000, 200, 100.0),
            // From here on twice as many: the window is of 2 to 4 s.
            (4000, 600, 200.0),
            (5000, 800, 200.0),
            (6000, 1000, 200.0),
            // Nobody has asked for long.
            (106_000, 1000, 0.0),
            (106_100, 1000, 0.0),
        ] {
            let rates = window.rates(counted(ms, calls));
            assert_eq!(rates.qps, qps, "at {ms} ms");
            assert!((rates.eps - qps / 10.0).abs() < 0.1, "{rates:?}");
            assert!((rates.busy - qps / 1000.0).abs() < 0.001, "{rates:?}");
        }
    }

    #[test]
    fn counts_may_wrap_and_times_may_stand() {
        let start = Counted {
            calls: u32::MAX - 9,
            failed: u32::MAX,
            busy_ns: u64::MAX,
            ..Counted::default()
        };
        let mut window = Window::from(start);
        let now = Counted {
            calls: 90,
            failed: 0,
            busy_ns: 0,
            ..start
        };
        let rates = window.rates(now);
        assert_eq!((rates.qps, rates.eps), (100.0, 1.0));
        assert!(rates.busy < 0.001);
    }
}
