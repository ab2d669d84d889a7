//! Nodes in turn, those that can take a call first.
//! It refuses to compare loads.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::endpoint::Readiness;

/// Takes nodes in turn.
#[derive(Debug, Default)]
pub(crate) struct RoundRobin {
    turn: AtomicUsize,
}

/// What to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// Send it to this node; those after it are tried in turn while they are ready.
    Node(usize),
    /// No node can take it, but one may soon.
    Wait,
    /// No node can take it, and the last try of each has failed.
    Failing,
}

impl RoundRobin {
    /// The next turn.
    pub(crate) fn next(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

/// The first ready node from `turn` on; a call waits while it can still be hoped that one becomes ready.
pub(crate) fn pick(
    count: usize,
    turn: usize,
    readiness: impl Fn(usize) -> Readiness,
    wait_for_ready: bool,
) -> Pick {
    let mut pending = false;
    for step in 0..count {
        let node = turn.wrapping_add(step) % count;
        match readiness(node) {
            Readiness::Ready => return Pick::Node(node),
            Readiness::Pending => pending = true,
            Readiness::Failing => {}
        }
    }
    if pending || wait_for_ready {
        Pick::Wait
    } else {
        Pick::Failing
    }
}

#[cfg(test)]
mod tests {
    use super::Readiness::{Failing, Pending, Ready};
    use super::*;

    #[test]
    fn ready_nodes_take_turns_and_others_are_passed_over() {
        for (nodes, turn, wait, want) in [
            (&[Ready, Ready, Ready][..], 0, false, Pick::Node(0)),
            (&[Ready, Ready, Ready], 4, false, Pick::Node(1)),
            (&[Failing, Pending, Ready], 0, false, Pick::Node(2)),
            (&[Ready, Failing], usize::MAX, false, Pick::Node(0)),
            (&[Failing, Pending], 0, false, Pick::Wait),
            (&[Failing, Failing], 0, false, Pick::Failing),
            (&[Failing, Failing], 0, true, Pick::Wait),
            (&[], 7, false, Pick::Failing),
        ] {
            assert_eq!(
                pick(nodes.len(), turn, |i| nodes[i], wait),
                want,
                "{nodes:?} at {turn}"
            );
        }
    }
}
