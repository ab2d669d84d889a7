//! In place of `watch.rs` where the system has no inotify: nobody is told anything.
//! It refuses to pretend: who asks looks by himself.

use std::io;
use std::path::Path;

use super::scan::Which;

/// Nobody's.
#[derive(Debug)]
pub(super) enum Watch {}

/// What has happened.
#[derive(Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "as where something tells")]
pub(super) enum Happened {
    /// Something to these.
    To(Which),
    /// The directory is not where it was.
    Over,
}

impl Watch {
    pub(super) fn new(_: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) async fn next(&self) -> Happened {
        match *self {}
    }
}
