//! B2: how long the compiler takes to check generated code, which everybody waits for who edits.

use lab_common::Failure;

use super::Experiment;
use crate::{
    bench::Bench,
    build::{
        cargo::cargo,
        cost::Cost,
        protoc,
        side::Side,
        site::{Plan, Site},
        trial::{Trial, cpu, peak, seconds},
        world,
    },
    outcome::Outcome,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Check = Check;

const NOT_ABOVE: Target = Target {
    words: "not above tonic's, and 0.8 x as an aim",
    than: "tonic",
    bound: Bound::NotAbove,
};

/// `cargo check` of a library of nothing but generated code.
pub(super) struct Check;

impl Experiment for Check {
    fn id(&self) -> &'static str {
        "B2"
    }

    fn about(&self) -> &'static str {
        "cargo check of generated code, its dependencies checked before: from nothing, and after an edit"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let protoc = protoc::version()?;
        let (sizes, repeats): (&[usize], _) = match bench.is_quick() {
            true => (&[12], 3),
            false => (&[12, 100, 500], 3),
        };
        let mut rows = Vec::new();
        let mut others = None;
        for services in sizes {
            let mut sites = Vec::new();
            for side in bench.sides()? {
                bench.progress().show(&format!(
                    "B2: preparing {services} services of {}",
                    side.name
                ));
                sites.push((side.name.clone(), Checked::prepare(side, *services)?));
            }
            let what = format!("B2, {services} services");
            let trial = Trial::run(bench, &what, repeats, &sites, Checked::run)?;
            let name = |figure: &str| format!("{figure}, {services} services");
            rows.push(trial.row(name("check"), "s", Some(NOT_ABOVE), |ran| {
                seconds(&ran.anew)
            }));
            rows.push(trial.row(name("check cpu"), "s", None, |ran| cpu(&ran.anew)));
            rows.push(trial.row(name("check memory"), "MiB", None, |ran| peak(&ran.anew)));
            rows.push(trial.row(name("after an edit"), "s", None, |ran| seconds(&ran.edited)));
            others = [others, trial.others(|ran| ran.anew)]
                .into_iter()
                .flatten()
                .reduce(f64::max);
        }
        Ok(Outcome {
            plot: None,
            case: format!(
                "{repeats} repeats; build scripts ran before; default dev profile; {protoc}"
            ),
            rows,
            others,
        })
    }
}

/// A package whose dependencies are checked, and whose build script has run.
struct Checked {
    side: Side,
    site: Site,
}

/// What two checks cost.
struct Ran {
    anew: Cost,
    edited: Cost,
}

impl Checked {
    fn prepare(side: Side, services: usize) -> Result<Self, Failure> {
        let plan = Plan {
            name: format!("services-{services}"),
            dependencies: side.dependencies(),
            sources: vec![("lib.rs", side.library())],
            protos: world::sources(services),
            ..Plan::default()
        };
        let site = Site::lay_out(&side, &plan)?;
        cargo(&site.folder, &site.target, &["check"])?;
        Ok(Self { side, site })
    }

    fn run(&self) -> Result<Ran, Failure> {
        self.site.forget()?;
        let anew = self.check()?;
        let edited = self.check()?;
        Ok(Ran { anew, edited })
    }

    /// Checks the package, and nothing else, after an edit of its library.
    fn check(&self) -> Result<Cost, Failure> {
        self.site.edit(self.side.library())?;
        let (cost, did) = cargo(&self.site.folder, &self.site.target, &["check"])?;
        match (did.compiled, did.scripts) {
            (1, 0) => Ok(cost),
            (crates, scripts) => Err(Failure::new(format!(
                "the package alone was to be checked, but {crates} crates were, and {scripts} build scripts ran"
            ))),
        }
    }
}
