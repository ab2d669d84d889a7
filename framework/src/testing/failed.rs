//! Why a script could not go on.
//! It refuses to be matched on: a test shows it, and fails.

use std::fmt;

/// What a script waited for in vain, with the last frames that were sent and received.
///
/// Its `Debug` is its text, so that an `unwrap` in a test prints something to read.
#[derive(Clone)]
pub struct Failed {
    what: String,
    log: String,
}

impl Failed {
    pub(super) fn new(what: impl Into<String>, log: String) -> Self {
        let what = what.into();
        Self { what, log }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match self.log.as_str() {
            "" => Ok(()),
            log => write!(f, "; so far (> sent, < received):\n{log}"),
        }
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failed {}
