//! Who may take a call that the node it was meant for has no place for now, the best first.
//! It refuses to know who has a place.

use super::class::Class;
use super::pick::{Asks, Picker, rank};
use super::policy::Kind;
use crate::endpoint::EndpointSet;

/// Of a larger set so many are looked at, from a random one on: that all of them are full says enough.
const LOOKED_AT: usize = 64;

/// In which order nodes of one class come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// By what the call is expected to cost there.
    Cost,
    /// One after the other, from another one on each time.
    Turn,
}

impl Picker {
    /// The nodes that may take the call at once. One that is out of use is none of them, unless the set is in panic.
    pub(crate) fn stand_ins(&self, set: &EndpointSet, asks: &Asks) -> Vec<usize> {
        let (order, turn) = match &self.balance().0 {
            Kind::ShortestDelay | Kind::PeakEwma | Kind::Custom(_) => (Order::Cost, self.turn()),
            Kind::RoundRobin => (Order::Turn, self.turn()),
            Kind::PickFirst => (Order::Turn, 0),
        };
        self.in_order(set, asks, turn, order)
    }

    /// The nodes at which the call may wait for a place. In turn: those that wait are counted nowhere, so that all of
    /// them would wait at the cheapest.
    pub(crate) fn queues(&self, set: &EndpointSet, asks: &Asks) -> Vec<usize> {
        self.in_order(set, asks, self.turn(), Order::Turn)
    }

    fn in_order(&self, set: &EndpointSet, asks: &Asks, turn: usize, order: Order) -> Vec<usize> {
        let vitals = set.vitals();
        let count = vitals.len();
        let mut ranked: Vec<(u64, usize)> = (0..count.min(LOOKED_AT))
            .map(|step| turn.wrapping_add(step) % count)
            .map(|index| (rank(&vitals[index], asks), index))
            .filter(|(rank, _)| *rank < u64::MAX && Class::of(*rank) < Class::Ejected)
            .collect();
        match order {
            Order::Cost => ranked.sort_by_key(|(rank, _)| *rank),
            Order::Turn => ranked.sort_by_key(|(rank, _)| Class::of(*rank)),
        }
        ranked.into_iter().map(|(_, index)| index).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;
    use crate::balance::Balance;
    use crate::balance::pick::tests::{asks, nodes};
    use crate::endpoint::{InFlight, Phase};

    #[test]
    fn they_come_by_class_and_then_by_cost_or_in_turn() {
        let (set, fleet) = nodes(5);
        let now = Instant::now();
        for (index, phase) in [(0, Phase::Suspect), (1, Phase::Ejected), (2, Phase::Hung)] {
            set.vitals()[index].enter(phase, fleet.stamp(now));
        }
        let busy = InFlight::begin(Arc::clone(&set.nodes()[3]), now, None, true);
        let order = |balance: Balance, turn, order| {
            Picker::new(balance, 7).in_order(&set, &asks(&fleet, now), turn, order)
        };
        for turn in 0..5 {
            assert_eq!(order(Balance::default(), turn, Order::Cost), [4, 3, 0]);
        }
        assert_eq!(order(Balance::round_robin(), 3, Order::Turn), [3, 4, 0]);
        assert_eq!(order(Balance::round_robin(), 4, Order::Turn), [4, 3, 0]);
        let picker = Picker::new(Balance::pick_first(), 7);
        for _ in 0..3 {
            assert_eq!(picker.stand_ins(&set, &asks(&fleet, now)), [3, 4, 0]);
        }
        let panics = Asks {
            panics: true,
            ..asks(&fleet, now)
        };
        let mut all = Picker::new(Balance::default(), 7).queues(&set, &panics);
        all.sort_unstable();
        assert_eq!(all, [0, 1, 3, 4]);
        drop(busy);
    }
}
