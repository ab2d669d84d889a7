//! L8: what it costs to choose the endpoint of a call.

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

pub(super) static EXPERIMENT: Pick = Pick;

const ENDPOINTS: [usize; 4] = [2, 20, 100, 10_000];

/// Of so many endpoints a pick takes so many ns.
const BOUNDS: [(usize, f64, &str); 2] = [
    (20, 150.0, "at most 150 ns"),
    (100, 300.0, "at most 300 ns"),
];

/// Figures of the model, each with what it is.
const FIGURES: [(&str, &str); 3] = [
    ("bare", "pick"),
    ("pick", "pick and clock"),
    ("ours", "pick, clock and count"),
];

/// A pick, beside tower's p2c.
pub(super) struct Pick;

impl Experiment for Pick {
    fn id(&self) -> &'static str {
        "L8"
    }

    fn about(&self) -> &'static str {
        "choosing one of 2 to 10,000 endpoints, and counting a call there, beside tower's p2c over peak EWMA"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let model = Model::build(bench)?;
        let repeats = if bench.is_quick() { 1 } else { 9 };
        let none = Target {
            words: "none",
            than: ASKED,
            bound: Bound::Nothing,
        };
        let (mut rows, mut lines) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
        for endpoints in ENDPOINTS {
            let mut timed = [(); 3].map(|()| Vec::new());
            let mut tower = Vec::new();
            for repeat in 1..=repeats {
                let line = format!("L8: {endpoints} endpoints, repeat {repeat} of {repeats}");
                bench.progress().show(&line);
                wait_for_quiet(bench.effort().patience);
                let printed = model.ask("picks", endpoints)?;
                for ((figure, _), timed) in FIGURES.iter().zip(&mut timed) {
                    timed.push(percentile(&printed.numbers(figure)?, 50));
                }
                tower.push(percentile(&printed.numbers("tower")?, 50));
            }
            let tower = Sample::of(tower);
            for (((figure, what), timed), line) in FIGURES.iter().zip(timed).zip(&mut lines) {
                let mut row = row(format!("{what}, {endpoints} endpoints"), "ns", &[], None);
                let ours = Sample::of(timed);
                line.extend(ours.iter().map(|one| (endpoints as f64, one.median)));
                row.samples.extend(ours.map(|one| (OURS.to_owned(), one)));
                // tower's cannot be had without the rest.
                if *figure == "ours" {
                    let tower = tower.clone();
                    row.samples
                        .extend(tower.map(|one| ("tower".to_owned(), one)));
                }
                let bound = BOUNDS.iter().find(|(of, ..)| *of == endpoints);
                if let Some((_, ns, words)) = bound.filter(|_| *figure == "bare") {
                    let asked = Sample {
                        median: *ns,
                        spread: 0.0,
                    };
                    row.samples.push((ASKED.to_owned(), asked));
                    row.target = Some(Target {
                        words,
                        than: ASKED,
                        bound: Bound::AtMost(1.0),
                    });
                }
                rows.push(row);
            }
            let allocated = model.count("picks", endpoints)?.numbers("allocations")?;
            let columns = [(OURS, allocated.iter().sum()), (ASKED, 0.0)];
            let figure = format!("allocations of 10,000 picks, {endpoints} endpoints");
            rows.push(row(figure, "", &columns, Some(none)));
        }
        let names = FIGURES.map(|(_, what)| what.to_owned());
        let panel = Panel {
            title: "one call, p50".to_owned(),
            y: "ns".to_owned(),
            marks: Marks::Lines {
                x: "endpoints".to_owned(),
                is_log: true,
                series: names.into_iter().zip(lines).collect(),
            },
            asked: Some(("asked of a pick at 20".to_owned(), 150.0)),
        };
        Ok(Outcome {
            case: format!(
                "{repeats} repeats of 1,800 batches of 64 calls, 16 under way; each endpoint has reported its load"
            ),
            rows,
            plot: Some(Plot {
                panels: vec![panel],
            }),
            others: None,
        })
    }
}
