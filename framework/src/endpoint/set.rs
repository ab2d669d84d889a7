//! Who can be called at one moment: an immutable list of nodes, which readers take as it is.
//! It refuses to change: whoever knows better publishes another one.

use std::fmt;
use std::sync::Arc;

use super::{Cause, Node, Vitals};

/// The nodes of a channel at one moment, in the order of their ids.
pub(crate) struct EndpointSet {
    nodes: Box<[Arc<Node>]>,
    /// What is known of each, where a pick need not look for it.
    vitals: Box<[Arc<Vitals>]>,
    /// What makes the ring besides their slots.
    standing: Box<[Standing]>,
    roster: u64,
}

/// How a node counts among those that keys belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// 100 is normal.
    pub(crate) weight: u32,
    /// Another node has taken its slot.
    pub(crate) is_superseded: bool,
}

impl EndpointSet {
    pub(crate) fn new(nodes: Vec<Arc<Node>>) -> Self {
        let standing = |node: &Arc<Node>| Standing {
            weight: node.vitals().percent(),
            is_superseded: node.aside() == Some(Cause::Superseded),
        };
        Self {
            vitals: nodes.iter().map(|node| Arc::clone(node.vitals())).collect(),
            standing: nodes.iter().map(standing).collect(),
            nodes: nodes.into(),
            roster: 0,
        }
    }

    /// The set that comes after this one.
    pub(crate) fn followed_by(&self, nodes: Vec<Arc<Node>>) -> Self {
        let next = Self::new(nodes);
        let is_same = next.standing == self.standing
            && (next.nodes.iter().zip(&self.nodes))
                .all(|(new, old)| new.id() == old.id() && new.slot() == old.slot());
        Self {
            roster: self.roster + u64::from(!is_same),
            ..next
        }
    }

    /// A number that sets share which follow each other and have the same members with the same weights, in the same
    /// order.
    pub(crate) fn roster(&self) -> u64 {
        self.roster
    }

    pub(crate) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    pub(crate) fn vitals(&self) -> &[Arc<Vitals>] {
        &self.vitals
    }

    pub(crate) fn standing(&self) -> &[Standing] {
        &self.standing
    }
}

impl fmt::Debug for EndpointSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.nodes.iter()).finish()
    }
}
