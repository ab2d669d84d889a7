//! B4: what building again costs, when nothing has changed and when one file has.

use std::{fs, path::PathBuf};

use lab_common::Failure;

use super::Experiment;
use crate::{
    bench::Bench,
    build::{
        cargo::{Did, cargo},
        cost::Cost,
        files::Files,
        protoc,
        side::Side,
        site::{Plan, Site},
        trial::{Trial, cpu, seconds},
        world::{self, Source},
    },
    outcome::{Outcome, Row},
    target::{Bound, NOT_ABOVE_TONIC, Target},
};

pub(super) static EXPERIMENT: Rebuild = Rebuild;

const NOTHING: Target = Target {
    words: "nothing",
    than: "tonic",
    bound: Bound::Nothing,
};

/// `cargo build` of a library of nothing but generated code, again and again.
pub(super) struct Rebuild;

impl Experiment for Rebuild {
    fn id(&self) -> &'static str {
        "B4"
    }

    fn about(&self) -> &'static str {
        "building again: nothing changed, a comment of one .proto file changed, a field came to it"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let protoc = protoc::version()?;
        let (services, repeats) = if bench.is_quick() { (12, 2) } else { (100, 3) };
        let mut sites = Vec::new();
        for side in bench.sides()? {
            bench.progress().show(&format!(
                "B4: building {services} services of {}",
                side.name
            ));
            sites.push((side.name.clone(), Package::build(&side, services)?));
        }
        let trial = Trial::run(bench, "B4", repeats, &sites, Package::rebuild)?;

        let mut rows = vec![
            trial.row("unchanged", "s", Some(NOT_ABOVE_TONIC), |again| {
                seconds(&again.unchanged.cost)
            }),
            trial.row("unchanged, scripts run", "", Some(NOTHING), |again| {
                again.unchanged.scripts()
            }),
            trial.row("unchanged, crates compiled", "", Some(NOTHING), |again| {
                again.unchanged.compiled()
            }),
        ];
        rows.extend(change(&trial, "comment", |again| &again.comment));
        rows.extend(change(&trial, "field", |again| &again.field));
        let files = world::sources(services).len();
        Ok(Outcome {
            plot: None,
            case: format!(
                "{services} services in {files} files; {repeats} repeats; default dev profile; {protoc}"
            ),
            rows,
            others: trial.others(|again| again.field.cost),
        })
    }
}

/// What is read off a rebuild after a change.
fn change(trial: &Trial<Again>, name: &str, of: fn(&Again) -> &Rebuilt) -> [Row; 5] {
    let cpu_time = format!("{name}, cpu");
    let scripts = format!("{name}, scripts run");
    let compiled = format!("{name}, crates compiled");
    let written = format!("{name}, files written");
    [
        trial.row(name, "s", Some(NOT_ABOVE_TONIC), |again| {
            seconds(&of(again).cost)
        }),
        trial.row(cpu_time, "s", None, |again| cpu(&of(again).cost)),
        trial.row(scripts, "", None, |again| of(again).scripts()),
        trial.row(compiled, "", None, |again| of(again).compiled()),
        trial.row(written, "", None, |again| of(again).written as f64),
    ]
}

/// A package that was built.
struct Package {
    site: Site,
    /// The file that is changed.
    source: Source,
    /// The folder that the build script writes to.
    out: PathBuf,
}

/// What building again did.
struct Rebuilt {
    cost: Cost,
    did: Did,
    /// Files that the build script wrote.
    written: usize,
}

impl Rebuilt {
    fn scripts(&self) -> f64 {
        self.did.scripts as f64
    }

    fn compiled(&self) -> f64 {
        self.did.compiled as f64
    }
}

struct Again {
    unchanged: Rebuilt,
    comment: Rebuilt,
    field: Rebuilt,
}

impl Package {
    fn build(side: &Side, services: usize) -> Result<Self, Failure> {
        let protos = world::sources(services);
        let source = protos.get(protos.len() / 2).cloned();
        let source = source.ok_or_else(|| Failure::new("there is no file to change"))?;
        let plan = Plan {
            name: format!("rebuilt-{services}"),
            dependencies: side.dependencies(),
            sources: vec![("lib.rs", side.library())],
            protos,
            ..Plan::default()
        };
        let site = Site::lay_out(side, &plan)?;
        let (_, did) = cargo(&site.folder, &site.target, &["build"])?;
        let out = did.out_dir(&site.name)?.to_owned();
        Ok(Self { site, source, out })
    }

    fn rebuild(&self) -> Result<Again, Failure> {
        self.write(&self.source.text)?;
        self.again()?;
        let unchanged = self.again()?;
        self.write(&with_comment(&self.source.text))?;
        let comment = self.again()?;
        self.write(&with_field(&self.source.text))?;
        let field = self.again()?;
        Ok(Again {
            unchanged,
            comment,
            field,
        })
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        fs::write(self.site.proto().join(&self.source.name), text)?;
        Ok(())
    }

    fn again(&self) -> Result<Rebuilt, Failure> {
        let before = Files::below(&self.out)?;
        let (cost, did) = cargo(&self.site.folder, &self.site.target, &["build"])?;
        let written = Files::below(&self.out)?.written_since(&before);
        Ok(Rebuilt { cost, did, written })
    }
}

/// One more line above the first message.
fn with_comment(text: &str) -> String {
    text.replacen("\nmessage ", "\n// And it has changed.\nmessage ", 1)
}

/// One more field in the first message that has a field of number 1 at its beginning.
fn with_field(text: &str) -> String {
    text.replacen(
        "string name = 1;\n",
        "string name = 1;\n\n  // It is new.\n  string is_new = 1000;\n",
        1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_one_of_its_kind() {
        for Source { name, text } in world::sources(4).iter().skip(1) {
            let (comment, field) = (with_comment(text), with_field(text));
            assert_eq!(comment.lines().count(), text.lines().count() + 1, "{name}");
            assert_eq!(field.lines().count(), text.lines().count() + 3, "{name}");
        }
    }
}
