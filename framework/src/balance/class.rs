//! Who may be picked before whom, whatever it costs: a node that is out of use is the last resort.
//! It refuses to compare nodes of one class.

use crate::endpoint::{Facts, Phase, Readiness};

/// The classes of nodes, the best one first. A node of a later class is picked where no earlier one can take the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Class {
    /// One call is due to find out whether it is well again.
    Trial = 0,
    Routable,
    Suspect,
    Draining,
    Ejected,
}

impl Class {
    /// The one that the upper half of a rank says.
    #[inline]
    pub(super) fn of(rank: u64) -> Self {
        match rank >> 32 {
            0 => Self::Trial,
            1 => Self::Routable,
            2 => Self::Suspect,
            3 => Self::Draining,
            _ => Self::Ejected,
        }
    }
}

/// `panics` says that less than half of the nodes are routable: then those that were ejected count as the others do.
/// `may_try` says that the call may be one of a trial.
#[inline]
pub(super) fn class(facts: &Facts, panics: bool, may_try: bool) -> Option<Class> {
    if facts.readiness != Readiness::Ready {
        return None;
    }
    // Most are: looked at first, for all nodes are looked at.
    let is_draining = facts.report.is_some_and(|said| said.is_draining);
    if !is_draining && matches!(facts.phase, Phase::Warm | Phase::Ready) {
        return Some(Class::Routable);
    }
    match facts.phase {
        // It says so before whoever lists it does.
        _ if is_draining => Some(Class::Draining),
        Phase::Warm | Phase::Ready => Some(Class::Routable),
        Phase::Suspect => Some(Class::Suspect),
        Phase::Draining => Some(Class::Draining),
        Phase::Trial if !facts.is_tried && may_try => Some(Class::Trial),
        Phase::Ejected | Phase::Trial if panics => Some(Class::Routable),
        Phase::Ejected | Phase::Trial => Some(Class::Ejected),
        Phase::Hung => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_has_its_class() {
        let facts = |phase, readiness, trying| Facts {
            readiness,
            phase,
            in_phase: 0.0,
            // Streams from before the trial.
            in_flight: 2,
            is_tried: trying > 0,
            weight: 1.0,
            rtt: None,
            rtt_age: 0.0,
            success: 1.0,
            success_age: 0.0,
            report: None,
        };
        use Readiness::{Failing, Pending, Ready};
        for (phase, readiness, trying, panics, may_try, expected) in [
            (Phase::Warm, Ready, 9, false, true, Some(Class::Routable)),
            (Phase::Ready, Ready, 9, false, false, Some(Class::Routable)),
            (Phase::Ready, Pending, 0, true, true, None),
            (Phase::Ready, Failing, 0, true, true, None),
            (Phase::Suspect, Ready, 0, false, true, Some(Class::Suspect)),
            (Phase::Draining, Ready, 0, true, true, Some(Class::Draining)),
            (Phase::Trial, Ready, 0, false, true, Some(Class::Trial)),
            (Phase::Trial, Ready, 0, false, false, Some(Class::Ejected)),
            (Phase::Trial, Ready, 1, false, true, Some(Class::Ejected)),
            (Phase::Trial, Ready, 1, true, true, Some(Class::Routable)),
            (Phase::Ejected, Ready, 0, false, true, Some(Class::Ejected)),
            (Phase::Ejected, Ready, 0, true, true, Some(Class::Routable)),
            (Phase::Hung, Ready, 0, true, true, None),
        ] {
            let found = class(&facts(phase, readiness, trying), panics, may_try);
            assert_eq!(
                found, expected,
                "{phase:?} {readiness:?} {trying} {panics} {may_try}"
            );
        }
    }
}
