//! What `--plot` draws: panels of bars or of lines, as SVG.
//!
//! It knows numbers and their names, and measures nothing.

mod axis;
mod svg;

use std::{
    fs,
    path::{Path, PathBuf},
};

use lab_common::Failure;

use crate::{
    experiments::Experiment,
    outcome::{Outcome, Row},
};

/// A drawing: panels, one below the other.
#[derive(Debug)]
pub(crate) struct Plot {
    /// The panels.
    pub(crate) panels: Vec<Panel>,
}

/// One pair of axes.
#[derive(Debug)]
pub(crate) struct Panel {
    /// What is seen.
    pub(crate) title: String,
    /// The name of the vertical axis, with its unit.
    pub(crate) y: String,
    /// What is drawn.
    pub(crate) marks: Marks,
    /// A horizontal line with its name: what is asked for.
    pub(crate) asked: Option<(String, f64)>,
}

/// What is drawn between two axes.
#[derive(Debug)]
pub(crate) enum Marks {
    /// A bar for each name.
    Bars(Vec<(String, f64)>),
    /// Lines over a horizontal axis of this name; on a logarithmic one from the least to the largest above zero.
    Lines {
        /// The name of the horizontal axis.
        x: String,
        /// Whether each step along it multiplies.
        is_log: bool,
        /// A name, and points from left to right.
        series: Vec<(String, Vec<(f64, f64)>)>,
    },
}

impl Plot {
    /// Of figures that nothing else is known of: a panel each, a bar for each contender.
    fn of(rows: &[Row]) -> Self {
        let panel = |row: &Row| {
            let bars = row.samples.iter();
            let bars = bars.map(|(name, sample)| (name.clone(), sample.median));
            Panel {
                title: row.figure.clone(),
                y: row.unit.to_owned(),
                marks: Marks::Bars(bars.collect()),
                asked: None,
            }
        };
        Self {
            panels: rows.iter().map(panel).collect(),
        }
    }
}

/// Draws an outcome into `file`; of one of several experiments into a file of its own beside it.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(
    file: &Path,
    experiment: &dyn Experiment,
    outcome: &Outcome,
    is_only: bool,
) -> Result<(), Failure> {
    let title = format!("{}: {}", experiment.id(), experiment.about());
    let of_rows = || Plot::of(&outcome.rows);
    let drawn = match &outcome.plot {
        Some(plot) => svg::draw(&title, &outcome.case, plot),
        None => svg::draw(&title, &outcome.case, &of_rows()),
    };
    let file = if is_only {
        file.to_owned()
    } else {
        named(file, experiment.id())
    };
    fs::write(&file, drawn)
        .map_err(|error| Failure::from(error).during(format!("writing {}", file.display())))
}

/// `plots/all.svg` → `plots/all-H3.svg`.
fn named(file: &Path, id: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}-{id}.svg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_experiments_have_a_file_each() {
        let file = named(Path::new("plots/all.svg"), "H3");
        assert_eq!(file, Path::new("plots/all-H3.svg"));
        assert_eq!(named(Path::new("all"), "W1"), Path::new("all-W1.svg"));
    }
}
