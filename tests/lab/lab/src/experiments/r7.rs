//! R7: L7 with processes: twenty servers, of which one begins to fail at once.

use std::time::Duration;

use lab_common::{Failure, Slots};

use super::Experiment;
use crate::{
    bench::Bench,
    cluster::{self, Cluster, ECHO, Setup},
    model::ASKED,
    outcome::Outcome,
    stats::Sample,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Failing = Failing;

const SERVERS: usize = 20;
const WORK: Duration = Duration::from_millis(40);

/// Of what all servers can do.
const LOAD: f64 = 0.5;

const CLIENTS: usize = 2;

/// Percent of the calls.
const BOUND: f64 = 0.3;

/// One of twenty servers that fails, over TCP.
pub(super) struct Failing;

impl Experiment for Failing {
    fn id(&self) -> &'static str {
        "R7"
    }

    fn about(&self) -> &'static str {
        "20 server processes over TCP, one of which begins to fail at once: errors without retries"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let cluster = Cluster::build(bench)?;
        let (repeats, warm_up, window) = if bench.is_quick() {
            (1, Duration::from_secs(1), Duration::from_secs(4))
        } else {
            (3, Duration::from_secs(3), Duration::from_secs(30))
        };
        let server = |index| Slots {
            mean: WORK,
            // Within the window: that it is found out about is part of what is measured.
            fails_after: (index == 7).then(|| warm_up + Duration::from_millis(200)),
            ..ECHO
        };
        let setup = Setup {
            servers: (0..SERVERS).map(server).collect(),
            clients: CLIENTS,
            per_second: LOAD * (SERVERS * ECHO.count) as f64 / WORK.as_secs_f64(),
            warm_up,
            window,
        };
        let all = cluster.compare("R7", &[("1 fails", setup)], repeats)?;
        let seen = all.first().map_or(&[][..], Vec::as_slice);
        let target = Target {
            words: "at most 0.3 %",
            than: ASKED,
            bound: Bound::AtMost(1.0),
        };
        let mut errors = cluster::row("errors", "%", seen, |seen| seen.errors, Some(target));
        let asked = Sample {
            median: BOUND,
            spread: 0.0,
        };
        errors.samples.push((ASKED.to_owned(), asked));
        Ok(Outcome {
            case: format!("{CLIENTS} clients, {repeats} repeats of {window:?} after {warm_up:?}"),
            rows: vec![
                errors,
                cluster::row("p50", "ms", seen, |seen| seen.p50, None),
                cluster::row("p99", "ms", seen, |seen| seen.p99, None),
                cluster::row("p99.9", "ms", seen, |seen| seen.p999, None),
            ],
            plot: None,
            others: cluster::others(&all),
        })
    }
}
