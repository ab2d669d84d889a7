//! The simulator itself: a seed repeats, and what a script does is what clients see.

use std::time::Duration;

use super::*;
use crate::call::Code;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn four() -> Cluster {
    Cluster::new().nodes(4, |_| Node::new().workers(4).exponential(ms(10)))
}

#[test]
fn a_seed_repeats_and_another_one_does_not() {
    let cluster = four()
        .node("late", Node::new().exponential(ms(5)).unlisted())
        .at(ms(300), |cluster| cluster.join("late"))
        .at(ms(500), |cluster| cluster.kill("node-1"))
        .at(ms(700), |cluster| cluster.fail("node-2", Code::Internal))
        .at(ms(900), |cluster| cluster.start("node-1"))
        .at(ms(1000), |cluster| cluster.empty())
        .at(ms(1100), |cluster| cluster.relist())
        .at(ms(1200), |cluster| cluster.drain("node-3"));
    let load = Load::poisson(800.0)
        .clients(8)
        .lasting(ms(2000))
        .zipf(100, 1.0);
    let (one, two) = (cluster.run(1, &load), cluster.run(1, &load));
    assert_eq!(one.difference(&two), None);
    assert_eq!(one.digest(), two.digest());
    assert!(one.events().len() > 4000, "{one}");
    let other = cluster.run(2, &load);
    assert!(other.difference(&one).is_some());
}

/// The first second from `from` on in which a node gets at least half of its part of `per_second`.
fn back(run: &Run, node: &str, from: usize, per_second: u32) -> Option<usize> {
    let seconds = run.calls_per_second(node);
    let mut seconds = seconds.iter().enumerate().skip(from);
    let back = seconds.find(|(_, calls)| **calls * 2 * 4 >= per_second);
    back.map(|(second, _)| second - from)
}

#[test]
fn a_node_that_failed_for_a_moment_is_used_again() {
    for code in [Code::Unavailable, Code::ResourceExhausted] {
        let cluster = Cluster::new()
            .nodes(4, |_| Node::new().workers(4).exponential(ms(5)))
            .at(ms(3000), move |cluster| cluster.fail("node-0", code))
            .at(ms(3100), |cluster| cluster.heal("node-0"));
        let load = Load::poisson(400.0).clients(4).lasting(ms(16_000));
        cluster.check([1], &load, |run| {
            let back = back(run, "node-0", 4, 400);
            assert!(
                back.is_some_and(|seconds| seconds <= 12),
                "{code:?}: {back:?}\n{run}"
            );
            assert!(run.failed() <= 20, "{code:?}\n{run}");
        });
    }
}

#[test]
fn a_node_that_fails_at_once_gets_few_calls() {
    let cluster = Cluster::new()
        .nodes(20, |_| Node::new().workers(4).exponential(ms(10)))
        .at(ms(2000), |cluster| {
            cluster.fail("node-7", Code::Unavailable)
        });
    let load = Load::poisson(2000.0)
        .clients(10)
        .lasting(ms(12_000))
        .warm_up(ms(2000));
    cluster.check([1], &load, |run| {
        assert!(run.error_share() < 0.005, "{run}")
    });
}

#[test]
fn a_node_that_is_killed_costs_what_was_in_flight_there_and_is_back_when_it_starts() {
    let cluster = four()
        .at(ms(2000), |cluster| cluster.kill("node-2"))
        .at(ms(4000), |cluster| cluster.start("node-2"));
    let load = Load::poisson(400.0).clients(4).lasting(ms(16_000));
    cluster.check([1], &load, |run| {
        let killed = Duration::from_secs(2);
        let arrived = run.arrivals().iter();
        let recent =
            arrived.filter(|one| one.node == 2 && one.at < killed && one.at + ms(200) > killed);
        let in_flight = recent.filter(|one| {
            let same = |end: &&Ended| (end.client, end.number) == (one.client, one.number);
            let end = run.calls().iter().find(same);
            end.is_some_and(|end| end.began + end.took > killed)
        });
        assert!(run.failed() <= in_flight.count() + 1, "{run}");
        let while_down = |one: &&Arrived| one.node == 2 && (killed..ms(4000)).contains(&one.at);
        assert_eq!(run.arrivals().iter().filter(while_down).count(), 0, "{run}");
        let back = back(run, "node-2", 4, 400);
        assert!(back.is_some_and(|seconds| seconds <= 12), "{back:?}\n{run}");
    });
}

#[test]
fn a_node_that_hangs_is_found_out() {
    let cluster = four().at(ms(2000), |cluster| cluster.hang("node-1"));
    let load = Load::poisson(400.0).clients(4).lasting(ms(8000));
    cluster.check([1], &load, |run| {
        let later = |one: &&Arrived| one.node == 1 && one.at > ms(3000);
        assert_eq!(run.arrivals().iter().filter(later).count(), 0, "{run}");
        assert!(run.failed() <= 16, "{run}");
        let hung = |event: &&Event| matches!(event.what, What::Judged("hung", _));
        assert!(run.events().iter().any(|event| hung(&event)), "{run}");
    });
}

#[test]
fn nodes_that_are_busy_without_end_are_not_doubted_and_one_that_hangs_among_them_is_at_once() {
    let cluster = Cluster::new()
        .nodes(4, |_| Node::new().workers(4).exponential(ms(5)))
        .at(ms(1000), |cluster| cluster.hang("node-1"));
    let load = Load::closed(40).lasting(ms(1500));
    cluster.check([1, 2], &load, |run| {
        let when = |phase: &str| {
            let judged = |event: &&Event| matches!(event.what, What::Judged(to, _) if to == phase);
            let judged = run.events().iter().filter(judged);
            judged.map(|event| event.at).collect::<Vec<_>>()
        };
        let is_soon = |at: &Duration| (ms(1000)..ms(1300)).contains(at);
        let (suspect, hung) = (when("suspect"), when("hung"));
        assert!(
            suspect.len() == 1 && suspect.iter().all(is_soon),
            "{suspect:?}: {run}"
        );
        assert!(
            hung.len() == 1 && hung.iter().all(is_soon),
            "{hung:?}: {run}"
        );
    });
}

#[test]
fn a_key_stays_with_its_owner_while_there_is_little_to_do() {
    let us = Duration::from_micros;
    let cluster = Cluster::new()
        .one_way(us(10))
        .nodes(10, |_| Node::new().constant(us(10)));
    let load = Load::poisson(1000.0)
        .clients(2)
        .zipf(200, 0.0)
        .lasting(ms(3000));
    cluster.check([1], &load, |run| {
        let mut owners = std::collections::BTreeMap::new();
        for arrived in run.arrivals() {
            let owner = *owners.entry(arrived.key).or_insert(arrived.node);
            assert_eq!(owner, arrived.node, "{arrived:?} {run}");
        }
        assert!(owners.len() > 150, "{run}");
    });
}

#[test]
fn all_nodes_share_a_load_and_times_are_those_of_the_model() {
    let run = four().run(3, &Load::poisson(800.0).clients(4).lasting(ms(5000)));
    assert_eq!(run.failed(), 0, "{run}");
    assert!((3800..4200).contains(&run.calls().len()), "{run}");
    for node in run.nodes() {
        assert!((0.1..0.4).contains(&run.share_of(node)), "{run}");
    }
    // Exponential with a mean of 10 ms, and 0.3 ms on the way, at half the load that there is room for.
    assert!(
        (6_000..9_000).contains(&run.latency(0.5).as_micros()),
        "{run}"
    );
    assert!(
        (45_000..70_000).contains(&run.latency(0.99).as_micros()),
        "{run}"
    );
}
