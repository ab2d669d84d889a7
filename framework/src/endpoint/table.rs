//! The endpoints of a channel as they change: the set that readers see, and who is told of changes.
//! It refuses to choose among them.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::Notify;

use super::{EndpointSet, Node};

/// The endpoints of one channel. Readers take a snapshot and wait for nobody.
pub(crate) struct Table {
    set: ArcSwap<EndpointSet>,
    /// Told at each change: of the set, and of the state of a node.
    changed: Arc<Notify>,
}

impl Table {
    /// A table of nodes that stay.
    pub(crate) fn fixed(nodes: Vec<Arc<Node>>, changed: Arc<Notify>) -> Self {
        Self {
            set: ArcSwap::from_pointee(EndpointSet::new(nodes)),
            changed,
        }
    }

    /// The endpoints as they are now. Held for a moment only, never while something is waited for.
    pub(crate) fn now(&self) -> Guard<Arc<EndpointSet>> {
        self.set.load()
    }

    /// Resolves at the next change after this was called, polled or not.
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }
}
