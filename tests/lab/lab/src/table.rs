//! Tables, for people.
//!
//! It lays out what it is told, and computes nothing but ratios.

use std::iter;

use crate::{
    experiments::Experiment,
    noise::NOISY,
    outcome::{Outcome, Row},
    stats::Sample,
};

/// Prints names and what they measure.
pub(crate) fn list(experiments: &[&dyn Experiment]) {
    for experiment in experiments {
        println!("{:<5} {}", experiment.id(), experiment.about());
    }
}

/// Prints `outcome` of `experiment`, and under it what became of each target.
pub(crate) fn print(experiment: &dyn Experiment, outcome: &Outcome) {
    println!("{}  {}", experiment.id(), experiment.about());
    println!("    {}", outcome.case);
    println!("    median ±spread (ours / theirs; equal: they differ by less than the spread)\n");
    print!("{}", laid_out(&outcome.rows));
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
            "    noisy: other processes used up to {:.0} % of the machine, measure again",
            others * 100.0
        );
    }
    println!();
}

fn laid_out(rows: &[Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    // Not everybody has every figure.
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.samples) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut head = vec![String::new(), "unit".to_owned()];
    head.extend(names.iter().map(ToString::to_string));
    let cells = |row| cells(row, &names);
    let lines: Vec<Vec<String>> = iter::once(head).chain(rows.iter().map(cells)).collect();
    let width = |column| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells
            .map(|cell: &String| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        format!(
            "    {}\n",
            padded.collect::<Vec<_>>().join("   ").trim_end()
        )
    };
    lines.iter().map(line).collect()
}

fn cells(row: &Row, names: &[&str]) -> Vec<String> {
    let mut cells = vec![row.figure.clone(), row.unit.to_owned()];
    cells.extend(names.iter().map(|name| {
        let is_baseline = row.baselines().any(|(baseline, _)| baseline == name);
        let ours = row.ours().filter(|_| is_baseline);
        let sample = row.sample(name);
        sample.map_or_else(String::new, |sample| cell(sample, ours))
    }));
    cells
}

fn cell(sample: &Sample, ours: Option<&Sample>) -> String {
    let mut figure = number(sample.median);
    // What was counted once has no spread.
    if sample.spread > 0.0 {
        figure.push_str(&format!(" ±{}", number(sample.spread)));
    }
    match ours {
        None => figure,
        Some(ours) if ours.equals(sample) => format!("{figure} (equal)"),
        Some(ours) => match ours.ratio(sample) {
            Some(ratio) => format!("{figure} (x{ratio:.2})"),
            None => figure,
        },
    }
}

fn verdict(row: &Row) -> String {
    let Some(verdict) = row.verdict() else {
        return "not measured".to_owned();
    };
    let word = if verdict.met { "met" } else { "missed" };
    verdict
        .ratio
        .map_or_else(|| word.to_owned(), |ratio| format!("x{ratio:.2}, {word}"))
}

/// Three to four digits, as far as they mean anything.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100_000.0 => format!("{:.0} k", value / 1e3),
        size if size >= 10_000.0 => format!("{:.1} k", value / 1e3),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Bound, Target};

    #[test]
    fn ours_stands_beside_each_baseline() {
        let sample = |name: &str, median| {
            (
                name.to_owned(),
                Sample {
                    median,
                    spread: 100.0,
                },
            )
        };
        let target = Target {
            words: "at least 1.4 x tonic's",
            than: "tonic",
            bound: Bound::AtLeast(1.4),
        };
        let row = Row {
            figure: "calls".to_owned(),
            unit: "calls/s",
            samples: vec![
                sample("ours", 13_000.0),
                sample("tonic", 10_000.0),
                sample("ours@v1", 12_950.0),
            ],
            target: Some(target),
        };
        assert_eq!(verdict(&row), "x1.30, missed");
        let expected =
            "    calls   calls/s   13.0 k ±100   10.0 k ±100 (x1.30)   12.9 k ±100 (equal)";
        let table = laid_out(&[row]);
        assert_eq!(table.lines().skip(1).collect::<Vec<_>>(), [expected]);

        let rows = [&["ours", "tonic"][..], &["ours", "asked"]].map(|names| Row {
            figure: "f".to_owned(),
            unit: "u",
            samples: names.iter().map(|name| sample(name, 1.0)).collect(),
            target: None,
        });
        let table = laid_out(&rows);
        let expected = [
            "        unit   ours        tonic               asked",
            "    f   u      1.00 ±100   1.00 ±100 (equal)",
            "    f   u      1.00 ±100                       1.00 ±100 (equal)",
        ];
        assert_eq!(table.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn numbers_keep_three_to_four_digits() {
        let table = [
            (0.0, "0.00"),
            (1.234, "1.23"),
            (39.06, "39.1"),
            (1037.4, "1037"),
            (86_412.0, "86.4 k"),
            (676_100.0, "676 k"),
        ];
        for (value, text) in table {
            assert_eq!(number(value), text);
        }
    }
}
