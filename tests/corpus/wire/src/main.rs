//! Decodes and encodes messages that come in on standard input: frames of a type and its bytes in, frames of bytes or
//! what was wrong out. `--list` prints the types instead.
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
    let lists = std::env::args().nth(1).is_some_and(|word| word == "--list");
    let work = move || if lists { list(&table) } else { answer(&table) };
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

fn list(table: &Table) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for name in table.names() {
        writeln!(out, "{name}")?;
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
