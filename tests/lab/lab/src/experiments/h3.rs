//! H3: how evenly keys are spread.

use lab_common::Failure;

use super::Experiment;
use crate::{
    bench::Bench,
    contender::OURS,
    model::{ASKED, Model, mean, row, worst},
    outcome::Outcome,
    plot::{Marks, Panel, Plot},
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Shares = Shares;

/// How many members, and what is asked of the mean and of the worst of all sets.
const MEMBERS: [(usize, f64, f64); 2] = [(10, 1.05, 1.09), (100, 1.09, 1.11)];

/// What the model prints for our number of points, and for those of others.
const POINTS: [(&str, &str); 3] = [(OURS, "1024"), ("160 points", "160"), ("40 points", "40")];

/// The largest part of the keys, beside rings with fewer points.
pub(super) struct Shares;

impl Experiment for Shares {
    fn id(&self) -> &'static str {
        "H3"
    }

    fn about(&self) -> &'static str {
        "keys of the member that has most, as so many times its fair part"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let model = Model::build(bench)?;
        let target = |words| Target {
            words,
            than: ASKED,
            bound: Bound::AtMost(1.0),
        };
        let (mut rows, mut panels) = (Vec::new(), Vec::new());
        for (n, of_mean, of_worst) in MEMBERS {
            bench.progress().show(&format!("H3: {n} members"));
            let printed = model.ask("shares", n)?;
            let mut largest = Vec::new();
            for (name, points) in POINTS {
                largest.push((name, printed.numbers(points)?));
            }
            let columns = |of: fn(&[f64]) -> f64, asked| {
                let columns = largest.iter().map(|(name, sets)| (*name, of(sets)));
                columns.chain([(ASKED, asked)]).collect::<Vec<_>>()
            };
            let figure = format!("max/avg, mean of 20, n = {n}");
            let mean_of = columns(mean, of_mean);
            rows.push(row(figure, "", &mean_of, Some(target("as asked"))));
            let figure = format!("max/avg, worst, n = {n}");
            let worst_of = columns(worst, of_worst);
            rows.push(row(figure, "", &worst_of, Some(target("as asked"))));
            let sorted = |mut sets: Vec<f64>| {
                sets.sort_by(f64::total_cmp);
                let places = (1..).map(f64::from);
                places.zip(sets).collect()
            };
            let series = largest
                .into_iter()
                .map(|(name, sets)| (name.to_owned(), sorted(sets)));
            panels.push(Panel {
                title: format!("largest part of {n} members"),
                y: "max/avg".to_owned(),
                marks: Marks::Lines {
                    x: "20 sets of ids, from the most even on".to_owned(),
                    is_log: false,
                    series: series.collect(),
                },
                asked: Some((format!("asked of the worst: {of_worst}"), of_worst)),
            });
        }
        Ok(Outcome {
            case: "20 sets of ids, all keys, members of one weight".to_owned(),
            rows,
            plot: Some(Plot { panels }),
            others: None,
        })
    }
}
