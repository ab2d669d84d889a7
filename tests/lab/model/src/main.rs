//! Decisions of ours, made without a network: `lab-model NAME` prints what it comes to as one JSON object, from a
//! figure to its values. The experiments of the lab run it and know what the figures should be.

mod lookup;
mod moves;
mod owners;
mod picks;
mod shares;
mod slots;
mod updates;

use std::{env, process::ExitCode};

use lab_common::Failure;
use serde_json::{Map, Value};

use crate::updates::Change;

/// From a figure to its values.
type Figures = Map<String, Value>;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (name, size) = (arguments.next(), arguments.next());
    match run(name.as_deref(), size.as_deref()) {
        Ok(figures) => {
            println!("{}", Value::Object(figures));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: Option<&str>, size: Option<&str>) -> Result<Figures, Failure> {
    let size = || size.ok_or_else(|| Failure::new("of which size?"));
    match name {
        Some("lookup") => lookup::run(size()?.parse()?),
        Some("build") => Ok(lookup::build(size()?.parse()?)),
        Some("moves") => Ok(moves::run(size()?.parse()?)),
        Some("shares") => Ok(shares::run(size()?.parse()?)),
        Some("picks") => picks::run(size()?.parse()?),
        Some("members") => updates::run(size()?.parse()?, Change::Member, false),
        Some("states") => updates::run(size()?.parse()?, Change::State, true),
        Some("keyed-members") => updates::run(size()?.parse()?, Change::Member, true),
        Some("owners") => Ok(owners::run(size()?.parse()?)),
        other => Err(Failure::new(format!("{other:?} is nothing to ask for"))),
    }
}
