//! When a server is told to end, and how its connections are told.
//! It refuses to wait for calls in flight: that is `listen.rs`.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a process to end: SIGTERM, as orchestrators send it, and SIGINT, as Ctrl-C does.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let cannot = |error: io::Error| {
            let what = format!("cannot listen to SIGTERM and SIGINT: {error}");
            io::Error::new(error.kind(), what)
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(cannot)?,
            interrupt: signal(SignalKind::interrupt()).map_err(cannot)?,
        })
    }

    /// Waits for the next of either.
    pub(super) async fn next(&mut self) {
        // None: no signal comes any more, as a runtime ends. Then nobody waits either.
        let one = tokio::select! {
            one = self.terminate.recv() => one,
            one = self.interrupt.recv() => one,
        };
        if one.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// What each connection of a server adds to the time in which all are told to end: clients that connect anew do so as
/// fast as this, and no faster.
const PER_CONNECTION: Duration = Duration::from_millis(10);

/// All are told within this time.
const SPREAD_AT_MOST: Duration = Duration::from_secs(1);

/// The end of a server, as its connections are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drain {
    spread: Duration,
}

impl Drain {
    /// The end of a server with so many connections.
    pub(super) fn of(connections: usize) -> Self {
        let connections = u32::try_from(connections).unwrap_or(u32::MAX);
        let spread = PER_CONNECTION.saturating_mul(connections.saturating_sub(1));
        Self {
            spread: spread.min(SPREAD_AT_MOST),
        }
    }

    /// How long one connection waits until it tells its client; `random` is in `0.0..1.0`.
    pub(super) fn delay(self, random: f64) -> Duration {
        self.spread.mul_f64(random)
    }
}

/// The part of a time by which one connection may end sooner or later than another, so that those which came together
/// do not go together: as gRPC has it for their age (gRFC A9).
const JITTER: f64 = 0.1;

/// How old one connection gets, or how long it is idle; `random` is in `0.0..1.0`.
pub(super) fn jittered(max: Duration, random: f64) -> Duration {
    max.mul_f64(1.0 - JITTER + 2.0 * JITTER * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_told_one_after_the_other_within_a_second() {
        for (connections, random, millis) in [
            (0, 0.9, 0),
            (1, 0.9, 0),
            (2, 0.5, 5),
            (101, 0.5, 500),
            (1_000_000, 0.5, 500),
            (usize::MAX, 0.99, 990),
        ] {
            let delay = Drain::of(connections).delay(random);
            assert_eq!(delay, Duration::from_millis(millis), "{connections}");
        }
    }

    #[test]
    fn times_differ_by_a_tenth_either_way() {
        let max = Duration::from_secs(100);
        for (random, seconds) in [(0.0, 90.0), (0.5, 100.0), (0.75, 105.0)] {
            assert_eq!(jittered(max, random), Duration::from_secs_f64(seconds));
        }
    }
}
