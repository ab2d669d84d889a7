//! Decodes and encodes messages that come in on standard input: frames of a type and its bytes in, frames of bytes or
//! what was wrong out. `--list` prints the types instead, and `--left-out` the files that were not compiled.
//! It refuses to compare: what should have come back is known to who asks.

mod exchange;
mod frames;
mod table;

use std::{
    io::{self, BufReader, BufWriter, Write},
    process::ExitCode,
    thread,
};

use exchange::Outcome;
use table::Table;

mod sets {
    include!(concat!(env!("OUT_DIR"), "/sets.rs"));
}

/// That of the threads on which tokio runs handlers, so what overflows it here would there.
const STACK_BYTES: usize = 2 * 1024 * 1024;

fn main() -> ExitCode {
    let table = Table::new();
    let word = std::env::args().nth(1);
    let work = move || match word.as_deref() {
        Some("--list") => print(table.names()),
        Some("--left-out") => print(sets::LEFT_OUT.iter().copied()),
        Some(_) => Err(io::Error::other("give `--list`, `--left-out` or nothing")),
        None => answer(&table),
    };
    let done = thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
    match done.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) | Err(error) => {
            eprintln!("corpus-wire: {error}");
            ExitCode::FAILURE
        }
        // The panic has said what it is.
        Ok(Err(_)) => ExitCode::FAILURE,
    }
}

fn print<'a>(lines: impl Iterator<Item = &'a str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// Answers until the input ends.
fn answer(table: &Table) -> io::Result<()> {
    let (mut input, mut output) = (BufReader::new(io::stdin()), BufWriter::new(io::stdout()));
    while let Some(name) = frames::read(&mut input)? {
        let bytes = frames::read(&mut input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let outcome = match table.find(&name) {
            Some(exchange) => exchange::caught(exchange, &bytes),
            None => Outcome::Unknown,
        };
        let (word, bytes) = outcome.parts();
        frames::write(&mut output, &[word])?;
        frames::write(&mut output, &bytes)?;
        output.flush()?;
    }
    Ok(())
}
