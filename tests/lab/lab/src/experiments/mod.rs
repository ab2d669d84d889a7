//! The experiments, one file each; adding one is a file and a line in [`ALL`].
//!
//! How something is measured stands in the modules that they share, not here.

mod b1;
mod b2;
mod b3;
mod b4;
mod h1;
mod h2;
mod h3;
mod h4;
mod h6;
mod h7;
mod l1;
mod l2;
mod l3;
mod l4;
mod l5;
mod l7;
mod l8;
mod l9;
mod r1;
mod r4;
mod r7;
mod w1;
mod w12;
mod w13;
mod w4;
mod x1;

use lab_common::Failure;

use crate::{bench::Bench, outcome::Outcome};

/// An experiment.
pub(crate) trait Experiment: Sync {
    /// Its name on the command line, and in what it prints.
    fn id(&self) -> &'static str;

    /// What it measures, in a line.
    fn about(&self) -> &'static str;

    /// Measures.
    ///
    /// # Errors
    /// When it could not run; never for what it measured.
    fn run(&self, bench: &Bench) -> Result<Outcome, Failure>;
}

/// All experiments, in the order in which they are listed and run.
pub(crate) static ALL: &[&dyn Experiment] = &[
    &w1::EXPERIMENT,
    &w4::EXPERIMENT,
    &w12::EXPERIMENT,
    &w13::EXPERIMENT,
    &x1::EXPERIMENT,
    &b1::EXPERIMENT,
    &b2::EXPERIMENT,
    &b3::EXPERIMENT,
    &b4::EXPERIMENT,
    &h1::EXPERIMENT,
    &h2::EXPERIMENT,
    &h3::EXPERIMENT,
    &h4::EXPERIMENT,
    &h6::EXPERIMENT,
    &h7::EXPERIMENT,
    &l1::EXPERIMENT,
    &l2::EXPERIMENT,
    &l3::EXPERIMENT,
    &l4::EXPERIMENT,
    &l5::EXPERIMENT,
    &l7::EXPERIMENT,
    &l8::EXPERIMENT,
    &l9::EXPERIMENT,
    &r1::EXPERIMENT,
    &r4::EXPERIMENT,
    &r7::EXPERIMENT,
];

/// The experiments that `ids` name, in their own order; `all` names all of them.
///
/// # Errors
/// When one is not known.
pub(crate) fn choose(ids: &[String]) -> Result<Vec<&'static dyn Experiment>, Failure> {
    if ids.iter().any(|id| id.eq_ignore_ascii_case("all")) {
        return Ok(ALL.to_vec());
    }
    ids.iter()
        .map(|id| {
            let found = ALL
                .iter()
                .find(|experiment| experiment.id().eq_ignore_ascii_case(id));
            let known = || {
                ALL.iter()
                    .map(|experiment| experiment.id())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            found.copied().ok_or_else(|| {
                Failure::new(format!(
                    "no experiment `{id}`; there are {}, and `all`",
                    known()
                ))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(ids: &[&str]) -> Result<Vec<&'static str>, String> {
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        match choose(&ids) {
            Ok(chosen) => Ok(chosen.iter().map(|experiment| experiment.id()).collect()),
            Err(failure) => Err(failure.to_string()),
        }
    }

    #[test]
    fn chooses_by_name_whatever_its_case() {
        assert_eq!(chosen(&["w4", "W1"]), Ok(vec!["W4", "W1"]));
        assert_eq!(chosen(&["all"]).map(|all| all.len()), Ok(ALL.len()));
        assert!(chosen(&["W1", "W99"]).is_err_and(|line| line.contains("W99")));
    }

    #[test]
    fn names_are_unique() {
        for (index, experiment) in ALL.iter().enumerate() {
            assert!(
                ALL[..index]
                    .iter()
                    .all(|other| other.id() != experiment.id())
            );
        }
    }
}
