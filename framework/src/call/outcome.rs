//! What the end of an attempt means: the one place that says so, for load, health, and whatever else learns from it.
//! It refuses to decide what is done about it.

use super::unexecuted::Unexecuted;
use super::{Code, Status};

/// What an attempt says of the endpoint that it was made at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It answered: with a message, or with an error that is about the request.
    Success,
    /// It said that it has no room for the call now, and did not begin it.
    Rejected,
    /// No handler has seen the call, and the peer is not to blame: a connection that was being closed, a call that
    /// cannot be sent.
    Unsent,
    /// It failed.
    Fault,
    /// Time ran out before it answered.
    Late,
    /// The caller gave the call up: nothing is known.
    Gone,
}

impl Outcome {
    pub(crate) fn of(end: Result<(), &Status>) -> Self {
        match end {
            Ok(()) => Self::Success,
            // It has answered, with more than is taken here.
            Err(status) if status.is_of_message() => Self::Success,
            Err(status) => match status.unexecuted() {
                Some(Unexecuted::Refused) => Self::Rejected,
                Some(Unexecuted::Unsent | Unexecuted::GoneAway | Unexecuted::Unsendable) => {
                    Self::Unsent
                }
                None => Self::of_code(status.code()),
            },
        }
    }

    /// The codes with which gRFC A50 and Finagle count a failure of the server; the others are about the request, and
    /// who sends them is well.
    pub(crate) fn of_code(code: Code) -> Self {
        match code {
            Code::Ok
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Unauthenticated => Self::Success,
            Code::ResourceExhausted => Self::Rejected,
            Code::Unknown | Code::Internal | Code::Unavailable | Code::DataLoss => Self::Fault,
            Code::DeadlineExceeded => Self::Late,
            Code::Cancelled => Self::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::call::frame::Limit;

    #[test]
    fn a_code_says_who_is_to_blame() {
        let of = |outcome| {
            Code::ALL
                .into_iter()
                .filter(move |&c| Outcome::of_code(c) == outcome)
        };
        assert!(of(Outcome::Rejected).eq([Code::ResourceExhausted]));
        assert!(of(Outcome::Late).eq([Code::DeadlineExceeded]));
        assert!(of(Outcome::Gone).eq([Code::Cancelled]));
        let faults = [
            Code::Unknown,
            Code::Internal,
            Code::Unavailable,
            Code::DataLoss,
        ];
        assert!(of(Outcome::Fault).eq(faults));
        assert_eq!(of(Outcome::Success).count(), 10);
        for (how, outcome) in [
            (Unexecuted::Refused, Outcome::Rejected),
            (Unexecuted::Unsent, Outcome::Unsent),
            (Unexecuted::GoneAway, Outcome::Unsent),
            (Unexecuted::Unsendable, Outcome::Unsent),
        ] {
            let status = Status::unavailable("not begun").with_unexecuted(Some(how));
            assert_eq!(Outcome::of(Err(&status)), outcome);
        }
        assert_eq!(
            Outcome::of(Err(&Status::unavailable("broken"))),
            Outcome::Fault
        );
        let limit = Limit {
            bytes: 1,
            ..Limit::DEFAULT
        };
        for too_large in [
            limit
                .check_framed(&Bytes::from_static(&[0; 7]))
                .unwrap_err(),
            limit.exceeded_unpacked(),
        ] {
            assert_eq!(Outcome::of(Err(&too_large)), Outcome::Success);
            let relayed = too_large.with_method("/a.B/C").for_caller();
            assert_eq!(Outcome::of(Err(&relayed)), Outcome::Rejected);
        }
        assert_eq!(Outcome::of(Ok(())), Outcome::Success);
    }
}
