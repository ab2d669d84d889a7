//! What an experiment measured, and what that says about its targets.
//!
//! How it is shown is not its business.

use crate::{contender::OURS, plot::Plot, stats::Sample, target::Target};

/// What an experiment measured.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The conditions.
    pub(crate) case: String,
    /// One for each figure.
    pub(crate) rows: Vec<Row>,
    /// What is drawn in place of its rows, where that says more.
    pub(crate) plot: Option<Plot>,
    /// The largest share of the machine, 0 to 1, that others used during a repeat.
    pub(crate) others: Option<f64>,
}

/// One figure of all contenders.
#[derive(Debug)]
pub(crate) struct Row {
    /// The figure.
    pub(crate) figure: String,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// Of each contender, by name.
    pub(crate) samples: Vec<(String, Sample)>,
    /// What ours should come to.
    pub(crate) target: Option<Target>,
}

/// Ours beside a target.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    /// Ours as so many times the baseline; `None` beside a baseline of zero.
    pub(crate) ratio: Option<f64>,
    /// Whether it is met.
    pub(crate) met: bool,
}

impl Row {
    /// Of the contender called `name`.
    pub(crate) fn sample(&self, name: &str) -> Option<&Sample> {
        self.samples
            .iter()
            .find(|(contender, _)| contender == name)
            .map(|(_, sample)| sample)
    }

    /// Of ours.
    pub(crate) fn ours(&self) -> Option<&Sample> {
        self.sample(OURS)
    }

    /// Of all others.
    pub(crate) fn baselines(&self) -> impl Iterator<Item = &(String, Sample)> {
        self.samples.iter().filter(|(name, _)| name != OURS)
    }

    /// What became of the target; `None` without one.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let target = self.target?;
        let (ours, baseline) = (self.ours()?, self.sample(target.than)?);
        Some(Verdict {
            ratio: ours.ratio(baseline),
            met: target.bound.met(ours, baseline),
        })
    }
}
