//! The experiments that compare balancers in the simulator: `lab-sim` runs the clusters, each with some seeds, and
//! prints figures.
//!
//! It knows what they should be, and simulates nothing.

use std::{collections::BTreeMap, process::Command};

use lab_common::Failure;

use crate::{
    bench::Bench,
    compile,
    contender::OURS,
    experiments::Experiment,
    model::ASKED,
    outcome::{Outcome, Row},
    stats::Sample,
    target::{Bound, Target},
};

/// An experiment of this kind.
pub(crate) struct Simulated {
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    /// The conditions.
    pub(crate) case: &'static str,
    /// What is shown of all that is printed, in this order.
    pub(crate) figures: &'static [Shown],
}

/// A figure.
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) aim: Aim,
}

/// What ours should come to.
pub(crate) enum Aim {
    /// Nothing.
    None,
    /// A comparison with another contender.
    Beside(&'static str, Bound, &'static str),
    /// This at most, in these words.
    AtMost(f64, &'static str),
    /// This at least, in these words.
    AtLeast(f64, &'static str),
    /// So many times another figure of ours at most, in these words.
    AtMostOwn(f64, &'static str, &'static str),
}

/// A figure that is held to nothing.
pub(crate) const fn shown(name: &'static str, unit: &'static str) -> Shown {
    aimed(name, unit, Aim::None)
}

/// A figure that is held to something.
pub(crate) const fn aimed(name: &'static str, unit: &'static str, aim: Aim) -> Shown {
    Shown { name, unit, aim }
}

/// From a figure to the values of each contender, one for each seed.
type Printed = BTreeMap<String, BTreeMap<String, Vec<f64>>>;

impl Experiment for Simulated {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        bench.progress().show("building the simulations");
        let program = compile::program("lab-sim")?;
        bench.progress().show(&format!("{}: simulating", self.id));
        let effort = if bench.is_quick() { "quick" } else { "full" };
        let ran = Command::new(program).args([self.id, effort]).output()?;
        if !ran.status.success() {
            return Err(Failure::new(String::from_utf8_lossy(&ran.stderr)).during(self.id));
        }
        let printed: Printed = serde_json::from_slice(&ran.stdout)?;
        let rows = self.figures.iter().map(|figure| figure.row(&printed));
        Ok(Outcome {
            case: format!("simulated; {}; seeds as repeats", self.case),
            rows: rows.collect::<Result<_, _>>()?,
            plot: None,
            others: None,
        })
    }
}

impl Shown {
    fn row(&self, printed: &Printed) -> Result<Row, Failure> {
        let mut samples = samples(self.name, printed)?;
        let asked = |value| {
            let (median, spread) = (value, 0.0);
            (ASKED.to_owned(), Sample { median, spread })
        };
        let beside_asked = |words, bound| Target {
            words,
            than: ASKED,
            bound,
        };
        let target = match self.aim {
            Aim::None => None,
            Aim::Beside(than, bound, words) => Some(Target { words, than, bound }),
            Aim::AtMost(value, words) => {
                samples.push(asked(value));
                Some(beside_asked(words, Bound::AtMost(1.0)))
            }
            Aim::AtLeast(value, words) => {
                samples.push(asked(value));
                Some(beside_asked(words, Bound::AtLeast(1.0)))
            }
            Aim::AtMostOwn(times, figure, words) => {
                let own = self::samples(figure, printed)?;
                let own = own.into_iter().find(|(name, _)| name == OURS);
                samples.extend(own.map(|(_, own)| asked(times * own.median)));
                Some(beside_asked(words, Bound::AtMost(1.0)))
            }
        };
        Ok(Row {
            figure: self.name.to_owned(),
            unit: self.unit,
            samples,
            target,
        })
    }
}

/// A figure of each contender, ours first.
fn samples(figure: &str, printed: &Printed) -> Result<Vec<(String, Sample)>, Failure> {
    let nothing = || Failure::new(format!("the simulation printed no `{figure}`"));
    let contenders = printed.get(figure).ok_or_else(nothing)?;
    let sample =
        |(name, values): (&String, &Vec<f64>)| Some((name.clone(), Sample::of(values.clone())?));
    let mut samples: Vec<_> = contenders.iter().filter_map(sample).collect();
    samples.sort_by_key(|(name, _)| name != OURS);
    if samples.is_empty() {
        return Err(nothing());
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_stands_beside_what_is_asked() {
        let printed: Printed = serde_json::from_str(
            r#"{"p99": {"alpha": [10, 12, 11], "ours": [9, 8, 10]}, "p99, calm": {"ours": [8]}}"#,
        )
        .unwrap();
        let met = |aim| {
            let row = aimed("p99", "ms", aim).row(&printed).unwrap();
            assert_eq!(row.samples[0].0, OURS);
            row.verdict().unwrap().met
        };
        assert!(met(Aim::Beside("alpha", Bound::AtMost(0.9), "0.9 x")));
        assert!(!met(Aim::Beside("alpha", Bound::AtMost(0.8), "0.8 x")));
        assert!(met(Aim::AtMost(9.0, "9 ms")));
        assert!(!met(Aim::AtLeast(9.5, "9.5 ms")));
        assert!(met(Aim::AtMostOwn(1.15, "p99, calm", "1.15 x")));
        assert!(!met(Aim::AtMostOwn(1.1, "p99, calm", "1.1 x")));
        assert!(shown("p98", "ms").row(&printed).is_err());
    }
}
