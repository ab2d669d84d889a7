//! The command line.
//!
//! It knows the words and checks nothing behind them: whether an experiment or a revision exists is
//! found where it is used.

use std::path::PathBuf;

use lab_common::Failure;
use lexopt::prelude::*;

/// What `cargo lab --help` prints.
pub(crate) const HELP: &str = "\
One command for every experiment of the project; docs/lab.md is the manual.

  cargo lab list                  the experiments, and what each measures
  cargo lab run ID… [options]     run some of them, or `all`
  cargo lab guard                 counts of ours per call against committed bounds

Options of run:
  --json          one JSON object per line instead of tables
  --quick         a short form, for a first look and for CI
  --against REV   that git revision of ours as one more baseline
  --plot FILE     draw what was measured as SVG; of several experiments FILE-ID each";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Print the help.
    Help,
    /// Print the experiments.
    List,
    /// Compare counts with their bounds.
    Guard,
    /// Run experiments.
    Run(RunOptions),
}

/// How to run experiments.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct RunOptions {
    /// The experiments, as they were named.
    pub(crate) ids: Vec<String>,
    /// Print JSON lines.
    pub(crate) json: bool,
    /// Measure for a short time.
    pub(crate) quick: bool,
    /// A git revision of ours to compare with.
    pub(crate) against: Option<String>,
    /// Where to draw what was measured.
    pub(crate) plot: Option<PathBuf>,
}

/// Reads the command line.
///
/// # Errors
/// For words that it does not know.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, Failure> {
    let command = match parser.next()? {
        None | Some(Long("help") | Short('h')) => return Ok(Command::Help),
        Some(Value(word)) => word.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match command.as_str() {
        "help" => Ok(Command::Help),
        "list" => alone(parser, Command::List),
        "guard" => alone(parser, Command::Guard),
        "run" => run(parser).map(Command::Run),
        _ => Err(Failure::new(format!("no command `{command}`\n{HELP}"))),
    }
}

/// `command`, which takes no arguments.
fn alone(mut parser: lexopt::Parser, command: Command) -> Result<Command, Failure> {
    match parser.next()? {
        None => Ok(command),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn run(mut parser: lexopt::Parser) -> Result<RunOptions, Failure> {
    let mut options = RunOptions::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("json") => options.json = true,
            Long("quick") => options.quick = true,
            Long("against") => options.against = Some(parser.value()?.string()?),
            Long("plot") => options.plot = Some(parser.value()?.into()),
            Value(id) => options.ids.push(id.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if options.ids.is_empty() {
        return Err(Failure::new(
            "run what? `cargo lab list` names the experiments; `all` is all",
        ));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(str::to_owned);
        parse(lexopt::Parser::from_args(words)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn reads_what_the_help_says() {
        let run = |ids: &[&str], json, quick, against: Option<&str>| {
            let ids = ids.iter().map(ToString::to_string).collect();
            Ok(Command::Run(RunOptions {
                ids,
                json,
                quick,
                against: against.map(str::to_owned),
                plot: None,
            }))
        };
        let table = [
            ("", Ok(Command::Help)),
            ("--help", Ok(Command::Help)),
            ("list", Ok(Command::List)),
            ("guard", Ok(Command::Guard)),
            ("run W1", run(&["W1"], false, false, None)),
            (
                "run W1 --json W4 --quick",
                run(&["W1", "W4"], true, true, None),
            ),
            (
                "run all --against main~2",
                run(&["all"], false, false, Some("main~2")),
            ),
        ];
        for (line, expected) in table {
            assert_eq!(parsed(line), expected, "{line}");
        }
        let plotted = RunOptions {
            ids: vec!["H3".to_owned()],
            plot: Some("h3.svg".into()),
            ..RunOptions::default()
        };
        assert_eq!(parsed("run H3 --plot h3.svg"), Ok(Command::Run(plotted)));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in [
            "walk",
            "list W1",
            "run",
            "run W1 --slow",
            "run --against",
            "run H3 --plot",
            "--json",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
