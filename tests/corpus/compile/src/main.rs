//! Compiles one set of the corpus to Rust: `corpus-compile REQUEST.json` prints one JSON object.
//! It refuses to judge: which rejections are right is said by the harness.

mod counts;
mod imports;
mod request;
mod units;

use std::{fs, process::ExitCode};

use request::Request;

fn main() -> ExitCode {
    match work() {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("corpus-compile: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<String, String> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("usage: corpus-compile REQUEST.json")?;
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let request: Request =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let answer = units::compile(&request)?;
    serde_json::to_string(&answer).map_err(|error| error.to_string())
}
