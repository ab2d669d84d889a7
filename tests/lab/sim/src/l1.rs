//! L1: four nodes of which one, then two are slower by 5 ms.

use std::time::Duration;

use sinew::testing::sim::{Cluster, Load, Node};

use crate::{Effort, contender::ALL, figures::Figures};

/// Work of a call.
const WORK: Duration = Duration::from_micros(200);
const SLOWER: Duration = Duration::from_millis(5);

pub(crate) fn run(effort: Effort) -> Figures {
    let mut figures = Figures::default();
    let load = Load::poisson(4_000.0)
        .clients(4)
        .lasting(effort.seconds(30))
        .warm_up(effort.seconds(5));
    for seed in effort.seeds() {
        for contender in ALL {
            for slow in 0..=2 {
                let node = |index| {
                    let node = Node::new().workers(4).exponential(WORK);
                    if index < slow {
                        node.slower_by(SLOWER)
                    } else {
                        node
                    }
                };
                let cluster = contender.of(Cluster::new().nodes(4, node));
                let run = cluster.run(seed, &load);
                figures.latencies(&format!(", {slow} slow"), contender.name(), &run);
            }
        }
    }
    figures
}
