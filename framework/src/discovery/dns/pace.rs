//! How long it is until a name is looked up again.
//! It refuses to wait.

use std::time::Duration;

use super::lookup::Outcome;
use crate::rt::backoff::Backoff;

/// The shortest time between two lookups of a name, unless what it found is doubted: servers with a TTL of 0 are not
/// asked all the time.
pub(super) const SOONEST: Duration = Duration::from_secs(1);

/// The longest: who leaves is seen within it, whatever the TTL says; many zones have a day.
pub(super) const LATEST: Duration = Duration::from_secs(30);

/// By so much of it a lookup comes later than the TTL says, at most: clients that began together do not ask together.
const JITTER: f64 = 0.1;

/// When to look again, after a lookup that found what it was to, and after others.
#[derive(Debug)]
pub(super) struct Pace(Backoff);

impl Default for Pace {
    fn default() -> Self {
        Self(Backoff::new(SOONEST, LATEST - SOONEST))
    }
}

impl Pace {
    /// The wait after `outcome`: as long as it holds; where nothing says so, from 1 s at first to 30 s, at random.
    pub(super) fn next(&mut self, outcome: &Outcome, rng: &mut fastrand::Rng) -> Duration {
        match outcome.holds.filter(|_| outcome.failed.is_none()) {
            Some(holds) => {
                self.0.reset();
                let holds = holds.clamp(SOONEST, LATEST);
                holds.mul_f64(1.0 + JITTER * rng.f64()).min(LATEST)
            }
            None => SOONEST + self.0.next(rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn outcome(holds: Option<Duration>, failed: Option<&str>) -> Outcome {
        Outcome {
            found: None,
            holds,
            failed: failed.map(str::to_owned),
        }
    }

    #[test]
    fn an_answer_is_asked_for_again_when_its_ttl_ends() {
        let mut rng = fastrand::Rng::with_seed(1);
        for (ttl, from, to) in [
            (0, SOONEST, SOONEST.mul_f64(1.1)),
            (1, S, S.mul_f64(1.1)),
            (10, 10 * S, 11 * S),
            (29, 29 * S, LATEST),
            (86_400, LATEST, LATEST),
        ] {
            for _ in 0..100 {
                let wait = Pace::default().next(&outcome(Some(ttl * S), None), &mut rng);
                assert!((from..=to).contains(&wait), "{ttl}: {wait:?}");
            }
        }
    }

    #[test]
    fn a_failure_is_tried_again_ever_more_rarely() {
        let mut rng = fastrand::Rng::with_seed(2);
        let failed = outcome(Some(10 * S), Some("refused"));
        let mut longest = Duration::ZERO;
        for _ in 0..100 {
            let mut pace = Pace::default();
            assert!((SOONEST..=2 * S).contains(&pace.next(&failed, &mut rng)));
            for _ in 0..20 {
                let wait = pace.next(&failed, &mut rng);
                assert!((SOONEST..=LATEST).contains(&wait), "{wait:?}");
                longest = longest.max(wait);
            }
            // An answer makes up for all of them.
            pace.next(&outcome(Some(S), None), &mut rng);
            assert!(pace.next(&failed, &mut rng) <= 2 * S);
        }
        assert!(longest > 29 * S, "{longest:?}");
    }

    #[test]
    fn an_answer_that_does_not_say_how_long_it_holds_is_asked_for_as_after_a_failure() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut pace = Pace::default();
        let waits: Vec<_> = (0..20)
            .map(|_| pace.next(&outcome(None, None), &mut rng))
            .collect();
        assert!(waits[0] <= 2 * S, "{waits:?}");
        assert!(waits.iter().any(|wait| *wait > 10 * S), "{waits:?}");
    }
}
