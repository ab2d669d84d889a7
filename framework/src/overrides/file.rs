//! A file of policies: read, or refused with all that is wrong with it; and what became of it since.
//! It refuses to keep anything of a file with one error in it.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sinew_service_config::ServiceConfig;
#[cfg(feature = "policy-file")]
use sinew_service_config::{Severity, read};

#[cfg(feature = "policy-file")]
use super::served;
use super::show::RunTime;
use super::table::Table;
use crate::call::{ServiceSpec, Status};

/// The largest file that is read, in bytes: what a ConfigMap of Kubernetes may hold.
const MOST_BYTES: u64 = 1024 * 1024;

/// A file that was read.
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) table: Arc<Table>,
    pub(crate) warnings: Vec<String>,
    config: ServiceConfig,
}

impl Loaded {
    pub(crate) fn read(path: PathBuf) -> Result<Self, InvalidPolicy> {
        let text = text(&path);
        text.and_then(|text| Self::parse(path, text))
            .map_err(InvalidPolicy)
    }

    /// What it says, to be shown.
    pub(crate) fn run_time(&self) -> RunTime {
        RunTime {
            path: self.path.clone(),
            table: Arc::clone(&self.table),
        }
    }

    /// Warns of names that are nearly those of what this server serves.
    #[cfg(feature = "policy-file")]
    pub(super) fn warn_of_misspelt(&mut self, services: &[&ServiceSpec]) {
        let path = self.path.display();
        let misspelt = served::misspelt(&self.config, services).into_iter();
        self.warnings
            .extend(misspelt.map(|one| format!("{path}:{one}")));
    }

    #[cfg(not(feature = "policy-file"))]
    pub(super) fn warn_of_misspelt(&mut self, _: &[&ServiceSpec]) {}

    /// # Errors
    /// All that is wrong, one a line, each with file, place and rule.
    #[cfg(feature = "policy-file")]
    pub(crate) fn parse(path: PathBuf, text: String) -> Result<Self, String> {
        let read = read(&text);
        let said = |severity| {
            let problems = read
                .problems
                .iter()
                .filter(move |one| one.severity == severity);
            problems.map(|problem| format!("{}:{problem}", path.display()))
        };
        if read.is_refused() {
            return Err(said(Severity::Error).collect::<Vec<_>>().join("\n"));
        }
        let warnings = said(Severity::Warning).collect();
        Ok(Self {
            table: Arc::new(Table::new(&read.config)),
            warnings,
            path,
            text,
            config: read.config,
        })
    }

    #[cfg(not(feature = "policy-file"))]
    pub(crate) fn parse(path: PathBuf, _: String) -> Result<Self, String> {
        Err(format!(
            "{}: needs the feature `policy-file`",
            path.display()
        ))
    }
}

/// The text of a file.
///
/// # Errors
/// Why there is none, with the path.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    let no = |why: &dyn fmt::Display| format!("{}: {why}", path.display());
    let mut text = String::new();
    let read = |text: &mut String| -> io::Result<usize> {
        File::open(path)?.take(MOST_BYTES + 1).read_to_string(text)
    };
    let read = read(&mut text).map_err(|error| no(&format_args!("it cannot be read: {error}")))?;
    match u64::try_from(read) {
        Ok(read) if read <= MOST_BYTES => Ok(text),
        _ => Err(no(&format_args!("it has more than {MOST_BYTES} bytes"))),
    }
}

/// Why a file of policies cannot be used: it cannot be read, or something in it is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPolicy(String);

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
