//! The words for why a node entered its phase.
//! It refuses to say when it does: that is `health.rs`.

/// Why a node changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was found.
    Joined,
    /// It has been in use for a while.
    WarmedUp,
    /// So many calls failed one after the other.
    FailuresInARow,
    /// It fails far more often than the others do.
    Outlier,
    /// The time of its ejection is over.
    EjectionOver,
    /// Calls of its trial went well.
    TrialPassed,
    /// A call of its trial failed.
    TrialFailed,
    /// It owes answers for long, and was asked whether it hangs.
    Silent,
    /// It has not answered whether it hangs.
    Unanswered,
    /// It has answered.
    Answered,
    /// Its connection is gone, and with it what was thought of it.
    Disconnected,
    /// It ends, as it says, or as those say who list it.
    Leaving,
    /// It takes no calls yet, as it says.
    Starting,
    /// It comes and goes.
    Flapping,
    /// Another one has taken its slot.
    Superseded,
    /// What kept it out of use is over.
    Back,
    /// Its connection is another one, and it is still the process that was warm.
    SameProcess,
}

impl Cause {
    /// As logs, metrics and explanations spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::WarmedUp => "warmed_up",
            Self::FailuresInARow => "failures_in_a_row",
            Self::Outlier => "outlier",
            Self::EjectionOver => "ejection_over",
            Self::TrialPassed => "trial_passed",
            Self::TrialFailed => "trial_failed",
            Self::Silent => "silent",
            Self::Unanswered => "unanswered",
            Self::Answered => "answered",
            Self::Disconnected => "disconnected",
            Self::Leaving => "leaving",
            Self::Starting => "starting",
            Self::Flapping => "flapping",
            Self::Superseded => "superseded",
            Self::Back => "back",
            Self::SameProcess => "same_process",
        }
    }
}
