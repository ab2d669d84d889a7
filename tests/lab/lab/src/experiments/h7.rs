//! H7: whether another language finds the same owners.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use lab_common::Failure;

use super::Experiment;
use crate::{
    bench::Bench,
    compile,
    model::{ASKED, Model, asked, row},
    outcome::Outcome,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Owners = Owners;

/// Keys of random bytes, 1 to 200 of them.
const KEYS: usize = 10_000;

/// Our owners beside those of `tests/ring/owners.py`.
pub(super) struct Owners;

impl Experiment for Owners {
    fn id(&self) -> &'static str {
        "H7"
    }

    fn about(&self) -> &'static str {
        "10,000 random keys whose owner a script in Python computes from docs/routing.md alone"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let printed = Model::build(bench)?.ask("owners", KEYS)?;
        let (members, keys) = (printed.texts("members")?, printed.texts("keys")?);
        let ours = printed.texts("owners")?;
        bench.progress().show("H7: asking Python");
        let input = format!("{}\n\n{}\n", members.join("\n"), keys.join("\n"));
        let theirs = python(&input)?;
        let same = ours
            .iter()
            .zip(theirs.lines())
            .filter(|(one, other)| *one == other);
        let others = ours.len().max(theirs.lines().count()) - same.count();
        let none = Target {
            words: "none",
            than: ASKED,
            bound: Bound::Nothing,
        };
        let columns = asked(others as f64, 0.0);
        Ok(Outcome {
            case: format!(
                "{} members of random weights, {} keys",
                members.len(),
                ours.len()
            ),
            rows: vec![row("keys with another owner", "", &columns, Some(none))],
            plot: None,
            others: None,
        })
    }
}

/// The owners that the script prints, one a line.
fn python(input: &str) -> Result<String, Failure> {
    let script = compile::top().join("tests/ring/owners.py");
    let started = Command::new("python3")
        .arg(script)
        .arg("--each")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut script = started.map_err(|error| Failure::from(error).during("starting python3"))?;
    // The script reads all of it before it writes.
    if let Some(mut stdin) = script.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let ran = script.wait_with_output()?;
    if !ran.status.success() {
        return Err(Failure::new("the script failed"));
    }
    Ok(String::from_utf8(ran.stdout)?)
}
