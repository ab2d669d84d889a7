//! What an error of HTTP/2 is as a status (gRPC's table of HTTP/2 error codes).
//! It refuses to decide whether the call is tried again.

use h2::Reason;

use crate::call::{Code, Status};

/// A call that HTTP/2 ended; `late` when the deadline that its peer was told had passed by then.
///
/// A peer that enforces the deadline resets the call with CANCEL, and so does our own sending half: whichever
/// comes before our timer, the call has ended for lack of time.
pub(super) fn status(error: h2::Error, late: bool) -> Status {
    let code = match error.reason() {
        _ if error.is_io() => Code::Unavailable,
        Some(Reason::REFUSED_STREAM) => Code::Unavailable,
        _ if error.is_go_away() => Code::Unavailable,
        Some(Reason::CANCEL) if late => Code::DeadlineExceeded,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_and_the_time_make_the_code() {
        for (reason, late, code) in [
            (Reason::CANCEL, false, Code::Cancelled),
            (Reason::CANCEL, true, Code::DeadlineExceeded),
            (Reason::REFUSED_STREAM, true, Code::Unavailable),
            (Reason::ENHANCE_YOUR_CALM, true, Code::ResourceExhausted),
            (Reason::INADEQUATE_SECURITY, false, Code::PermissionDenied),
            (Reason::PROTOCOL_ERROR, true, Code::Internal),
        ] {
            let got = status(reason.into(), late).code();
            assert_eq!(got, code, "{reason:?}, late: {late}");
        }
    }
}
