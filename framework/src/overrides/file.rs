//! A file of policies: read, or refused with all that is wrong with it.
//! It refuses to keep anything of a file with one error in it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sinew_service_config::ServiceConfig;
use sinew_service_config::{Severity, read};

use super::served;
use super::show::RunTime;
use super::state::InvalidPolicy;
use super::table::Table;
use crate::call::ServiceSpec;

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
    pub(super) fn warn_of_misspelt(&mut self, services: &[&ServiceSpec]) {
        let path = self.path.display();
        let misspelt = served::misspelt(&self.config, services).into_iter();
        self.warnings
            .extend(misspelt.map(|one| format!("{path}:{one}")));
    }

    /// # Errors
    /// All that is wrong, one a line, each with file, place and rule.
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
