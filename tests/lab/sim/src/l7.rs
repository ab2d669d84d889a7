//! L7: one node of twenty begins to fail at once.

use std::time::Duration;

use sinew::{
    Code,
    testing::sim::{Cluster, Load},
};

use crate::{Effort, contender::ALL, figures::Figures, model};

const LOAD: f64 = 0.5;

/// When it begins to fail.
const AT: Duration = Duration::from_secs(5);

pub(crate) fn run(effort: Effort) -> Figures {
    let mut figures = Figures::default();
    let load = Load::poisson(LOAD * model::per_second((0..20).map(|_| 1.0)))
        .clients(20)
        .lasting(AT + effort.seconds(30))
        .warm_up(AT);
    for seed in effort.seeds() {
        for contender in ALL {
            let cluster = Cluster::new()
                .nodes(20, |_| model::node())
                .at(AT, |cluster| cluster.fail("node-7", Code::Unavailable));
            let run = contender.of(cluster).run(seed, &load);
            figures.add("errors", contender.name(), run.error_share() * 100.0);
            figures.latencies("", contender.name(), &run);
        }
    }
    figures
}
