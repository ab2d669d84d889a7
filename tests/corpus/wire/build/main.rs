//! Compiles the sets of a list to Rust, and makes a table of all messages that came out.
//! It refuses to choose what is in a set: the list says so.

mod compile;
mod sets;
mod table;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Names the list of sets; `harness/wire.py` writes one.
const LIST: &str = "CORPUS_WIRE_SETS";
/// The list of a build that names none: enough for the tests and the lints of this crate.
const ONE: &str = "\
set every_kind
root ../../idl/good/47_every_kind
file proto2.proto
file proto3.proto
";

fn main() {
    println!("cargo::rerun-if-env-changed={LIST}");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(error) = generate(&out) {
        for line in error.lines() {
            println!("cargo::error={line}");
        }
    }
}

/// Writes `sets.rs`: a module a set, and the table.
fn generate(out: &Path) -> Result<(), String> {
    let text = match env::var_os(LIST).map(PathBuf::from) {
        Some(list) => {
            println!("cargo::rerun-if-changed={}", list.display());
            fs::read_to_string(&list)
                .map_err(|error| format!("{} cannot be read: {error}", list.display()))?
        }
        None => ONE.to_owned(),
    };
    let sets = sets::parse(&text)?;
    let (mut code, mut left_out) = (String::new(), Vec::new());
    for set in &sets {
        let compiled = compile::compile(set, &out.join(&set.name))?;
        code.push_str(&table::module(&set.name, &compiled.root)?);
        left_out.extend(compiled.left_out);
    }
    code.push_str(&table::all(sets.iter().map(|set| set.name.as_str())));
    code.push_str(&table::left_out(&left_out));
    let path = out.join("sets.rs");
    fs::write(&path, code).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
