//! H1: what it costs to find who takes a call with a key.

use lab_common::Failure;

use super::Experiment;
use crate::{
    bench::Bench,
    contender::OURS,
    model::{ASKED, Model, percentile, row},
    noise::wait_for_quiet,
    outcome::Outcome,
    plot::{Marks, Panel, Plot},
    stats::Sample,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Lookup = Lookup;

/// Members of normal weight, 1,024 points each.
const MEMBERS: [usize; 4] = [4, 10, 100, 1000];

/// Of these members the time is bounded, in ns.
const BOUNDED: usize = 100;
const BOUND: f64 = 200.0;

/// Sizes of fleets whose ring is built.
const BUILT: [usize; 3] = [100, 1000, 10_000];

/// Finding a member by a key, ours beside the crate that the ring is made of.
pub(super) struct Lookup;

impl Experiment for Lookup {
    fn id(&self) -> &'static str {
        "H1"
    }

    fn about(&self) -> &'static str {
        "who takes a call with a key: hash, ring, health and load, beside the crate's first candidate alone"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let model = Model::build(bench)?;
        let repeats = if bench.is_quick() { 3 } else { 9 };
        let target = Target {
            words: "at most 200 ns",
            than: ASKED,
            bound: Bound::AtMost(1.0),
        };
        let mut rows = Vec::new();
        let mut lines = [Vec::new(), Vec::new()];
        for members in MEMBERS {
            let mut timed = [Vec::new(), Vec::new(), Vec::new()];
            for repeat in 1..=repeats {
                let line = format!("H1: {members} members, repeat {repeat} of {repeats}");
                bench.progress().show(&line);
                wait_for_quiet(bench.effort().patience);
                let printed = model.ask("lookup", members)?;
                let (ours, bare) = (printed.numbers("ours")?, printed.numbers("crate")?);
                timed[0].push(percentile(&ours, 50));
                timed[1].push(percentile(&bare, 50));
                timed[2].push(percentile(&ours, 99));
            }
            let [p50, bare, p99] = timed.map(Sample::of);
            let mut samples = Vec::new();
            samples.extend(p50.clone().map(|one| (OURS.to_owned(), one)));
            samples.extend(bare.clone().map(|one| ("crate".to_owned(), one)));
            let mut bounded = row(format!("p50, {members} members"), "ns", &[], None);
            if members == BOUNDED {
                bounded.target = Some(target);
                let asked = row("", "ns", &[(ASKED, BOUND)], None);
                samples.extend(asked.samples);
            }
            bounded.samples = samples;
            rows.push(bounded);
            let p99 = p99.map(|one| one.median).unwrap_or_default();
            rows.push(row(
                format!("p99, {members} members"),
                "ns",
                &[(OURS, p99)],
                None,
            ));
            for (line, sample) in lines.iter_mut().zip([p50, bare]) {
                line.extend(sample.map(|one| (members as f64, one.median)));
            }
        }
        for members in BUILT {
            let built = model.ask("build", members)?;
            let ms = percentile(&built.numbers("ms")?, 50);
            let points = percentile(&built.numbers("points")?, 50);
            rows.push(row(
                format!("build, {members} members"),
                "ms",
                &[(OURS, ms)],
                None,
            ));
            rows.push(row(
                format!("points, {members} members"),
                "",
                &[(OURS, points)],
                None,
            ));
        }
        let names = [
            "ours: key hash, ring, health, load",
            "crate: first candidate",
        ];
        let series = names.map(str::to_owned).into_iter().zip(lines);
        let panel = Panel {
            title: "one lookup, p50".to_owned(),
            y: "ns".to_owned(),
            marks: Marks::Lines {
                x: "members, 1,024 points each".to_owned(),
                is_log: true,
                series: series.collect(),
            },
            asked: Some(("asked at 100".to_owned(), BOUND)),
        };
        Ok(Outcome {
            case: format!(
                "{repeats} repeats of 2,000 batches of 64 text keys; one member in ten takes no calls"
            ),
            rows,
            plot: Some(Plot {
                panels: vec![panel],
            }),
            others: None,
        })
    }
}
