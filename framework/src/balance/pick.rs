//! The pick: the node of a call, of those that can take one.
//! It refuses to wait, to lock and to allocate.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::class::{Class, class};
use super::cost::{Common, expected_delay, squared_delay};
use super::custom::Candidates;
use super::placed::Placed;
use super::policy::{Balance, Kind};
use super::ring::Choice;
use super::sample::{following, one_of, random};
use crate::endpoint::{EndpointSet, Facts, Fleet, Moment, Phase, Vitals};

/// Up to so many nodes are all compared, which takes about 10 ns for each: in small fleets those that are drawn may all
/// be slow (balancing-hashing-failover §1.2: with two slow of four, two draws meet both once in six). With 20 nodes all
/// are not much better than eight (`cargo lab run L3 L5 L7`: p99 0.86 times tower's and 0.88, 0.16 and 0.22; errors
/// 0.39 % and 0.25 %).
const COMPARED: usize = 16;

/// Of more nodes so many are drawn.
const DRAWN: usize = 8;

/// Draws of that many, before all are looked at: those drawn may all be out of use.
const ROUNDS: usize = 4;

/// What a pick is asked with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asks {
    pub(crate) now: Moment,
    pub(crate) common: Common,
    /// Less than half of the nodes are routable.
    pub(crate) panics: bool,
    /// The call may be repeated, so it may find out whether a node is well again.
    pub(crate) is_repeatable: bool,
    /// What a call with a key is placed by.
    pub(crate) key: Option<u64>,
    /// Calls that all nodes together have, and what those weigh that can be used.
    pub(crate) load: u64,
    pub(crate) weight: u64,
    /// Seconds that a trial waits for such a call before it takes any.
    pub(crate) trial_patience: f32,
}

impl Asks {
    /// Of a call without a key that may not be repeated.
    pub(crate) fn new(fleet: &Fleet, balance: &Balance, now: Moment) -> Self {
        let tuning = &fleet.tuning;
        Self {
            now,
            common: Common {
                typical_rtt: fleet.pace().typical_rtt(),
                warming: tuning.warm_up.as_secs_f32().recip(),
                rtt_decay: tuning.rtt_decay.as_secs_f32().recip(),
                success_decay: tuning.success_decay.as_secs_f32().recip(),
                uses_reports: balance.uses_reports(),
                report_age: tuning.report_age.as_secs_f32(),
                typical_service: fleet.pace().typical_service(),
                first_call: fleet.first_call(),
            },
            panics: fleet.panics(),
            is_repeatable: false,
            key: None,
            load: fleet.keyed().load(),
            weight: fleet.keyed().weight(),
            trial_patience: tuning.trial_patience.as_secs_f32(),
        }
    }
}

impl Asks {
    /// The class of a node for this call.
    #[inline(always)]
    pub(super) fn class(&self, facts: &Facts) -> Option<Class> {
        let may_try = self.is_repeatable || facts.in_phase > self.trial_patience;
        class(facts, self.panics, may_try)
    }
}

/// A node, as a pick sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Considered {
    pub(crate) index: usize,
    pub(crate) facts: Facts,
    /// Seconds.
    pub(crate) cost: f32,
    /// Why it comes after others whatever it costs, if it does.
    pub(crate) passed_over: Option<&'static str>,
}

fn passed_over(facts: &Facts, asks: &Asks) -> Option<&'static str> {
    match class(facts, asks.panics, asks.is_repeatable) {
        Some(Class::Trial | Class::Routable) => None,
        Some(Class::Suspect) => Some("it may hang"),
        Some(Class::Draining) => Some("it is to get no new calls"),
        Some(Class::Ejected) => Some("too many of its calls failed"),
        None if facts.phase == Phase::Hung => Some("it hangs"),
        None => Some("it is not connected"),
    }
}

/// Picks for one channel.
#[derive(Debug)]
pub(crate) struct Picker {
    balance: Balance,
    seed: u64,
    turn: AtomicUsize,
    placed: Placed,
}

impl Picker {
    pub(crate) fn new(balance: Balance, seed: u64) -> Self {
        Self {
            balance,
            seed,
            turn: AtomicUsize::new(0),
            placed: Placed::default(),
        }
    }

    pub(crate) fn balance(&self) -> &Balance {
        &self.balance
    }

    /// Where keys belong, in a set.
    pub(crate) fn placed(&self) -> &Placed {
        &self.placed
    }

    /// The number of the next pick.
    pub(crate) fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    /// The node that a call is to be sent to, if any can take it.
    pub(crate) fn pick(&self, set: &EndpointSet, asks: &Asks, turn: usize) -> Option<usize> {
        let vitals = set.vitals();
        // Who has one endpoint needs no choice; whether it can take the call is seen when it is asked.
        if vitals.len() == 1 {
            return Some(0);
        }
        if let Some(index) = asks.key.and_then(|key| self.owner(set, key, asks)) {
            return Some(index);
        }
        match &self.balance.0 {
            Kind::ShortestDelay | Kind::PeakEwma => self.shortest(vitals, asks, turn),
            Kind::RoundRobin => first(vitals, asks, turn),
            Kind::PickFirst => first(vitals, asks, 0),
            Kind::Custom(balancer) => {
                let routable = best(vitals, asks);
                if routable.is_empty() {
                    return None;
                }
                let candidates = Candidates {
                    vitals,
                    routable: &routable,
                    names: &|index| set.nodes()[index].name(),
                    common: &asks.common,
                    now: asks.now,
                };
                let picked = balancer.pick(&candidates);
                let picked = picked.and_then(|index| routable.get(index).copied());
                picked.or_else(|| self.shortest(vitals, asks, turn))
            }
        }
    }

    /// All nodes as a pick sees them, in their order.
    pub(crate) fn consider(&self, set: &EndpointSet, asks: &Asks) -> Vec<Considered> {
        let consider = |(index, vitals): (usize, &Arc<Vitals>)| {
            let facts = vitals.facts(&asks.now);
            Considered {
                index,
                facts,
                cost: expected_delay(&facts, &asks.common),
                passed_over: passed_over(&facts, asks),
            }
        };
        set.vitals().iter().enumerate().map(consider).collect()
    }

    /// The node that a call with this key goes to now, if it goes by its key.
    pub(crate) fn owner(&self, set: &EndpointSet, key: u64, asks: &Asks) -> Option<usize> {
        match self.placed.pick(set, key, asks) {
            Choice::Owner(index) | Choice::Candidate(index, _) | Choice::Overflow(index) => {
                Some(index)
            }
            Choice::None => None,
        }
    }

    fn shortest(&self, vitals: &[Arc<Vitals>], asks: &Asks, turn: usize) -> Option<usize> {
        let mut random = random(self.seed, turn);
        let count = vitals.len();
        if count > COMPARED {
            for _ in 0..ROUNDS {
                let drawn = (0..DRAWN).map(|_| one_of(count, following(&mut random)));
                let least = least(vitals, asks, drawn);
                if let Some((Class::Trial | Class::Routable, index)) = least {
                    return Some(index);
                }
            }
        }
        // From a random one on: of those that cost the same it is the first.
        let from = one_of(count, random);
        let among =
            (from..from + count).map(|index| if index < count { index } else { index - count });
        least(vitals, asks, among).map(|(_, index)| index)
    }
}

/// The one of `among` whose expected delay is the shortest of the best class, and that class.
#[inline]
fn least(
    vitals: &[Arc<Vitals>],
    asks: &Asks,
    among: impl Iterator<Item = usize>,
) -> Option<(Class, usize)> {
    // Two words and a comparison without a branch: which node is the least nobody can predict.
    let (mut least, mut at) = (u64::MAX, 0);
    among.for_each(|index| {
        let rank = rank(&vitals[index], asks);
        if rank < least {
            (least, at) = (rank, index);
        }
    });
    (least < u64::MAX).then(|| (Class::of(least), at))
}

/// The class of a node, and behind it the bits of its cost, squared: those of numbers that are not negative are in
/// their order. The highest rank is that of one that cannot take the call.
#[inline(always)]
pub(super) fn rank(vitals: &Vitals, asks: &Asks) -> u64 {
    match judged(vitals, asks) {
        Some((class, cost)) => (class as u64) << 32 | u64::from(cost.to_bits()),
        None => u64::MAX,
    }
}

#[inline(always)]
fn judged(vitals: &Vitals, asks: &Asks) -> Option<(Class, f32)> {
    let facts = vitals.facts(&asks.now);
    Some((asks.class(&facts)?, squared_delay(&facts, &asks.common)))
}

/// The first one from `turn` on that is of the best class.
fn first(vitals: &[Arc<Vitals>], asks: &Asks, turn: usize) -> Option<usize> {
    let count = vitals.len();
    let mut first = None;
    for step in 0..count {
        let index = turn.wrapping_add(step) % count;
        match judged(&vitals[index], asks) {
            Some((Class::Trial | Class::Routable, _)) => return Some(index),
            Some((class, _)) if first.is_none_or(|(best, _)| class < best) => {
                first = Some((class, index));
            }
            _ => {}
        }
    }
    first.map(|(_, index)| index)
}

/// All of the best class.
fn best(vitals: &[Arc<Vitals>], asks: &Asks) -> Vec<usize> {
    let classes = || {
        let judged =
            |(index, vitals): (usize, &Arc<Vitals>)| Some((judged(vitals, asks)?.0, index));
        vitals.iter().enumerate().filter_map(judged)
    };
    let Some(best) = classes().map(|(class, _)| class).min() else {
        return Vec::new();
    };
    classes()
        .filter(|(class, _)| *class == best)
        .map(|(_, index)| index)
        .collect()
}

#[cfg(test)]
pub(super) mod tests;
