//! How it is known of a call that its server has not executed it, so that it may be sent once more whatever it does.
//! It refuses to decide whether it is.

/// Where a call was turned back before any handler saw it (gRFC A6, "transparent retries"; RFC 9113, sections 5.1.1,
/// 6.8 and 8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unexecuted {
    /// It never left: the connection had just stopped to take calls.
    Unsent,
    /// The peer closed the connection and said that it has not begun this call.
    GoneAway,
    /// The peer refused this very call before it began it.
    Refused,
    /// It cannot be sent at all: what is wrong with it would be wrong with it at any peer.
    Unsendable,
}

impl Unexecuted {
    /// As metrics spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unsent => "unsent",
            Self::GoneAway => "gone_away",
            Self::Refused => "refused",
            Self::Unsendable => "unsendable",
        }
    }
}
