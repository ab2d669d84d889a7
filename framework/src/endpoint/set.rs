//! Who can be called at one moment: an immutable list of nodes, which readers take as it is.
//! It refuses to change: whoever knows better publishes another one.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{Cause, Node, Vitals};
use crate::rt::fetch::{BLOCK, fetch};

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

/// A set on its way: the one that follows another, node by node in the order of ids.
pub(crate) struct Following<'a> {
    before: &'a EndpointSet,
    nodes: Vec<Arc<Node>>,
    vitals: Vec<Arc<Vitals>>,
    standing: Vec<Standing>,
    /// Are they the members that were there before, up to here?
    is_same: bool,
}

impl Standing {
    fn of(node: &Node) -> Self {
        Self {
            weight: node.vitals().percent(),
            is_superseded: node.aside() == Some(Cause::Superseded),
        }
    }
}

impl EndpointSet {
    pub(crate) fn new(nodes: Vec<Arc<Node>>) -> Self {
        Self {
            vitals: nodes.iter().map(|node| Arc::clone(node.vitals())).collect(),
            standing: nodes.iter().map(|node| Standing::of(node)).collect(),
            nodes: nodes.into(),
            roster: 0,
        }
    }

    /// The set that comes after this one, and has about `count` nodes.
    pub(crate) fn followed(&self, count: usize) -> Following<'_> {
        Following {
            before: self,
            nodes: Vec::with_capacity(count),
            vitals: Vec::with_capacity(count),
            standing: Vec::with_capacity(count),
            is_same: true,
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

impl Following<'_> {
    /// The nodes that had these places before, of which nothing has changed. They are counted, and not looked at: among
    /// thousands most are as they were.
    pub(crate) fn keep(&mut self, places: Range<usize>) {
        let EndpointSet {
            nodes,
            vitals,
            standing,
            ..
        } = self.before;
        self.is_same &= places.is_empty() || places.start == self.nodes.len();
        let (nodes, vitals) = (&nodes[places.clone()], &vitals[places.clone()]);
        for (nodes, vitals) in nodes.chunks(BLOCK).zip(vitals.chunks(BLOCK)) {
            fetch(nodes, Arc::strong_count);
            fetch(vitals, Arc::strong_count);
            self.nodes.extend_from_slice(nodes);
            self.vitals.extend_from_slice(vitals);
        }
        self.standing.extend_from_slice(&standing[places]);
    }

    /// A node that is new, or of which something has changed.
    pub(crate) fn put(&mut self, node: Arc<Node>) {
        let (at, standing) = (self.nodes.len(), Standing::of(&node));
        let old = self.before.nodes.get(at).zip(self.before.standing.get(at));
        self.is_same &= old.is_some_and(|(old, stood)| {
            old.id() == node.id() && old.slot() == node.slot() && *stood == standing
        });
        self.vitals.push(Arc::clone(node.vitals()));
        self.standing.push(standing);
        self.nodes.push(node);
    }

    pub(crate) fn finish(self) -> EndpointSet {
        let is_same = self.is_same && self.nodes.len() == self.before.nodes.len();
        EndpointSet {
            nodes: self.nodes.into(),
            vitals: self.vitals.into(),
            standing: self.standing.into(),
            roster: self.before.roster + u64::from(!is_same),
        }
    }
}

impl fmt::Debug for EndpointSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.nodes.iter()).finish()
    }
}
