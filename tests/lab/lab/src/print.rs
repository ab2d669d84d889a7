//! What a run prints: tables for people, JSON lines for programs.
//!
//! It says met, missed and equal as it is told, and computes nothing but ratios.

use serde_json::{Map, Value, json};

use crate::{contender::OURS, experiments::Experiment, stats::Sample, target::Target};

/// What an experiment measured.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The conditions.
    pub(crate) case: String,
    /// One for each figure.
    pub(crate) rows: Vec<Row>,
    /// The largest share of the machine that others used during a repeat.
    pub(crate) others: Option<f64>,
}

/// One figure of all contenders.
#[derive(Debug)]
pub(crate) struct Row {
    /// The figure.
    pub(crate) figure: &'static str,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// Of each contender, by name.
    pub(crate) samples: Vec<(String, Sample)>,
    /// What ours should come to.
    pub(crate) target: Option<Target>,
}

impl Row {
    fn sample(&self, name: &str) -> Option<&Sample> {
        self.samples
            .iter()
            .find(|(contender, _)| contender == name)
            .map(|(_, sample)| sample)
    }

    fn met(&self) -> Option<bool> {
        let target = self.target?;
        Some(
            target
                .bound
                .met(self.sample(OURS)?, self.sample(target.than)?),
        )
    }
}

/// Above this share of the machine in other hands, a reader is warned.
const NOISY: f64 = 0.10;

/// Prints names and what they measure.
pub(crate) fn list(experiments: &[&dyn Experiment]) {
    for experiment in experiments {
        println!("{:<5} {}", experiment.id(), experiment.about());
    }
}

/// Prints one object for each figure.
pub(crate) fn json(id: &str, outcome: &Outcome) {
    for row in &outcome.rows {
        println!("{}", object(id, &outcome.case, row));
    }
}

fn object(id: &str, case: &str, row: &Row) -> Value {
    let baselines: Map<String, Value> = row
        .samples
        .iter()
        .filter(|(name, _)| name != OURS)
        .map(|(name, sample)| (name.clone(), json!(sample.median)))
        .collect();
    json!({
        "id": id,
        "case": case,
        "figure": row.figure,
        "unit": row.unit,
        "ours": row.sample(OURS).map(|sample| sample.median),
        "baselines": baselines,
        "target": row.target.map(|target| target.words),
        "met": row.met(),
    })
}

/// Prints a table, and the verdict on each target under it.
pub(crate) fn table(experiment: &dyn Experiment, outcome: &Outcome) {
    println!("{}  {}", experiment.id(), experiment.about());
    println!("    {}", outcome.case);
    println!(
        "    median ±spread, (ours / theirs), or equal when they differ by less than the spread\n"
    );
    let cells: Vec<Vec<String>> = outcome.rows.iter().map(cells).collect();
    let head: Vec<String> = match outcome.rows.first() {
        Some(row) => [String::new(), "unit".to_owned()]
            .into_iter()
            .chain(row.samples.iter().map(|(name, _)| name.clone()))
            .collect(),
        None => Vec::new(),
    };
    for line in std::iter::once(&head).chain(&cells) {
        let mut text = String::from("    ");
        for (column, cell) in line.iter().enumerate() {
            let width = std::iter::once(&head)
                .chain(&cells)
                .filter_map(|line| line.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default();
            text.push_str(&format!("{cell:<width$}   "));
        }
        println!("{}", text.trim_end());
    }
    println!();
    for row in &outcome.rows {
        if let Some(target) = row.target {
            println!(
                "    target: {} {}: {}",
                row.figure,
                target.words,
                verdict(row)
            );
        }
    }
    if let Some(others) = outcome.others.filter(|others| *others > NOISY) {
        println!(
            "    noisy: other processes used up to {:.0} % of the machine",
            others * 100.0
        );
    }
    println!();
}

fn cells(row: &Row) -> Vec<String> {
    let ours = row.sample(OURS);
    let cell = |(name, sample): &(String, Sample)| {
        let figure = format!("{} ±{}", number(sample.median), number(sample.spread));
        match ours.filter(|_| name != OURS) {
            None => figure,
            Some(ours) if ours.equals(sample) => format!("{figure} (equal)"),
            Some(ours) => match ours.ratio(sample) {
                Some(ratio) => format!("{figure} (x{ratio:.2})"),
                None => figure,
            },
        }
    };
    let named = [row.figure.to_owned(), row.unit.to_owned()];
    named
        .into_iter()
        .chain(row.samples.iter().map(cell))
        .collect()
}

fn verdict(row: &Row) -> &'static str {
    match row.met() {
        Some(true) => "met",
        Some(false) => "missed",
        None => "not measured",
    }
}

/// Three to four digits, as far as they mean anything.
fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100_000.0 => format!("{:.0} k", value / 1e3),
        large if large >= 10_000.0 => format!("{:.1} k", value / 1e3),
        large if large >= 100.0 => format!("{value:.0}"),
        medium if medium >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
