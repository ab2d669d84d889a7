//! Compiles one set by the real way of a build script; files that are refused are left out, and the rest goes on.
//! It refuses to judge: whether they are refused rightly is what the corpus itself is there to say.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use sinew_build::{Config, Diagnostics, Severity};
use sinew_idl::diag::Span;

use crate::sets::Set;

/// What came of a set.
pub(crate) struct Compiled {
    /// The file to include.
    pub(crate) root: PathBuf,
    /// The files that were left out: the set, the file, and why.
    pub(crate) left_out: Vec<String>,
}

pub(crate) fn compile(set: &Set, folder: &Path) -> Result<Compiled, String> {
    let mut files: BTreeSet<_> = set.files.iter().cloned().collect();
    let mut left_out = Vec::new();
    loop {
        let found = match config(set, &files, folder)?.try_compile() {
            Ok(report) => {
                for file in report.read {
                    println!("cargo::rerun-if-changed={}", file.display());
                }
                return Ok(Compiled {
                    root: report.root,
                    left_out,
                });
            }
            Err(found) => found,
        };
        let mut refused = refused(&found, &files);
        if refused.is_empty() {
            refused = refused_alone(set, &files, folder)?;
        }
        if refused.is_empty() {
            return Err(format!("{}:\n{}", set.name, found.lines().join("\n")));
        }
        for (file, why) in refused {
            files.remove(&file);
            left_out.push(format!("{}\t{file}\t{why}", set.name));
        }
    }
}

fn config(set: &Set, files: &BTreeSet<String>, folder: &Path) -> Result<Config, String> {
    let [first, others @ ..] = set.roots.as_slice() else {
        return Err(format!("the set {} has no root", set.name));
    };
    if files.is_empty() {
        return Err(format!("no file of the set {} is left", set.name));
    }
    let config = others
        .iter()
        .fold(Config::new(first), Config::include)
        .files(files.iter().cloned())
        .server(false)
        .client(false)
        .out_dir(folder);
    Ok(if set.other_types {
        config.bytes(".").btree_map(".")
    } else {
        config
    })
}

/// The files of the set that an error is about, each with the first of its errors.
fn refused(found: &Diagnostics, files: &BTreeSet<String>) -> Vec<(String, String)> {
    let mut refused: Vec<(String, String)> = Vec::new();
    for one in found.iter().filter(|one| one.severity == Severity::Error) {
        let others = one.secondary.iter().map(|(span, _)| span);
        let places = std::iter::once(&one.span).chain(others);
        let named = places.filter_map(|span| match span {
            Span::Idl { file, .. } => files.get(&**file),
            _ => None,
        });
        // The first place that is the set's own.
        for file in named.take(1) {
            if !refused.iter().any(|(known, _)| known == file) {
                refused.push((file.clone(), format!("{} {}", one.code, one.message)));
            }
        }
    }
    refused
}

/// The files that are refused when they are compiled alone: what is wrong lies in something that they import.
fn refused_alone(
    set: &Set,
    files: &BTreeSet<String>,
    folder: &Path,
) -> Result<Vec<(String, String)>, String> {
    let mut refused = Vec::new();
    for file in files {
        let alone = BTreeSet::from([file.clone()]);
        if let Err(found) = config(set, &alone, folder)?.try_compile() {
            let why = found
                .iter()
                .next()
                .map(|one| format!("{} {}", one.code, one.message));
            refused.push((file.clone(), why.unwrap_or_default()));
        }
    }
    Ok(refused)
}
