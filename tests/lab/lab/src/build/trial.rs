//! Interleaved repeats of something that each side does, and the rows of a table from them.
//!
//! What is done and what is read off it is the experiment's business.

use lab_common::Failure;

use super::cost::Cost;
use crate::{bench::Bench, noise::wait_for_quiet, outcome::Row, stats::Sample, target::Target};

/// What each side measured, by the side's name.
#[derive(Debug)]
pub(crate) struct Trial<T> {
    measured: Vec<(String, Vec<T>)>,
}

impl<T> Trial<T> {
    /// Measures each of `sides` `repeats` times, in turns (A B, A B, …), so that a slow phase of the
    /// machine meets all of them.
    ///
    /// # Errors
    /// Those of `measure`.
    pub(crate) fn run<S>(
        bench: &Bench,
        what: &str,
        repeats: usize,
        sides: &[(String, S)],
        mut measure: impl FnMut(&S) -> Result<T, Failure>,
    ) -> Result<Self, Failure> {
        let mut measured: Vec<_> = sides
            .iter()
            .map(|(name, _)| (name.clone(), Vec::new()))
            .collect();
        for repeat in 1..=repeats {
            for ((name, side), (_, measured)) in sides.iter().zip(&mut measured) {
                bench
                    .progress()
                    .show(&format!("{what}: {name}, repeat {repeat} of {repeats}"));
                wait_for_quiet(bench.effort().patience);
                let one =
                    measure(side).map_err(|failure| failure.during(format!("{what}, {name}")))?;
                measured.push(one);
            }
        }
        Ok(Self { measured })
    }

    /// The figure that `of` reads off each measurement.
    pub(crate) fn row(
        &self,
        figure: impl Into<String>,
        unit: &'static str,
        target: Option<Target>,
        of: impl Fn(&T) -> f64,
    ) -> Row {
        let samples = self.measured.iter().filter_map(|(name, measured)| {
            Sample::of(measured.iter().map(&of).collect()).map(|sample| (name.clone(), sample))
        });
        Row {
            figure: figure.into(),
            unit,
            samples: samples.collect(),
            target,
        }
    }

    /// The largest share of the machine that others used meanwhile.
    pub(crate) fn others(&self, cost: impl Fn(&T) -> Cost) -> Option<f64> {
        let all = self.measured.iter().flat_map(|(_, measured)| measured);
        all.filter_map(|one| cost(one).others).reduce(f64::max)
    }
}

/// Seconds of wall time.
pub(crate) fn seconds(cost: &Cost) -> f64 {
    cost.wall.as_secs_f64()
}

/// Seconds of CPU time.
pub(crate) fn cpu(cost: &Cost) -> f64 {
    cost.cpu.as_secs_f64()
}

/// Peak memory in MiB.
pub(crate) fn peak(cost: &Cost) -> f64 {
    cost.peak as f64 / f64::from(1 << 20)
}
