//! What an error of HTTP/2 is as a status (gRPC's table of HTTP/2 error codes).
//! It refuses to decide whether the call is tried again.

use h2::Reason;

use crate::call::{Code, Status};

/// A call that HTTP/2 ended.
pub(super) fn status(error: h2::Error) -> Status {
    let code = match error.reason() {
        _ if error.is_io() => Code::Unavailable,
        Some(Reason::REFUSED_STREAM) => Code::Unavailable,
        _ if error.is_go_away() => Code::Unavailable,
        Some(Reason::CANCEL) => Code::Cancelled,
        Some(Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        Some(_) => Code::Internal,
        None => Code::Unavailable,
    };
    let what = if error.is_io() {
        "the connection broke"
    } else if error.is_go_away() {
        "the peer closed the connection"
    } else if error.is_reset() && error.is_remote() {
        "the peer reset the call"
    } else {
        "HTTP/2 failed"
    };
    Status::new(code, format!("{what}: {error}")).with_source(error)
}
