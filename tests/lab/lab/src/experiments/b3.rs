//! B3: what a first build of the smallest service costs, and what comes out of it.

use std::fs;

use lab_common::Failure;

use super::Experiment;
use crate::{
    bench::Bench,
    build::{
        cargo::{Did, cargo},
        cost::Cost,
        protoc,
        side::Side,
        site::{Plan, Site},
        trial::{Trial, cpu, seconds},
        world::Source,
    },
    outcome::Outcome,
    target::NOT_ABOVE_TONIC,
};

pub(super) static EXPERIMENT: CleanBuild = CleanBuild;

/// `cargo build --release` of hello, server and client, with nothing built before.
pub(super) struct CleanBuild;

impl Experiment for CleanBuild {
    fn id(&self) -> &'static str {
        "B3"
    }

    fn about(&self) -> &'static str {
        "clean release build of hello, server and client: seconds, crates, bytes"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let protoc = protoc::version()?;
        let repeats = if bench.is_quick() { 1 } else { 3 };
        let sides = bench.sides()?.into_iter().map(|side| {
            bench
                .progress()
                .show(&format!("B3: fetching what {} needs", side.name));
            Ok((side.name.clone(), lay_out(&side)?))
        });
        let sides = sides.collect::<Result<Vec<_>, Failure>>()?;
        let trial = Trial::run(bench, "B3", repeats, &sides, build)?;
        let kilobytes = |name: &'static str| move |built: &Built| built.size(name) as f64 / 1e3;
        let rows = vec![
            trial.row("seconds", "s", Some(NOT_ABOVE_TONIC), |built| {
                seconds(&built.cost)
            }),
            trial.row("cpu", "s", None, |built| cpu(&built.cost)),
            trial.row("crates", "", Some(NOT_ABOVE_TONIC), |built| {
                built.did.crates.len() as f64
            }),
            trial.row("runs of rustc", "", None, |built| built.did.compiled as f64),
            trial.row("server", "kB", None, kilobytes("server")),
            trial.row("client", "kB", None, kilobytes("client")),
        ];
        Ok(Outcome {
            plot: None,
            case: format!(
                "{repeats} repeats, each in a new target folder; default release profile; {protoc}"
            ),
            rows,
            others: trial.others(|built| built.cost),
        })
    }
}

/// A build that is done.
struct Built {
    cost: Cost,
    did: Did,
    /// The programs, with their bytes.
    sizes: Vec<(String, u64)>,
}

impl Built {
    fn size(&self, program: &str) -> u64 {
        let found = self.sizes.iter().find(|(name, _)| name == program);
        found.map_or(0, |(_, size)| *size)
    }
}

/// The package of one side. Both compile the same `.proto` file.
fn lay_out(side: &Side) -> Result<Site, Failure> {
    let (sources, build_script) = side.hello();
    let hello = Source {
        name: "hello/v1/hello.proto".to_owned(),
        text: include_str!("../../../../../examples/hello/proto/hello/v1/hello.proto").to_owned(),
    };
    let plan = Plan {
        name: "hello".to_owned(),
        dependencies: side.hello_dependencies(),
        sources,
        build_script: Some(build_script),
        protos: vec![hello],
        ..Plan::default()
    };
    let mut site = Site::lay_out(side, &plan)?;
    site.target = site.folder.with_extension("target");
    Ok(site)
}

fn build(site: &Site) -> Result<Built, Failure> {
    Site::remove(&site.target)?;
    let (cost, did) = cargo(&site.folder, &site.target, &["build", "--release"])?;
    let sizes = did.programs.iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok((name.into_owned(), fs::metadata(path)?.len()))
    });
    let sizes = sizes.collect::<Result<Vec<_>, Failure>>()?;
    if sizes.len() != 2 {
        return Err(Failure::new(format!(
            "server and client were to be built, and {sizes:?} were"
        )));
    }
    Ok(Built { cost, did, sizes })
}
