//! H4: keys of which a few are asked for most, at ten nodes with twenty calls in flight each.

use std::time::Duration;

use sinew::testing::sim::{Cluster, Load, Node, Run};

use crate::{
    Effort,
    figures::Figures,
    rivals::{modulo, owner, owner_alone},
};

const NODES: u32 = 10;
const KEYS: u32 = 10_000;
const IN_FLIGHT: u32 = 20 * NODES;
const CALLS: u64 = 200_000;

pub(crate) fn run(effort: Effort) -> Figures {
    let mut figures = Figures::default();
    let calls = if effort.is_quick { CALLS / 5 } else { CALLS };
    let load = Load::closed(IN_FLIGHT)
        .zipf(KEYS, 1.0)
        .most(calls)
        .lasting(Duration::from_secs(600));
    for seed in effort.seeds() {
        // Other names are other places on the ring.
        let cluster = (0..NODES).fold(Cluster::new(), |cluster, index| {
            let node = Node::new().exponential(Duration::from_millis(10));
            cluster.node(format!("node-{seed}-{index}"), node)
        });
        for (clients, of) in [(1, ""), (100, ", 100 clients")] {
            let load = load.clone().clients(clients);
            let mut add = |contender: &str, run: &Run| {
                figures.add(&format!("largest share{of}"), contender, largest(run));
                figures.add(&format!("at the owner{of}"), contender, at_owner(run));
            };
            add("ours", &cluster.run(seed, &load));
            let plain = cluster.clone().calling(owner_alone);
            add("plain ring", &plain.run(seed, &load));
            let modulo = cluster.clone().calling(modulo);
            add("modulo", &modulo.run(seed, &load));
        }
    }
    figures
}

/// The calls of the node with the most, as so many times the mean.
fn largest(run: &Run) -> f64 {
    let shares = run.nodes().iter().map(|node| run.share_of(node));
    shares.fold(0.0, f64::max) * f64::from(NODES)
}

/// Of 100 calls, those that came to the owner of their key.
fn at_owner(run: &Run) -> f64 {
    let owner = owner(run.nodes());
    let (mut all, mut at_owner) = (0_u32, 0_u32);
    for arrived in run.arrivals() {
        let owner = arrived.key.and_then(&owner);
        all += 1;
        at_owner += u32::from(owner == Some(arrived.node as usize));
    }
    f64::from(at_owner) * 100.0 / f64::from(all.max(1))
}
