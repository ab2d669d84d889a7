//! R1: L1 with processes: four servers that answer at once, then with one and with two of them slower by 5 ms.

use std::time::Duration;

use lab_common::{Failure, Slots};

use super::Experiment;
use crate::{
    bench::Bench,
    cluster::{self, Cluster, ECHO, Setup},
    contender::OURS,
    outcome::Outcome,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Slower = Slower;

const SERVERS: usize = 4;
const PER_SECOND: f64 = 4_000.0;
const SLOWER: Duration = Duration::from_millis(5);

/// The column of what ours has while no server is slow.
const HEALTHY: &str = "all healthy";

const TARGET: Target = Target {
    words: "at most 1.15 x with all healthy",
    than: HEALTHY,
    bound: Bound::AtMost(1.15),
};

/// Servers of which some are slow, over TCP.
pub(super) struct Slower;

impl Experiment for Slower {
    fn id(&self) -> &'static str {
        "R1"
    }

    fn about(&self) -> &'static str {
        "4 server processes over TCP, 0, 1 and 2 of them slower by 5 ms, 4,000 calls/s at random"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let cluster = Cluster::build(bench)?;
        let (repeats, warm_up, window) = if bench.is_quick() {
            (1, Duration::from_millis(500), Duration::from_secs(1))
        } else {
            (5, Duration::from_secs(2), Duration::from_secs(5))
        };
        let setup = |slow: usize| Setup {
            servers: (0..SERVERS)
                .map(|index| Slots {
                    // As many calls as come are slow at once: what is measured is the choice, and no queue.
                    count: 10_000,
                    least: if index < slow { SLOWER } else { Duration::ZERO },
                    ..ECHO
                })
                .collect(),
            clients: 1,
            per_second: PER_SECOND,
            warm_up,
            window,
        };
        let cases = ["0 slow", "1 slow", "2 slow"];
        let setups: Vec<_> = cases.into_iter().zip((0..).map(setup)).collect();
        let seen = cluster.compare("R1", &setups, repeats)?;
        let mut rows = Vec::new();
        for (slow, (case, seen)) in cases.iter().zip(&seen).enumerate() {
            rows.push(cluster::row(
                format!("p50, {case}"),
                "ms",
                seen,
                |seen| seen.p50,
                None,
            ));
            let mut p99 = cluster::row(format!("p99, {case}"), "ms", seen, |seen| seen.p99, None);
            if let Some(healthy) = healthy(&rows).filter(|_| slow > 0) {
                p99.samples.push((HEALTHY.to_owned(), healthy));
                p99.target = Some(TARGET);
            }
            rows.push(p99);
            rows.push(cluster::row(
                format!("p99.9, {case}"),
                "ms",
                seen,
                |seen| seen.p999,
                None,
            ));
            rows.push(cluster::row(
                format!("errors, {case}"),
                "%",
                seen,
                |seen| seen.errors,
                None,
            ));
        }
        Ok(Outcome {
            case: format!("{repeats} repeats of {window:?} after {warm_up:?}"),
            rows,
            plot: None,
            others: cluster::others(&seen),
        })
    }
}

/// The p99 of ours while none is slow.
fn healthy(rows: &[crate::outcome::Row]) -> Option<crate::stats::Sample> {
    let row = rows.iter().find(|row| row.figure == "p99, 0 slow")?;
    row.sample(OURS).cloned()
}
