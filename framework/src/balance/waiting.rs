//! What becomes of a call that no node can take now: it waits, or it fails.
//! It refuses to choose among nodes that can.

use crate::endpoint::Readiness;

/// What a call can hope for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hope {
    /// This node is ready.
    Now(usize),
    /// No node can take it, but one may soon.
    Soon,
    /// No node can take it, and the last try of each has failed.
    Nothing,
}

/// The first node from `first` on that is ready; a call waits while it can still be hoped that one becomes so.
pub(crate) fn hope(
    count: usize,
    first: usize,
    readiness: impl Fn(usize) -> Readiness,
    wait_for_ready: bool,
) -> Hope {
    let mut pending = false;
    for step in 0..count {
        let node = first.wrapping_add(step) % count;
        match readiness(node) {
            Readiness::Ready => return Hope::Now(node),
            Readiness::Pending => pending = true,
            Readiness::Failing => {}
        }
    }
    if pending || wait_for_ready {
        Hope::Soon
    } else {
        Hope::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::Readiness::{Failing, Pending, Ready};
    use super::*;

    #[test]
    fn a_call_waits_while_a_node_may_become_ready() {
        for (nodes, first, wait, want) in [
            (&[Ready, Ready, Ready][..], 0, false, Hope::Now(0)),
            (&[Ready, Ready, Ready], 4, false, Hope::Now(1)),
            (&[Failing, Pending, Ready], 0, false, Hope::Now(2)),
            (&[Ready, Failing], usize::MAX, false, Hope::Now(0)),
            (&[Failing, Pending], 0, false, Hope::Soon),
            (&[Failing, Failing], 0, false, Hope::Nothing),
            (&[Failing, Failing], 0, true, Hope::Soon),
            (&[], 7, false, Hope::Nothing),
        ] {
            assert_eq!(
                hope(nodes.len(), first, |i| nodes[i], wait),
                want,
                "{nodes:?} from {first}"
            );
        }
    }
}
