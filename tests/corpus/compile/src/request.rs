//! What the harness asks for, and what it is told.
//!
//! The names of the fields are read by the harness: they are added to, not changed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A set of files to be compiled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The include roots, in order.
    pub(crate) roots: Vec<PathBuf>,
    /// The import names of the files.
    pub(crate) files: Vec<String>,
    /// Where the code goes: a folder for each unit.
    pub(crate) out: PathBuf,
}

/// What became of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Answer {
    /// Files that were compiled together: most are in the first unit.
    pub(crate) units: Vec<Unit>,
    /// Files that are refused, even alone.
    pub(crate) rejected: Vec<Rejected>,
    /// What kept accepted files out of the first unit: mostly names that another file of the set declares, too.
    pub(crate) apart: Vec<Rejected>,
    /// How often the compiler was run: once where nothing is refused.
    pub(crate) runs: usize,
}

/// Files whose code is in one folder.
#[derive(Debug, Serialize)]
pub(crate) struct Unit {
    /// The file to include.
    pub(crate) code: PathBuf,
    pub(crate) files: Vec<String>,
    pub(crate) counts: Counts,
}

/// What the files of a unit declare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) messages: usize,
    pub(crate) services: usize,
    pub(crate) rpcs: usize,
}

/// A file that the compiler does not take.
#[derive(Debug, Serialize)]
pub(crate) struct Rejected {
    pub(crate) file: String,
    /// The file in which the error is: another one if an import is refused.
    pub(crate) at: String,
    pub(crate) line: u32,
    pub(crate) code: String,
    pub(crate) message: String,
}
