//! H6: discovery that is wrong: a member that comes and goes, an empty answer, half of all missing at once.

use std::{collections::BTreeMap, time::Duration};

use sinew::testing::sim::{Cluster, Load, Node, Run};

use crate::{Effort, figures::Figures, rivals::modulo};

const NODES: u32 = 10;
const KEYS: u32 = 500;

/// The member comes and goes so often.
const FLAPS: u64 = 10;

pub(crate) fn run(effort: Effort) -> Figures {
    let mut figures = Figures::default();
    let s = Duration::from_secs;
    // Each key about twice a second, so that all that moves is seen.
    let load = Load::poisson(2.0 * f64::from(KEYS))
        .clients(2)
        .zipf(KEYS, 0.0);
    // So little to do that no key leaves its owner for its load.
    let node = |_| Node::new().constant(Duration::from_micros(10));
    let still = || {
        Cluster::new()
            .one_way(Duration::from_micros(10))
            .nodes(NODES, node)
    };
    let mut flapping = still();
    for flap in 0..FLAPS {
        flapping = flapping
            .at(s(5 + 6 * flap), |cluster| cluster.leave("node-3"))
            .at(s(8 + 6 * flap), |cluster| cluster.join("node-3"));
    }
    let empty = still()
        .at(s(5), |cluster| cluster.empty())
        .at(s(25), |cluster| cluster.relist());
    let half = ["node-0", "node-1", "node-2", "node-3", "node-4"];
    let halved = still()
        .at(s(5), move |cluster| cluster.leave_at_once(&half))
        .at(s(15), move |cluster| {
            for node in half {
                cluster.join(node);
            }
        });
    for seed in effort.seeds() {
        for (name, cluster, seconds) in [
            ("flaps", &flapping, 75),
            ("empty answer", &empty, 35),
            ("half missing", &halved, 35),
        ] {
            let run = cluster.run(seed, &load.clone().lasting(s(seconds)));
            figures.add(&format!("failed, {name}"), "ours", run.failed() as f64);
            figures.add(&format!("moved, {name}"), "ours", moved(&run));
        }
        // Who makes a new table at each reading.
        let naive = still()
            .calling(modulo)
            .run(seed, &load.clone().lasting(s(5)));
        figures.add("failed, flaps", "modulo", naive.failed() as f64);
        let per_flap = 2.0 * (1.0 - 1.0 / f64::from(NODES)) * f64::from(NODES);
        figures.add("moved, flaps", "modulo", FLAPS as f64 * per_flap);
    }
    figures
}

/// How often a key came to another node than before, as so many times 1/n of all keys.
fn moved(run: &Run) -> f64 {
    let mut last: BTreeMap<(u32, Option<u32>), u32> = BTreeMap::new();
    let mut moves = 0_u32;
    for arrived in run.arrivals() {
        let key = (arrived.client, arrived.key);
        if let Some(before) = last.insert(key, arrived.node) {
            moves += u32::from(before != arrived.node);
        }
    }
    f64::from(moves) / last.len().max(1) as f64 * f64::from(NODES)
}
