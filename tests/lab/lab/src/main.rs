//! One command for every experiment of the project: `cargo lab list`, `cargo lab run ID…`.
//!
//! It compares, within one run, and never asserts a time: it fails only when an experiment could
//! not run. `docs/lab.md` is the manual.

mod against;
mod bench;
mod build;
mod cli;
mod cluster;
mod compile;
mod contender;
mod cores;
mod echo;
mod experiments;
mod figure;
mod guard;
mod json;
mod measure;
mod model;
mod noise;
mod outcome;
mod plot;
mod process;
mod progress;
mod simulated;
mod stats;
mod table;
mod target;

use std::process::ExitCode;

use cli::Command;
use lab_common::Failure;

fn main() -> ExitCode {
    match cli::parse(lexopt::Parser::from_env()).and_then(obey) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("lab: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn obey(command: Command) -> Result<(), Failure> {
    match command {
        Command::Help => println!("{}", cli::HELP),
        Command::List => table::list(experiments::ALL),
        Command::Guard => guard::run()?,
        Command::Run(options) => {
            let chosen = experiments::choose(&options.ids)?;
            let bench = bench::Bench::prepare(&options)?;
            for experiment in chosen {
                let outcome = experiment.run(&bench).map_err(|failure| {
                    failure.during(format!("{} could not run", experiment.id()))
                })?;
                bench.progress().clear();
                if let Some(file) = &options.plot {
                    plot::write(file, experiment, &outcome, options.ids.len() == 1)?;
                }
                if options.json {
                    json::print(experiment.id(), &outcome);
                } else {
                    table::print(experiment, &outcome);
                }
            }
        }
    }
    Ok(())
}
