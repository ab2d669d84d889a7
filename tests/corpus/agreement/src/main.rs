//! `corpus-agreement`: writes inputs by seed, and says what the compiler makes of inputs.
//! It refuses to compare: the harness does, beside protoc.

mod generate;
mod judge;

use std::{io, path::PathBuf, process::ExitCode};

use lexopt::{Arg, ValueExt};

const USAGE: &str = "\
corpus-agreement generate --seed N --count M [--to FOLDER]
    Writes an input a seed, from N on: FOLDER/SEED/*.proto. Without a folder, the texts go to standard output.
    Odd seeds are broken at one place. Each input is a line of JSON: its seed, folder, files, and what is broken.
corpus-agreement judge
    Reads inputs as lines of JSON (`name`, `roots`, `files`, `set`), compiles each, writes its descriptor set to the
    path `set`, and answers each with a line of JSON: `name`, `accepted`, `found`.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("corpus-agreement: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = lexopt::Parser::from_env();
    let mut command = None;
    let (mut seed, mut count, mut to) = (0_u64, 1_u64, None::<PathBuf>);
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("seed") => seed = arguments.value()?.parse()?,
            Arg::Long("count") => count = arguments.value()?.parse()?,
            Arg::Long("to") => to = Some(arguments.value()?.into()),
            Arg::Long("help") | Arg::Short('h') => {
                println!("{USAGE}");
                return Ok(());
            }
            Arg::Value(value) if command.is_none() => command = Some(value.string()?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    match command.as_deref() {
        Some("generate") => generate::write(seed, count, to.as_deref())?,
        Some("judge") => judge::all(io::stdin().lock(), io::stdout().lock())?,
        _ => return Err(format!("which command?\n{USAGE}").into()),
    }
    Ok(())
}
