//! The phases of a node.
//! It refuses to say what follows from that for a call: that is `balance/class.rs`.

/// What a node is thought to be able to do, as the table says; whether it is connected is another matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It has joined or come back a moment ago: its share grows.
    Warm = 0,
    /// It takes its full share.
    Ready = 1,
    /// It was asked whether it hangs, and has not answered yet.
    Suspect = 2,
    /// It ends: it gets no new calls while others can take them.
    Draining = 3,
    /// Too many of its calls failed: it gets none for a while.
    Ejected = 4,
    /// It was ejected, and gets one call at a time until it is known whether it is well.
    Trial = 5,
    /// It takes bytes and answers nothing.
    Hung = 6,
}

impl Phase {
    /// The one that `bits` says; only what [`super::Vitals`] was told comes here.
    #[inline]
    pub(super) fn of(bits: u32) -> Self {
        match bits {
            0 => Self::Warm,
            2 => Self::Suspect,
            3 => Self::Draining,
            4 => Self::Ejected,
            5 => Self::Trial,
            6 => Self::Hung,
            _ => Self::Ready,
        }
    }

    /// As logs, metrics and explanations spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Ready => "ready",
            Self::Suspect => "suspect",
            Self::Draining => "draining",
            Self::Ejected => "ejected",
            Self::Trial => "trial",
            Self::Hung => "hung",
        }
    }
}
