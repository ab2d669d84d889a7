//! H2: which keys move when a member joins or leaves.

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

pub(super) static EXPERIMENT: Moves = Moves;

const MEMBERS: [usize; 3] = [4, 10, 100];

/// So many times 1/n of the keys may move.
const BOUND: f64 = 1.1;

/// Joins and leaves, beside a table of `hash % n`.
pub(super) struct Moves;

impl Experiment for Moves {
    fn id(&self) -> &'static str {
        "H2"
    }

    fn about(&self) -> &'static str {
        "keys that move when one of n members joins or leaves, as so many times 1/n, and needlessly"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let model = Model::build(bench)?;
        let none = Target {
            words: "none",
            than: ASKED,
            bound: Bound::Nothing,
        };
        let few = Target {
            words: "at most 1.1/n",
            than: ASKED,
            bound: Bound::AtMost(1.0),
        };
        let (mut rows, mut bars) = (Vec::new(), Vec::new());
        for n in MEMBERS {
            bench.progress().show(&format!("H2: {n} members"));
            let printed = model.ask("moves", n)?;
            let moved = printed.numbers("moved")?;
            let needless = printed.numbers("needless")?.iter().sum();
            let modulo = mean(&printed.numbers("modulo")?);
            let figure = format!("moved, mean of 20, n = {n}");
            let columns = [(OURS, mean(&moved)), ("modulo", modulo), (ASKED, BOUND)];
            rows.push(row(figure, "1/n", &columns, Some(few)));
            let columns = [(OURS, worst(&moved)), (ASKED, BOUND)];
            rows.push(row(
                format!("moved, worst, n = {n}"),
                "1/n",
                &columns,
                Some(few),
            ));
            let columns = [(OURS, needless), (ASKED, 0.0)];
            rows.push(row(
                format!("needless, n = {n}"),
                "keys",
                &columns,
                Some(none),
            ));
            bars.push((format!("mean, n = {n}"), mean(&moved)));
            bars.push((format!("worst, n = {n}"), worst(&moved)));
        }
        let panel = Panel {
            title: "keys that move when one of n members joins or leaves".to_owned(),
            y: "times 1/n".to_owned(),
            marks: Marks::Bars(bars),
            asked: Some(("asked: 1.1".to_owned(), BOUND)),
        };
        Ok(Outcome {
            case: "20 sets of ids each; all keys, and 100,000 of each set for needless moves"
                .to_owned(),
            rows,
            plot: Some(Plot {
                panels: vec![panel],
            }),
            others: None,
        })
    }
}
