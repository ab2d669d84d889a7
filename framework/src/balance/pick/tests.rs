//! Who is picked, how evenly, and that it costs no allocation.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::call::{LoadReport, Payload, RawReply};
use crate::endpoint::{Fleet, InFlight, Node, Tuning};
use crate::transport::Link;
use crate::transport::scripted::Scripted;

/// So many connected nodes.
pub(in crate::balance) fn nodes(count: usize) -> (EndpointSet, Arc<Fleet>) {
    let fleet = Fleet::new(Tuning::default(), true, 7);
    let answer = |_| Ok(RawReply::whole(Payload::Whole(Default::default())));
    let node = |index: usize| {
        let link = Link::Scripted(Scripted::Answers(Arc::new(answer)));
        Arc::new(Node::fixed(&format!("node-{index}"), link, &fleet))
    };
    (EndpointSet::new((0..count).map(node).collect()), fleet)
}

pub(in crate::balance) fn asks(fleet: &Fleet, now: Instant) -> Asks {
    Asks {
        is_repeatable: true,
        ..Asks::new(fleet, &Balance::default(), fleet.moment(now))
    }
}

/// Holds calls as they are picked, `calls` in all, and says how many each node got.
fn held(balance: Balance, count: usize, calls: usize) -> Vec<u32> {
    let (set, fleet) = nodes(count);
    let picker = Picker::new(balance, 7);
    let now = Instant::now();
    let held: Vec<InFlight> = (0..calls)
        .map(|_| {
            let index = picker
                .pick(&set, &asks(&fleet, now), picker.turn())
                .unwrap();
            InFlight::begin(Arc::clone(&set.nodes()[index]), now, None, true)
        })
        .collect();
    assert_eq!(held.len(), calls);
    set.vitals()
        .iter()
        .map(|vitals| vitals.in_flight())
        .collect()
}

#[test]
fn calls_under_way_are_spread_evenly() {
    for (count, calls, most) in [
        (2, 10, 5),
        (5, 20, 4),
        (16, 32, 2),
        (17, 34, 4),
        (100, 1000, 13),
    ] {
        let held = held(Balance::shortest_delay(), count, calls);
        assert!(held.iter().all(|&held| held <= most), "{count}: {held:?}");
    }
    assert_eq!(held(Balance::round_robin(), 4, 8), [2, 2, 2, 2]);
    assert_eq!(held(Balance::pick_first(), 3, 5), [5, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_server_of_another_kind_is_weighed_by_what_it_says_of_itself() {
    let (set, fleet) = nodes(2);
    let now = Instant::now();
    for (vitals, used) in set.vitals().iter().zip([0.8, 0.2]) {
        let service_time = Duration::from_secs_f32(used / 100.0);
        let report = LoadReport {
            utilization: Some(used),
            qps: 100.0,
            service_time,
            ..LoadReport::default()
        };
        vitals.reported().store(report, now);
    }
    let picker = Picker::new(Balance::shortest_delay(), 7);
    let pick = || {
        picker
            .pick(&set, &asks(&fleet, now), picker.turn())
            .unwrap()
    };
    let begin = |index: usize| InFlight::begin(Arc::clone(&set.nodes()[index]), now, None, true);
    for index in [0, 1] {
        begin(index).settle(Ok(()));
    }
    let held: Vec<InFlight> = (0..30).map(|_| begin(pick())).collect();
    // By the mean of that and of what was measured, which is alike: the root of four times as much.
    let dearer = set.vitals()[0].in_flight();
    assert!((9..=11).contains(&dearer), "{dearer} of {}", held.len());
}

#[tokio::test(start_paused = true)]
async fn a_slow_node_gets_its_share_and_no_more() {
    let (set, fleet) = nodes(2);
    let picker = Picker::new(Balance::shortest_delay(), 7);
    let mut counts = [0; 2];
    // Calls come one after the other; one of the nodes takes ten times as long.
    for _ in 0..1000 {
        let index = picker
            .pick(&set, &asks(&fleet, Instant::now()), picker.turn())
            .unwrap();
        counts[index] += 1;
        let since = Instant::now();
        let call = InFlight::begin(Arc::clone(&set.nodes()[index]), since, None, true);
        tokio::time::sleep(Duration::from_millis([1, 10][index])).await;
        call.settle(Ok(()));
    }
    assert!(counts[1] < 50 && counts[1] > 0, "{counts:?}");
}

#[test]
fn one_that_fails_at_once_is_no_fast_one() {
    let (set, fleet) = nodes(20);
    let picker = Picker::new(Balance::shortest_delay(), 7);
    let start = Instant::now();
    let broken = crate::Status::unavailable("broken");
    let mut failed = 0;
    for n in 0..10_000_u32 {
        let now = start + Duration::from_millis(n.into());
        let index = picker
            .pick(&set, &asks(&fleet, now), picker.turn())
            .unwrap();
        let call = InFlight::begin(Arc::clone(&set.nodes()[index]), start, None, true);
        if index == 3 {
            failed += 1;
            call.settle(Err(&broken));
        } else {
            call.settle(Ok(()));
        }
    }
    assert!(failed < 30, "{failed} of 10,000 without ejection");
}

#[test]
fn a_balancer_of_ones_own_is_asked_and_may_decline() {
    struct Last;
    impl crate::balance::Balancer for Last {
        fn pick(&self, candidates: &Candidates<'_>) -> Option<usize> {
            let last = candidates.len() - 1;
            assert_eq!(candidates.get(last).unwrap().name(), "node-2");
            Some(last)
        }
    }
    struct Never;
    impl crate::balance::Balancer for Never {
        fn pick(&self, _: &Candidates<'_>) -> Option<usize> {
            None
        }
    }
    assert_eq!(held(Balance::custom(Last), 3, 5), [0, 0, 5]);
    assert_eq!(held(Balance::custom(Never), 3, 6), [2, 2, 2]);
}

#[test]
fn a_pick_allocates_nothing() {
    for count in [1, 2, 20, 100, 1000] {
        let (set, fleet) = nodes(count);
        let picker = Picker::new(Balance::shortest_delay(), 7);
        let asks = asks(&fleet, Instant::now());
        let cost = allocation_counter::measure(|| {
            assert!(picker.pick(&set, &asks, picker.turn()).is_some());
        });
        assert_eq!(cost.count_total, 0, "{count} nodes");
    }
}

/// What keys are bounded by is of those nodes that they are placed on.
#[test]
fn those_that_take_keys_are_of_the_classes_that_keys_are_placed_on() {
    use crate::endpoint::{Readiness, Said};
    let (set, fleet) = nodes(1);
    let connected = set.vitals()[0].facts(&fleet.moment(Instant::now()));
    for (bits, draining, panics) in (0..21).flat_map(|bits| {
        [(false, false), (false, true), (true, false), (true, true)]
            .map(|(draining, panics)| (bits, draining, panics))
    }) {
        let readiness = [Readiness::Ready, Readiness::Pending, Readiness::Failing][bits % 3];
        let phase = [
            Phase::Warm,
            Phase::Ready,
            Phase::Suspect,
            Phase::Draining,
            Phase::Ejected,
            Phase::Trial,
            Phase::Hung,
        ][bits / 3];
        let facts = Facts {
            readiness,
            phase,
            report: Some(Said {
                in_flight: 0,
                service: 0.0,
                is_draining: draining,
                is_fresh: true,
            }),
            ..connected
        };
        let class = class(&facts, panics, false);
        let is_placed_on = matches!(class, Some(Class::Routable | Class::Suspect));
        assert_eq!(
            facts.takes_keys(panics),
            is_placed_on,
            "{facts:?}, {panics}"
        );
    }
}
