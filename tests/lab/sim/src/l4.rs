//! L4: four nodes, one of them at a quarter of the speed.

use sinew::testing::sim::{Cluster, Load};

use crate::{Effort, contender::ALL, figures::Figures, model};

/// Of what all nodes can do.
const LOAD: f64 = 0.7;

pub(crate) fn run(effort: Effort) -> Figures {
    let mut figures = Figures::default();
    let speed = |index: u32| if index == 0 { 0.25 } else { 1.0 };
    let calls = LOAD * model::per_second((0..4).map(speed));
    let load = Load::poisson(calls)
        .clients(8)
        .lasting(effort.seconds(100))
        .warm_up(effort.seconds(10));
    for seed in effort.seeds() {
        for contender in ALL {
            let cluster = Cluster::new().nodes(4, |index| model::node().speed(speed(index)));
            let run = contender.of(cluster).run(seed, &load);
            figures.latencies("", contender.name(), &run);
            figures.add(
                "calls of the slow one",
                contender.name(),
                run.share_of("node-0") * 100.0,
            );
        }
    }
    figures
}
