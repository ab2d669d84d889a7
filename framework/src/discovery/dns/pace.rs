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
pub(super) struct Pace {
    failures: Backoff,
    doubts: Backoff,
}

/// What a lookup was for, and whether it was worth it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Why {
    /// Somebody doubted what was found before.
    pub(super) is_doubted: bool,
    /// It found something else than the one before.
    pub(super) is_news: bool,
}

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// Where nobody doubts what was found.
    pub(super) calm: Duration,
    /// Where somebody does; no longer than the other.
    pub(super) doubted: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let backoff = || Backoff::new(SOONEST, LATEST - SOONEST);
        Self {
            failures: backoff(),
            doubts: backoff(),
        }
    }
}

impl Pace {
    /// The wait after `outcome`: as long as it holds; where something failed, or nothing says so, from 1 s at first to
    /// 30 s, at random, if that is not longer.
    ///
    /// A doubt shortens it to nothing where the lookup had news or nobody doubted what was before it. One after the
    /// other that come to nothing, as where servers cannot be reached that DNS goes on to name, have to wait from 1 s
    /// to 30 s, too; and a failure's wait is shortened by none.
    pub(super) fn next(&mut self, outcome: &Outcome, why: Why, rng: &mut fastrand::Rng) -> Wait {
        let calm = self.calm(outcome, rng);
        let doubted = if outcome.failed.is_some() {
            calm
        } else if why.is_doubted && !why.is_news {
            calm.min(SOONEST + self.doubts.next(rng))
        } else {
            self.doubts.reset();
            Duration::ZERO
        };
        Wait { calm, doubted }
    }

    fn calm(&mut self, outcome: &Outcome, rng: &mut fastrand::Rng) -> Duration {
        let holds = outcome.holds.map(|holds| {
            let holds = holds.clamp(SOONEST, LATEST);
            holds.mul_f64(1.0 + JITTER * rng.f64()).min(LATEST)
        });
        match holds.filter(|_| outcome.failed.is_none()) {
            Some(holds) => {
                self.failures.reset();
                holds
            }
            None => (SOONEST + self.failures.next(rng)).min(holds.unwrap_or(LATEST)),
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
                let wait = Pace::default().calm(&outcome(Some(ttl * S), None), &mut rng);
                assert!((from..=to).contains(&wait), "{ttl}: {wait:?}");
            }
        }
    }

    #[test]
    fn a_failure_is_tried_again_ever_more_rarely() {
        let mut rng = fastrand::Rng::with_seed(2);
        let failed = outcome(None, Some("refused"));
        let mut longest = Duration::ZERO;
        for _ in 0..100 {
            let mut pace = Pace::default();
            assert!((SOONEST..=2 * S).contains(&pace.calm(&failed, &mut rng)));
            for _ in 0..20 {
                let wait = pace.calm(&failed, &mut rng);
                assert!((SOONEST..=LATEST).contains(&wait), "{wait:?}");
                longest = longest.max(wait);
            }
            // An answer makes up for all of them.
            pace.calm(&outcome(Some(S), None), &mut rng);
            assert!(pace.calm(&failed, &mut rng) <= 2 * S);
        }
        assert!(longest > 29 * S, "{longest:?}");
    }

    #[test]
    fn what_half_failed_is_asked_for_before_its_ttl_ends() {
        let mut rng = fastrand::Rng::with_seed(4);
        let mut pace = Pace::default();
        for _ in 0..100 {
            let wait = pace.calm(&outcome(Some(5 * S), Some("refused")), &mut rng);
            assert!((SOONEST..=5 * S + S / 2).contains(&wait), "{wait:?}");
        }
    }

    #[test]
    fn an_answer_that_does_not_say_how_long_it_holds_is_asked_for_as_after_a_failure() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut pace = Pace::default();
        let waits: Vec<_> = (0..20)
            .map(|_| pace.calm(&outcome(None, None), &mut rng))
            .collect();
        assert!(waits[0] <= 2 * S, "{waits:?}");
        assert!(waits.iter().any(|wait| *wait > 10 * S), "{waits:?}");
    }
    #[test]
    fn a_doubt_is_heard_at_once_until_it_comes_to_nothing_again_and_again() {
        let mut rng = fastrand::Rng::with_seed(5);
        let mut pace = Pace::default();
        let found = outcome(Some(30 * S), None);
        let mut doubted = |is_doubted, is_news, failed: Option<&str>| {
            let found = failed
                .map(|why| outcome(None, Some(why)))
                .unwrap_or(found.clone());
            let why = Why {
                is_doubted,
                is_news,
            };
            let wait = pace.next(&found, why, &mut rng);
            assert!(wait.doubted <= wait.calm);
            (wait.doubted, wait.calm)
        };
        assert_eq!(doubted(false, true, None).0, Duration::ZERO);
        assert_eq!(doubted(true, true, None).0, Duration::ZERO);
        assert!((S..=2 * S).contains(&doubted(true, false, None).0));
        let later: Vec<_> = (0..20).map(|_| doubted(true, false, None).0).collect();
        assert!(later.iter().all(|wait| *wait >= S), "{later:?}");
        assert!(later.iter().any(|wait| *wait > 15 * S), "{later:?}");
        // Nobody doubted what it found: that is over.
        assert_eq!(doubted(false, false, None).0, Duration::ZERO);
        assert!(doubted(true, false, None).0 <= 2 * S);
        let (wait, calm) = doubted(false, false, Some("refused"));
        assert_eq!(wait, calm);
    }
}
