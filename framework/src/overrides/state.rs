//! What became of a file of policies: why it cannot be used, or how often it was taken since.
//! It refuses to read one.

use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use crate::call::Status;

/// Why a file of policies cannot be used: it cannot be read, or something in it is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPolicy(pub(super) String);

/// One line for each thing that is wrong: `policy.json:3:14: methodConfig[0].timeout: "5" is no duration …`.
impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidPolicy {}

impl From<InvalidPolicy> for io::Error {
    fn from(error: InvalidPolicy) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

impl From<InvalidPolicy> for Status {
    fn from(error: InvalidPolicy) -> Self {
        Status::invalid_argument(error.to_string()).with_source(error)
    }
}

/// What became of a file of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyState {
    pub(super) path: PathBuf,
    pub(super) loads: u64,
    pub(super) refused: Option<String>,
    pub(super) warnings: Vec<String>,
}

impl PolicyState {
    pub(super) fn new(path: PathBuf, warnings: Vec<String>) -> Self {
        Self {
            path,
            loads: 1,
            refused: None,
            warnings,
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How often it was taken, the first time among them.
    pub fn loads(&self) -> u64 {
        self.loads
    }

    /// Why what it holds now is not taken: what it held before goes on to hold.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// What is probably not as intended in what was taken.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl fmt::Display for PolicyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("{}, loaded {} times", self.path.display(), self.loads);
        if let Some(refused) = &self.refused {
            // Writing to a string does not fail.
            let _ = write!(text, "; what it holds now is refused: {refused}");
        }
        f.write_str(&text)
    }
}
