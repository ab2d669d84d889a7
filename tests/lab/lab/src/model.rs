//! Runs `lab-model`, which makes decisions of ours without a network, and reads what it prints.
//!
//! What a figure means is the experiment's business.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use lab_common::Failure;
use serde_json::{Map, Value};

use crate::{bench::Bench, compile, contender::OURS, outcome::Row, stats::Sample, target::Target};

/// The name of the column that holds what is asked for, where that is a number and no rival.
pub(crate) const ASKED: &str = "asked";

/// The program, built.
#[derive(Debug)]
pub(crate) struct Model {
    timed: PathBuf,
    /// The same under a counting allocator.
    counted: PathBuf,
}

/// What it printed: from a figure to its values.
#[derive(Debug)]
pub(crate) struct Printed(Map<String, Value>);

impl Model {
    /// Builds it.
    ///
    /// # Errors
    /// When it does not build.
    pub(crate) fn build(bench: &Bench) -> Result<Self, Failure> {
        bench.progress().show("building the model");
        let [timed, counted] = compile::programs("lab-model", ["lab-model", "lab-model-counted"])?;
        Ok(Self { timed, counted })
    }

    /// Asks for one thing, of one size.
    ///
    /// # Errors
    /// When the program fails, or prints what nobody can read.
    pub(crate) fn ask(&self, what: &str, size: usize) -> Result<Printed, Failure> {
        ask(&self.timed, what, size)
    }

    /// Asks for what a thing allocates.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(crate) fn count(&self, what: &str, size: usize) -> Result<Printed, Failure> {
        ask(&self.counted, what, size)
    }
}

fn ask(binary: &Path, what: &str, size: usize) -> Result<Printed, Failure> {
    let ran = Command::new(binary)
        .arg(what)
        .arg(size.to_string())
        .output()?;
    if !ran.status.success() {
        return Err(Failure::new(String::from_utf8_lossy(&ran.stderr)).during(what));
    }
    Ok(Printed(serde_json::from_slice(&ran.stdout)?))
}

impl Printed {
    /// The numbers of a figure.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) fn numbers(&self, figure: &str) -> Result<Vec<f64>, Failure> {
        let read = |value: &Value| value.as_f64();
        self.list(figure, read)
    }

    /// The texts of a figure.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) fn texts(&self, figure: &str) -> Result<Vec<String>, Failure> {
        self.list(figure, |value| value.as_str().map(str::to_owned))
    }

    fn list<T>(&self, figure: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, Failure> {
        let list = self.0.get(figure).and_then(Value::as_array);
        let list: Option<Vec<T>> = list.and_then(|list| list.iter().map(read).collect());
        let list = list.filter(|list| !list.is_empty());
        list.ok_or_else(|| Failure::new(format!("the model printed no `{figure}`")))
    }
}

/// A row of what was computed or timed, one value each; `asked` is the last of them.
pub(crate) fn row(
    figure: impl Into<String>,
    unit: &'static str,
    values: &[(&str, f64)],
    target: Option<Target>,
) -> Row {
    let sample = |(name, median): &(&str, f64)| {
        let spread = 0.0;
        (
            (*name).to_owned(),
            Sample {
                median: *median,
                spread,
            },
        )
    };
    Row {
        figure: figure.into(),
        unit,
        samples: values.iter().map(sample).collect(),
        target,
    }
}

/// The arithmetic mean.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The largest.
pub(crate) fn worst(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The value below which so many of 100 lie; `sorted` it is.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get(last * percent / 100)
        .copied()
        .unwrap_or(f64::NAN)
}

/// The columns of a row with what is asked of ours.
pub(crate) fn asked(ours: f64, asked: f64) -> [(&'static str, f64); 2] {
    [(OURS, ours), (ASKED, asked)]
}
