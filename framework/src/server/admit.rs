//! Who may enter: what a server refuses before it reads a request's body.
//! It refuses to wait.

use tokio::time::Instant;

use crate::call::{RawCall, Status};

/// # Errors
/// DEADLINE_EXCEEDED when nobody waits for the answer any more.
pub(crate) fn admit(call: &RawCall) -> Result<(), Status> {
    match call.deadline {
        Some(deadline) if deadline.is_expired(Instant::now()) => Err(Status::deadline_exceeded(
            "the deadline had passed when the server took the call",
        )),
        _ => Ok(()),
    }
}
