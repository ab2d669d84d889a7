//! The experiments that put one load on `lab.v1.Echo` of every contender.
//!
//! It times in interleaved repeats (A B C, A B C, …), so that a slow phase of the machine meets all
//! of them, and counts in a pass of its own, so that counting costs the timed ones nothing.

use lab_common::{Failure, Load};

use crate::{
    bench::{Bench, Effort},
    contender::Contender,
    cores::Placement,
    experiments::Experiment,
    figure::{FIGURES, Figure},
    measure::{Measurement, Setup, measure},
    noise::wait_for_quiet,
    outcome::{Outcome, Row},
    stats::Sample,
    target::Target,
};

/// An experiment of this kind.
pub(crate) struct Echo {
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) load: Load,
    pub(crate) placement: Placement,
    /// How many times the usual window to measure.
    pub(crate) windows: u32,
    pub(crate) targets: &'static [(Figure, Target)],
}

impl Experiment for Echo {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let effort = bench.effort();
        let cores = self.placement.plan(bench.cores());
        let timing = Setup {
            load: self.load,
            cores: cores.clone(),
            warm_up: effort.warm_up,
            window: effort.window * self.windows,
        };
        let counting = Setup {
            load: self.load,
            cores,
            warm_up: effort.counting,
            window: effort.counting,
        };

        let contenders = bench.contenders()?;
        let mut timed: Vec<Vec<Measurement>> = vec![Vec::new(); contenders.len()];
        let mut counted = timed.clone();
        for repeat in 1..=effort.repeats {
            for (contender, timed) in contenders.iter().zip(&mut timed) {
                let Contender { name, .. } = contender;
                let line = format!("{}: {name}, repeat {repeat} of {}", self.id, effort.repeats);
                bench.progress().show(&line);
                wait_for_quiet(effort.patience);
                timed.push(measure(&contender.timed, &timing)?);
            }
        }
        for (contender, counted) in contenders.iter().zip(&mut counted) {
            bench
                .progress()
                .show(&format!("{}: {}, counting", self.id, contender.name));
            counted.push(measure(&contender.counted, &counting)?);
        }

        let row = |figure: &Figure| {
            let measured = if figure.is_timed() { &timed } else { &counted };
            let samples = contenders
                .iter()
                .zip(measured)
                .filter_map(|(contender, measured)| {
                    let repeats = measured
                        .iter()
                        .filter_map(|measured| figure.of(measured))
                        .collect();
                    Sample::of(repeats).map(|sample| (contender.name.clone(), sample))
                });
            let target = self.targets.iter().find(|(of, _)| of.name == figure.name);
            Row {
                figure: figure.name.to_owned(),
                unit: figure.unit,
                samples: samples.collect(),
                target: target.map(|(_, target)| *target),
            }
        };
        let rows = FIGURES
            .iter()
            .map(row)
            .filter(|row| !row.samples.is_empty())
            .collect();
        let others = timed
            .iter()
            .flatten()
            .filter_map(|measured| measured.others);
        Ok(Outcome {
            case: self.case(effort, &timing),
            rows,
            plot: None,
            others: others.reduce(f64::max),
        })
    }
}

impl Echo {
    fn case(&self, effort: Effort, timing: &Setup) -> String {
        format!(
            "server on cores {:?}, client on {:?}; {} repeats of {:?} after {:?}",
            timing.cores.server, timing.cores.client, effort.repeats, timing.window, timing.warm_up
        )
    }
}
