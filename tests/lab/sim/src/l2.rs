//! L2: ten nodes that take up to 1 ms to up to 1 s, as in tower's own comparison (tower-rs/tower PR 76).

use std::time::Duration;

use sinew::testing::sim::{Cluster, Load, Node};

use crate::{Effort, contender::ALL, figures::Figures};

/// What a call takes at most at each of the nodes, in milliseconds.
const MOST: [u64; 10] = [1, 5, 10, 10, 10, 100, 100, 100, 500, 1000];

const CALLS: u64 = 50_000;
const IN_FLIGHT: u32 = 50;

pub(crate) fn run(effort: Effort) -> Figures {
    let mut figures = Figures::default();
    let calls = if effort.is_quick { CALLS / 5 } else { CALLS };
    let load = Load::closed(IN_FLIGHT)
        .most(calls)
        .lasting(Duration::from_secs(600));
    for seed in effort.seeds() {
        for contender in ALL {
            let most = |index: u32| Duration::from_millis(MOST[index as usize % MOST.len()]);
            let cluster = Cluster::new().nodes(10, |index| Node::new().up_to(most(index)));
            let run = contender.of(cluster).run(seed, &load);
            figures.latencies("", contender.name(), &run);
            figures.add("total", contender.name(), run.took().as_secs_f64());
        }
    }
    figures
}
