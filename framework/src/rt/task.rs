//! Tasks of this crate's own, all of one type.
//! It refuses what calls start: there a box is one allocation more.
//!
//! Tokio compiles what runs a task once for each type of future and once more for each of its schedulers, which is
//! more code than most of these futures are themselves. Behind a box they share it.

use std::pin::Pin;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A task of which only its type is missing: what `JoinSet`s are given, too.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// As `tokio::spawn`.
///
/// # Panics
/// Outside of a runtime.
#[track_caller]
pub(crate) fn spawn(task: Task) -> JoinHandle<()> {
    tokio::spawn(task)
}

/// Likewise, on a runtime that is not the current one, or may not be.
#[track_caller]
pub(crate) fn spawn_on(runtime: &Handle, task: Task) -> JoinHandle<()> {
    runtime.spawn(task)
}
