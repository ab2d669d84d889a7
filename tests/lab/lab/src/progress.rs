//! Where a run stands, on a terminal's standard error.
//!
//! Nothing is printed where nobody looks on.

use std::io::{self, IsTerminal, Write};

/// One line that is rewritten.
#[derive(Debug)]
pub(crate) struct Progress {
    terminal: bool,
}

impl Progress {
    /// On standard error, when it is a terminal.
    pub(crate) fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
        }
    }

    /// Shows `line` in place of the last one.
    pub(crate) fn show(&self, line: &str) {
        if self.terminal {
            let mut err = io::stderr().lock();
            // A terminal that is gone needs no progress.
            let _ = write!(err, "\r\x1b[K{line}").and_then(|()| err.flush());
        }
    }

    /// Removes the line.
    pub(crate) fn clear(&self) {
        self.show("");
    }
}
