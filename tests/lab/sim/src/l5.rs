//! L5: twenty nodes that lose most of their speed in bursts of two seconds, and 200 clients with few calls each.

use std::time::Duration;

use sinew::testing::sim::{Cluster, Load};

use crate::{Effort, contender::ALL, figures::Figures, model};

/// Of what all nodes can do in the mean.
const LOAD: f64 = 0.8;
const CLIENTS: u32 = 200;

/// What a burst takes of a node's speed, how long it lasts, and how often there is one.
const LOST: f64 = 0.6;
const LASTING: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(8);

pub(crate) fn run(effort: Effort) -> Figures {
    let mut figures = Figures::default();
    let left = 1.0 - LOST * LASTING.as_secs_f64() / EVERY.as_secs_f64();
    let calls = LOAD * model::per_second((0..20).map(|_| left));
    let load = Load::poisson(calls)
        .clients(CLIENTS)
        .lasting(effort.seconds(40))
        .warm_up(effort.seconds(10));
    for seed in effort.seeds() {
        for contender in ALL {
            let node = |_| model::node().bursts(LOST, LASTING, EVERY);
            let run = contender
                .of(Cluster::new().nodes(20, node))
                .run(seed, &load);
            figures.latencies("", contender.name(), &run);
        }
    }
    figures
}
