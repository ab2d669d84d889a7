//! Who takes part in a run.

use std::path::PathBuf;

/// The name of ours among the contenders.
pub(crate) const OURS: &str = "ours";

/// A peer that is built and can be started.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// Its name in tables.
    pub(crate) name: String,
    /// The binary that is timed.
    pub(crate) timed: PathBuf,
    /// The binary that counts.
    pub(crate) counted: PathBuf,
}
