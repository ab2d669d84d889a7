//! What becomes of a call that no node can take now: it waits, or it fails.
//! It refuses to choose among nodes that can.

use crate::endpoint::Readiness;

/// What a call can hope for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hope {
    /// A node is ready.
    Now,
    /// No node can take it, but one may soon.
    Soon,
    /// No node can take it, and the last try of each has failed.
    Nothing,
}

/// A call waits while it can still be hoped that a node becomes ready.
pub(crate) fn hope(
    count: usize,
    readiness: impl Fn(usize) -> Readiness,
    wait_for_ready: bool,
) -> Hope {
    let mut pending = false;
    for node in 0..count {
        match readiness(node) {
            Readiness::Ready => return Hope::Now,
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
        for (nodes, wait, want) in [
            (&[Ready, Ready, Ready][..], false, Hope::Now),
            (&[Failing, Pending, Ready], false, Hope::Now),
            (&[Ready, Failing], false, Hope::Now),
            (&[Failing, Pending], false, Hope::Soon),
            (&[Failing, Failing], false, Hope::Nothing),
            (&[Failing, Failing], true, Hope::Soon),
            (&[], false, Hope::Nothing),
        ] {
            assert_eq!(hope(nodes.len(), |i| nodes[i], wait), want, "{nodes:?}");
        }
    }
}
