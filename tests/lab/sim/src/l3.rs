//! L3: twenty nodes, half of them at half speed.

use sinew::testing::sim::{Cluster, Load};

use crate::{Effort, contender::ALL, figures::Figures, model};

/// Of what all nodes can do.
const LOAD: f64 = 0.8;

pub(crate) fn run(effort: Effort) -> Figures {
    let mut figures = Figures::default();
    let speed = |index: u32| if index.is_multiple_of(2) { 0.5 } else { 1.0 };
    let calls = LOAD * model::per_second((0..20).map(speed));
    let load = Load::poisson(calls)
        .clients(20)
        .lasting(effort.seconds(40))
        .warm_up(effort.seconds(10));
    for seed in effort.seeds() {
        for contender in ALL {
            let cluster = Cluster::new().nodes(20, |index| model::node().speed(speed(index)));
            let run = contender.of(cluster).run(seed, &load);
            figures.latencies("", contender.name(), &run);
        }
    }
    figures
}
