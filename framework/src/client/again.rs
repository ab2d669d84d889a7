//! Whether a call that no handler has seen is sent once more. It costs nobody anything, so it is no retry: every method
//! may, and no budget is asked.
//! It refuses to know of calls that may have been executed.

use crate::call::unexecuted::Unexecuted;

/// A peer that refuses a call is at its limit: once more at once, as gRPC has it (gRFC A6), elsewhere if there is
/// another endpoint. What refuses twice is not asked a third time.
const REFUSED: u8 = 1;

/// A connection that is closed says nothing about the peer's load, but of a peer that does nothing but close them a
/// call is rid in the end: as often as a call meets servers of a rolling update, and a few times more.
const GONE_AWAY: u8 = 8;

/// How often a call was sent once more, and why.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Again {
    gone_away: u8,
    refused: u8,
}

impl Again {
    /// Counts one more, if it may.
    pub(super) fn allows(&mut self, how: Option<Unexecuted>) -> bool {
        let (count, most) = match how {
            None | Some(Unexecuted::Unsendable) => return false,
            // It waits for the next connection as it did for the first.
            Some(Unexecuted::Unsent) => return true,
            Some(Unexecuted::GoneAway) => (&mut self.gone_away, GONE_AWAY),
            Some(Unexecuted::Refused) => (&mut self.refused, REFUSED),
        };
        let allowed = *count < most;
        *count += u8::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::Unexecuted::{GoneAway, Refused, Unsendable, Unsent};
    use super::*;

    #[test]
    fn each_kind_has_its_own_bound() {
        for (how, times) in [
            (Some(GoneAway), 8),
            (Some(Refused), 1),
            (Some(Unsendable), 0),
            (None, 0),
        ] {
            let mut again = Again::default();
            let allowed = (0..100).filter(|_| again.allows(how)).count();
            assert_eq!(allowed, times, "{how:?}");
            assert!(again.allows(Some(Unsent)), "what never left always may");
        }
        let mut again = Again::default();
        assert!(again.allows(Some(Refused)) && again.allows(Some(GoneAway)));
        assert!(!again.allows(Some(Refused)));
    }
}
