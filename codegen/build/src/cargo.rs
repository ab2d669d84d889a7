//! What a build script says to cargo.
//! It refuses to decide whether the build goes on: cargo does, by the error lines.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "cargo listens to standard output"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

use sinew_idl::diag::{Diagnostics, MOST_SHOWN, Severity};

/// Set to `full`, the full report goes to standard error, and the script fails: cargo hides it otherwise.
const DIAG: &str = "SINEW_DIAG";
/// The full report, in the output folder.
const REPORT: &str = "sinew-diagnostics.txt";

/// Asks to be run again when one of these changes.
pub(crate) fn watch<'a>(paths: impl Iterator<Item = &'a PathBuf>, variables: &[&str]) {
    for variable in variables.iter().chain(&[DIAG]) {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    for path in paths {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// Reports what is wrong; an error among it fails the build.
pub(crate) fn report(found: &Diagnostics) {
    let full = found.render();
    let folder = env::var_os("OUT_DIR");
    // The lines below stand alone; without the report nothing is lost but comfort.
    let written = folder
        .as_ref()
        .map(|folder| Path::new(folder).join(REPORT))
        .filter(|path| fs::write(path, &full).is_ok());
    let failed = found.iter().any(|d| d.severity == Severity::Error);
    // Outside of a build script nobody reads cargo's lines.
    if folder.is_none() || env::var_os(DIAG).is_some_and(|value| value == "full") {
        eprint!("{full}");
        if failed {
            process::exit(1);
        }
        return;
    }
    // Diagnostics that are not shown any more are counted by a last line, which is as severe as the worst.
    let rest = if failed {
        Severity::Error
    } else {
        Severity::Warning
    };
    let severities = found
        .iter()
        .map(|d| d.severity)
        .take(MOST_SHOWN)
        .chain(std::iter::once(rest));
    for (line, severity) in found.lines().iter().zip(severities) {
        say(severity, line);
    }
    if let Some(path) = written.filter(|_| found.iter().next().is_some()) {
        let path = path.display();
        say(
            rest,
            &format!("with the lines of the sources: {path}, or build with {DIAG}=full"),
        );
    }
}

fn say(severity: Severity, line: &str) {
    match severity {
        Severity::Error => println!("cargo::error={line}"),
        Severity::Warning => println!("cargo::warning={line}"),
    }
}

/// Nothing is wrong any more.
pub(crate) fn forget() {
    if let Some(folder) = env::var_os("OUT_DIR") {
        // It is there only after a failure.
        let _ = fs::remove_file(Path::new(&folder).join(REPORT));
    }
}
