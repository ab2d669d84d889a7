//! R4: L4 with processes: four servers, one of them at a quarter of the speed.

use std::time::Duration;

use lab_common::{Failure, Slots};

use super::Experiment;
use crate::{
    bench::Bench,
    cluster::{self, Cluster, ECHO, Setup, TOWER},
    outcome::Outcome,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Quarter = Quarter;

const WORK: Duration = Duration::from_millis(10);
const SPEEDS: [f64; 4] = [0.25, 1.0, 1.0, 1.0];

/// Of what all servers can do.
const LOAD: f64 = 0.7;

const CLIENTS: usize = 2;

/// One of four servers at a quarter of the speed, over TCP.
pub(super) struct Quarter;

impl Experiment for Quarter {
    fn id(&self) -> &'static str {
        "R4"
    }

    fn about(&self) -> &'static str {
        "4 server processes over TCP, 4 slots of 10 ms each, one at a quarter of the speed, at 0.7 of what they can do"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let cluster = Cluster::build(bench)?;
        let (repeats, warm_up, window) = if bench.is_quick() {
            (1, Duration::from_secs(1), Duration::from_secs(2))
        } else {
            (5, Duration::from_secs(4), Duration::from_secs(15))
        };
        let server = |speed: f64| Slots {
            mean: WORK.div_f64(speed),
            ..ECHO
        };
        let per_second = SPEEDS.iter().sum::<f64>() * ECHO.count as f64 / WORK.as_secs_f64();
        let setup = Setup {
            servers: SPEEDS.map(server).to_vec(),
            clients: CLIENTS,
            per_second: LOAD * per_second,
            warm_up,
            window,
        };
        let all = cluster.compare("R4", &[("1 at 1/4", setup)], repeats)?;
        let seen = all.first().map_or(&[][..], Vec::as_slice);
        let beside_tower = |words, times| Target {
            words,
            than: TOWER,
            bound: Bound::AtMost(times),
        };
        let p99 = beside_tower("at most 0.9 x tower's", 0.9);
        let p999 = beside_tower("at most 0.75 x tower's", 0.75);
        Ok(Outcome {
            case: format!("{CLIENTS} clients, {repeats} repeats of {window:?} after {warm_up:?}"),
            rows: vec![
                cluster::row("p50", "ms", seen, |seen| seen.p50, None),
                cluster::row("p99", "ms", seen, |seen| seen.p99, Some(p99)),
                cluster::row("p99.9", "ms", seen, |seen| seen.p999, Some(p999)),
                cluster::row("errors", "%", seen, |seen| seen.errors, None),
            ],
            plot: None,
            others: cluster::others(&all),
        })
    }
}
