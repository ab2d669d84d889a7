//! L9: ten thousand endpoints that are told anew ten times a second.

use lab_common::Failure;

use super::Experiment;
use crate::{
    bench::Bench,
    contender::OURS,
    model::{ASKED, Model, percentile, row},
    noise::wait_for_quiet,
    outcome::Outcome,
    stats::Sample,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Updates = Updates;

const ENDPOINTS: usize = 10_000;

/// Percent of a core.
const BOUND: f64 = 5.0;

/// What is asked of the model, with what it is.
const CASES: [(&str, &str); 3] = [
    ("members", "a member replaced, no keys"),
    ("states", "a member drains, keys"),
    ("keyed-members", "a member replaced, keys"),
];

/// Updates of a large set.
pub(super) struct Updates;

impl Experiment for Updates {
    fn id(&self) -> &'static str {
        "L9"
    }

    fn about(&self) -> &'static str {
        "10,000 endpoints, told whole every 100 ms: CPU of an update, rings that are made, memory, the pick meanwhile"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let model = Model::build(bench)?;
        let repeats = if bench.is_quick() { 1 } else { 5 };
        let mut rows = Vec::new();
        for (what, case) in CASES {
            let mut figures = ["updating", "idle", "rings", "updates", "memory", "pick"]
                .map(|name| (name, Vec::new()));
            for repeat in 1..=repeats {
                bench
                    .progress()
                    .show(&format!("L9: {case}, repeat {repeat} of {repeats}"));
                wait_for_quiet(bench.effort().patience);
                let printed = model.ask(what, ENDPOINTS)?;
                for (name, values) in &mut figures {
                    values.push(percentile(&printed.numbers(name)?, 50));
                }
            }
            for (name, values) in figures {
                let (figure, unit) = match name {
                    "updating" => ("of a core", "%"),
                    "idle" => ("of a core, without updates", "%"),
                    "rings" => ("rings made", ""),
                    "updates" => ("updates", ""),
                    "memory" => ("memory of an endpoint", "bytes"),
                    _ => ("pick meanwhile", "ns"),
                };
                let mut row = row(format!("{figure}: {case}"), unit, &[], None);
                row.samples
                    .extend(Sample::of(values).map(|one| (OURS.to_owned(), one)));
                // A ring of so many takes longer than the time between two updates, and is made elsewhere.
                let asked = match name {
                    "updating" if what != "keyed-members" => {
                        Some((BOUND, "at most 5 %", Bound::AtMost(1.0)))
                    }
                    "rings" if what != "keyed-members" => Some((0.0, "none", Bound::Nothing)),
                    _ => None,
                };
                if let Some((asked, words, bound)) = asked {
                    let asked = Sample {
                        median: asked,
                        spread: 0.0,
                    };
                    row.samples.push((ASKED.to_owned(), asked));
                    row.target = Some(Target {
                        words,
                        than: ASKED,
                        bound,
                    });
                }
                rows.push(row);
            }
        }
        Ok(Outcome {
            case: format!(
                "{repeats} repeats of 4 s; no endpoint ever connects, so that updates are what is measured"
            ),
            rows,
            plot: None,
            others: None,
        })
    }
}
