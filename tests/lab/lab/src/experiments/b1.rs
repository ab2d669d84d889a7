//! B1: how long a build script takes to generate code, and how much memory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use lab_common::Failure;

use super::Experiment;
use crate::{
    bench::Bench,
    build::{
        cargo::cargo,
        cost::{self, Cost},
        files::Files,
        protoc,
        side::Side,
        site::{Plan, Site},
        trial::{Trial, cpu, peak, seconds},
        world,
    },
    outcome::Outcome,
    target::NOT_ABOVE_TONIC,
};

pub(super) static EXPERIMENT: Generation = Generation;

/// How a build script is compiled, and the name of that in figures.
const PROFILES: [(&str, &str, &str); 2] = [
    // What `cargo build` and `cargo build --release` do for build scripts unless told otherwise.
    ("", "script", ""),
    (
        " optimised",
        "script-optimised",
        "\n[profile.dev.build-override]\nopt-level = 3\n",
    ),
];

/// Build scripts, started by hand on a large input.
pub(super) struct Generation;

impl Experiment for Generation {
    fn id(&self) -> &'static str {
        "B1"
    }

    fn about(&self) -> &'static str {
        "generation by a build script over many services, tonic's with its protoc: time and memory"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let protoc = protoc::version()?;
        let (services, repeats, profiles) = match bench.is_quick() {
            true => (40, 3, &PROFILES[..1]),
            false => (1_000, 3, &PROFILES[..]),
        };
        let mut rows = Vec::new();
        let mut others = None;
        for (suffix, name, manifest) in profiles {
            let mut scripts = Vec::new();
            for side in bench.sides()? {
                bench.progress().show(&format!(
                    "B1: building {}'s build script{suffix}",
                    side.name
                ));
                scripts.push((side.name.clone(), script(&side, name, manifest, services)?));
            }
            let what = format!("B1{suffix}");
            let trial = Trial::run(bench, &what, repeats, &scripts, Script::run)?;
            rows.push(trial.row(
                format!("seconds{suffix}"),
                "s",
                Some(NOT_ABOVE_TONIC),
                |ran| seconds(&ran.cost),
            ));
            rows.push(trial.row(format!("cpu{suffix}"), "s", None, |ran| cpu(&ran.cost)));
            rows.push(
                trial.row(format!("peak memory{suffix}"), "MiB", None, |ran| {
                    peak(&ran.cost)
                }),
            );
            if suffix.is_empty() {
                rows.push(trial.row("code", "MB", None, |ran| ran.bytes as f64 / 1e6));
            }
            others = [others, trial.others(|ran| ran.cost)]
                .into_iter()
                .flatten()
                .reduce(f64::max);
        }
        let files = world::sources(services).len();
        Ok(Outcome {
            plot: None,
            case: format!(
                "{services} services in {files} files; {repeats} repeats; scripts as cargo builds them, \
                 \"optimised\" at opt-level 3; {protoc}"
            ),
            rows,
            others,
        })
    }
}

/// A build script, and the package that it runs for.
struct Script {
    program: PathBuf,
    site: Site,
}

/// What a script cost and wrote.
struct Ran {
    cost: Cost,
    bytes: u64,
}

/// Lets cargo build the script of a package without services, and gives the package `services` then.
fn script(
    side: &Side,
    name: &str,
    manifest: &'static str,
    services: usize,
) -> Result<Script, Failure> {
    let plan = Plan {
        name: name.to_owned(),
        manifest,
        sources: vec![("lib.rs", "")],
        protos: world::sources(0),
        ..Plan::default()
    };
    let site = Site::lay_out(side, &plan)?;
    let (_, did) = cargo(&site.folder, &site.target, &["build"])?;
    let program = did.build_script(name)?.to_owned();
    world::lay_out(&world::sources(services), &site.proto())?;
    Ok(Script { program, site })
}

impl Script {
    /// Runs it as cargo does: in the package's folder, with an empty folder to write to.
    fn run(&self) -> Result<Ran, Failure> {
        let out = self.site.folder.join("out");
        Site::remove(&out)?;
        fs::create_dir(&out)?;
        let mut command = Command::new(&self.program);
        command.current_dir(&self.site.folder).env("OUT_DIR", &out);
        let (cost, said) = cost::run(&mut command, &self.site.folder.join("script.log"))?;
        if let Some(error) = said
            .out
            .lines()
            .find(|line| line.starts_with("cargo::error"))
        {
            return Err(Failure::new(error));
        }
        let bytes = written(&out)?;
        Ok(Ran { cost, bytes })
    }
}

/// The bytes of Rust in `out`.
fn written(out: &Path) -> Result<u64, Failure> {
    match Files::below(out)?.bytes("rs") {
        0 => Err(Failure::new(format!(
            "no code was written to {}",
            out.display()
        ))),
        bytes => Ok(bytes),
    }
}
