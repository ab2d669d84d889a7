//! Compiles the sets of a list to Rust, and makes a table of all messages that came out.
//! It refuses to choose what is in a set: the list says so, and without one the table is empty.

mod sets;
mod table;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use sets::Set;
use sinew_build::Config;

/// Names the list of sets; `harness/wire.py` writes one.
const LIST: &str = "CORPUS_WIRE_SETS";

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
    let mut sets = Vec::new();
    if let Some(list) = env::var_os(LIST) {
        println!("cargo::rerun-if-changed={}", Path::new(&list).display());
        let text = fs::read_to_string(&list)
            .map_err(|error| format!("{} cannot be read: {error}", Path::new(&list).display()))?;
        sets = sets::parse(&text)?;
    }
    let mut code = String::new();
    for set in &sets {
        let root = compile(set, &out.join(&set.name))?;
        code.push_str(&table::module(&set.name, &root)?);
    }
    code.push_str(&table::all(sets.iter().map(|set| set.name.as_str())));
    let path = out.join("sets.rs");
    fs::write(&path, code).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Compiles one set by the real way of a build script, and gives the file to include.
fn compile(set: &Set, folder: &Path) -> Result<PathBuf, String> {
    let [first, others @ ..] = set.roots.as_slice() else {
        return Err(format!("the set {} has no root", set.name));
    };
    let mut config = others
        .iter()
        .fold(Config::new(first), Config::include)
        .files(set.files.iter().cloned())
        .server(false)
        .client(false)
        .out_dir(folder);
    if set.other_types {
        config = config.bytes(".").btree_map(".");
    }
    match config.try_compile() {
        Ok(report) => {
            for file in report.read {
                println!("cargo::rerun-if-changed={}", file.display());
            }
            Ok(report.root)
        }
        Err(found) => Err(format!("{}:\n{}", set.name, found.lines().join("\n"))),
    }
}
