//! Why an experiment could not run, as one line for a person.
//!
//! It is no error type to match on: the lab stops at the first failure and prints it.

use std::{error::Error, fmt};

/// What went wrong, with its causes.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure that `what` describes.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// The same failure, said to have happened during `doing`.
    #[must_use]
    pub fn during(self, doing: impl fmt::Display) -> Self {
        Self(format!("{doing}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// `Failure` itself is no `Error`, which is what allows this for all that are.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut line = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            line.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Self(line)
    }
}
