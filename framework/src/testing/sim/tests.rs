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

#[test]
fn all_nodes_share_a_load_and_times_are_those_of_the_model() {
    let run = four().run(3, &Load::poisson(800.0).clients(4).lasting(ms(5000)));
    assert_eq!(run.failed(), 0, "{run}");
    assert!((3800..4200).contains(&run.calls().len()), "{run}");
    for node in run.nodes() {
        assert!((0.2..0.3).contains(&run.share_of(node)), "{run}");
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
