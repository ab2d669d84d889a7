//! Who can be called at one moment: an immutable list of nodes, which readers take as it is.
//! It refuses to change: whoever knows better publishes another one.

use std::fmt;
use std::sync::Arc;

use super::{Node, Vitals};

/// The nodes of a channel at one moment, in the order of their ids.
pub(crate) struct EndpointSet {
    nodes: Box<[Arc<Node>]>,
    /// What is known of each, where a pick need not look for it.
    vitals: Box<[Arc<Vitals>]>,
}

impl EndpointSet {
    pub(crate) fn new(nodes: Vec<Arc<Node>>) -> Self {
        Self {
            vitals: nodes.iter().map(|node| Arc::clone(node.vitals())).collect(),
            nodes: nodes.into(),
        }
    }

    pub(crate) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    pub(crate) fn vitals(&self) -> &[Arc<Vitals>] {
        &self.vitals
    }
}

impl fmt::Debug for EndpointSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.nodes.iter()).finish()
    }
}
