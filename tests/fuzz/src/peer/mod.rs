//! What no peer's bytes may do to the runtime: the readers one by one, and both ends of a connection as wholes.
//! It refuses to know who makes the bytes.

pub(crate) mod blocks;
pub(crate) mod bodies;
pub(crate) mod change;
mod frames;
pub(crate) mod inputs;
mod panics;
pub(crate) mod pipes;

/// Fails with what does not hold.
pub(crate) fn holds(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
