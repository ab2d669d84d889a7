//! The endpoints of a channel as they change: the set that calls see, and the one task that judges its nodes.
//! It refuses to choose among them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::futures::Notified;
use tokio::task::AbortHandle;

use super::judge::Judge;
use super::{EndpointSet, Fleet, Node};
use crate::observe::Observer;
use crate::rt::task;

/// The endpoints of one channel. Readers take a snapshot and wait for nobody.
pub(crate) struct Table {
    shared: Arc<Shared>,
    /// The task that judges the nodes, once there was a call.
    judge: Mutex<Option<AbortHandle>>,
}

/// What the handle of a table and its task share.
pub(super) struct Shared {
    pub(super) set: ArcSwap<EndpointSet>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) observer: Observer,
}

impl Table {
    /// A table of these nodes, until others come in their place.
    pub(crate) fn new(nodes: Vec<Arc<Node>>, fleet: Arc<Fleet>, observer: Observer) -> Self {
        Self {
            shared: Arc::new(Shared {
                set: ArcSwap::from_pointee(EndpointSet::new(nodes)),
                fleet,
                observer,
            }),
            judge: Mutex::new(None),
        }
    }

    /// Other endpoints, from now on. Calls that are under way at those that are gone go on.
    pub(crate) fn replace(&self, set: Arc<EndpointSet>) {
        self.shared.set.store(set);
        self.shared.fleet.tell_change();
        self.shared.fleet.doubt();
    }

    /// The endpoints as they are now. Held for a moment only, never while something is waited for.
    pub(crate) fn now(&self) -> Guard<Arc<EndpointSet>> {
        self.shared.set.load()
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.shared.fleet
    }

    /// Resolves at the next change after this was called, polled or not.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.shared.fleet.changed()
    }

    /// Sees to it that the nodes are judged: at the first call, and when the runtime in which they were has ended.
    /// Outside of a runtime nothing happens; the call that asks fails by itself.
    pub(crate) fn wake(&self) {
        if !self.shared.fleet.is_judged() {
            return;
        }
        let mut handle = self.judge.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = handle.as_ref().is_some_and(|judge| !judge.is_finished());
        if let (false, Ok(runtime)) = (runs, tokio::runtime::Handle::try_current()) {
            let shared = Arc::clone(&self.shared);
            // Made before the task: a runtime that ends drops it, perhaps before its first poll.
            let judge = Judge::new(shared);
            let task = task::spawn_on(&runtime, Box::pin(judge.run()));
            *handle = Some(task.abort_handle());
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let judge = self.judge.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(judge) = judge {
            judge.abort();
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.now().fmt(f)
    }
}
