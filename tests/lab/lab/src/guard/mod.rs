//! `cargo lab guard`: counts of ours against committed bounds, for CI.
//!
//! It looks at no clock: whatever it says is the same on a busy machine.

mod bounds;
mod callgrind;
mod counts;

use lab_common::Failure;

use crate::{compile, contender::OURS, progress::Progress};

/// A count that was taken, beside its bound.
#[derive(Debug)]
struct Checked {
    name: &'static str,
    count: f64,
    bound: f64,
}

impl Checked {
    fn holds(&self) -> bool {
        self.count <= self.bound
    }

    fn line(&self) -> String {
        let word = if self.holds() { "holds" } else { "EXCEEDED" };
        format!(
            "{:<46} {:>10.2}   bound {:>10.2}   {word}",
            self.name, self.count, self.bound
        )
    }
}

/// Counts, prints, and compares.
///
/// # Errors
/// When a bound is exceeded, or something could not be counted.
pub(crate) fn run() -> Result<(), Failure> {
    let progress = Progress::new();
    progress.show("building ours");
    let ours = compile::peer(compile::home(), None, OURS)?;
    progress.show("counting allocations and writes over TCP");
    let mut counted = counts::over_tcp(&ours)?;
    progress.show("counting allocations and instructions in process");
    counted.extend(counts::in_process(&ours)?);
    progress.clear();

    let checked = beside_bounds(&counted)?;
    for check in &checked {
        println!("{}", check.line());
    }
    let exceeded: Vec<_> = checked.iter().filter(|check| !check.holds()).collect();
    if exceeded.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = exceeded.iter().map(|check| check.name).collect();
    Err(Failure::new(format!(
        "more per call than before: {}; find out why, or raise the bound in \
         tests/lab/lab/src/guard/bounds.rs and say why in the commit",
        names.join(", ")
    )))
}

/// Each bound with its count.
fn beside_bounds(counted: &[(&'static str, f64)]) -> Result<Vec<Checked>, Failure> {
    let checked = bounds::PER_CALL.iter().map(|(name, bound)| {
        let count = counted
            .iter()
            .find(|(counted, _)| counted == name)
            .map(|(_, count)| *count);
        let count = count.ok_or_else(|| Failure::new(format!("nothing counts `{name}`")))?;
        Ok(Checked {
            name,
            count,
            bound: *bound,
        })
    });
    checked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_above_its_bound_is_exceeded() {
        let check = |count| Checked {
            name: "writes",
            count,
            bound: 1.05,
        };
        assert!(check(1.05).holds());
        assert!(!check(1.06).holds());
        assert!(check(1.06).line().ends_with("EXCEEDED"));
    }

    #[test]
    fn a_bound_without_a_count_is_a_failure() {
        assert!(beside_bounds(&[("something else", 1.0)]).is_err());
        let all: Vec<_> = bounds::PER_CALL
            .iter()
            .map(|(name, _)| (*name, 0.0))
            .collect();
        assert_eq!(
            beside_bounds(&all).map(|checked| checked.len()).ok(),
            Some(all.len())
        );
    }
}
