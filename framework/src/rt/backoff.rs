//! How long to wait before the next try to connect.
//! It waits for nothing itself, and reads no clock and no random source but
//! the one it is given.

use std::time::Duration;

/// The ceiling of the first wait. gRPC waits 1 s (doc/connection-backoff.md of
/// the grpc project); a service whose neighbour restarts should not. So it is
/// found again after about the time that it was away: servers that restart one
/// after the other are not all waited for at once.
pub(crate) const INITIAL: Duration = Duration::from_millis(20);

/// What the ceiling grows by after each failure: gRPC's number, same source.
const FACTOR: f64 = 1.6;

/// The highest ceiling. gRPC's is 120 s; within a data centre a server that is
/// back should be found within seconds, and full jitter keeps the herd thin.
pub(crate) const MAX: Duration = Duration::from_secs(10);

/// Exponential backoff with full jitter: each wait is uniform between zero and
/// a ceiling that grows. Spreading over the whole range is what keeps clients
/// that lost the same server from coming back together (Marc Brooker,
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
    ceiling: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(INITIAL, MAX)
    }
}

impl Backoff {
    /// The first wait is at most `initial`, and none is longer than `max`.
    pub(crate) fn new(initial: Duration, max: Duration) -> Self {
        let ceiling = initial.min(max);
        Self {
            initial: ceiling,
            max,
            ceiling,
        }
    }

    /// The wait after one more failure.
    pub(crate) fn next(&mut self, rng: &mut fastrand::Rng) -> Duration {
        let wait = seconds(self.ceiling.as_secs_f64() * rng.f64(), self.ceiling);
        self.ceiling = seconds(self.ceiling.as_secs_f64() * FACTOR, self.max);
        wait
    }

    /// Starts over: call it when a connection has proved to work.
    pub(crate) fn reset(&mut self) {
        self.ceiling = self.initial;
    }
}

fn seconds(seconds: f64, at_most: Duration) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(at_most, |exact| exact.min(at_most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceilings(mut backoff: Backoff, n: usize) -> Vec<u128> {
        let mut rng = fastrand::Rng::with_seed(7);
        (0..n)
            .map(|_| {
                let ceiling = backoff.ceiling;
                assert!(backoff.next(&mut rng) <= ceiling);
                ceiling.as_millis()
            })
            .collect()
    }

    #[test]
    fn the_ceiling_grows_by_the_factor_up_to_the_maximum() {
        let ms = Duration::from_millis;
        for (initial, max, expected) in [
            (ms(100), ms(700), vec![100, 160, 256, 409, 655, 700, 700]),
            (ms(1_000), ms(300), vec![300, 300]),
            (ms(0), ms(300), vec![0, 0, 0]),
        ] {
            let seen = ceilings(Backoff::new(initial, max), expected.len());
            assert_eq!(seen, expected, "{initial:?}, {max:?}");
        }
        assert_eq!(ceilings(Backoff::default(), 30).last(), Some(&10_000));
    }

    #[test]
    fn extreme_durations_do_not_overflow() {
        let mut backoff = Backoff::new(Duration::MAX, Duration::MAX);
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..3 {
            assert!(backoff.next(&mut rng) <= Duration::MAX);
            assert_eq!(backoff.ceiling, Duration::MAX);
        }
    }

    #[test]
    fn the_jitter_fills_the_whole_range() {
        let mut rng = fastrand::Rng::with_seed(42);
        let waits: Vec<Duration> = (0..1_000)
            .map(|_| Backoff::default().next(&mut rng))
            .collect();
        for quarter in 0..4 {
            let from = INITIAL * quarter / 4;
            let inside = waits
                .iter()
                .filter(|wait| **wait >= from && **wait < from + INITIAL / 4)
                .count();
            assert!((200..300).contains(&inside), "{quarter}: {inside}");
        }
    }

    #[test]
    fn a_reset_starts_over_and_a_seed_repeats() {
        let run = |seed| {
            let (mut rng, mut backoff) = (fastrand::Rng::with_seed(seed), Backoff::default());
            let waits: Vec<Duration> = (0..5).map(|_| backoff.next(&mut rng)).collect();
            backoff.reset();
            assert_eq!(backoff.ceiling, INITIAL);
            waits
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
