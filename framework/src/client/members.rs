//! The nodes of a channel that is given a name: they follow what is found under it.
//! It refuses to judge what is found: that is the directory's.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::task::AbortHandle;

use super::nodes::NodeMaker;
use crate::balance::Picker;
use crate::call::Status;
use crate::discovery::{Directory, Found, InstanceState, Member, Source};
use crate::endpoint::{Cause, EndpointSet, Node, Table};
use crate::rt::task;

/// Who serves the name of a channel.
pub(super) struct Members {
    shared: Arc<Shared>,
    /// The task that follows, once there was a call.
    task: Mutex<Option<AbortHandle>>,
}

struct Shared {
    source: Source,
    found: ArcSwap<Found>,
    maker: Arc<NodeMaker>,
    table: Arc<Table>,
    picker: Arc<Picker>,
}

/// What is to be said of a name under which nobody can be called.
#[derive(Debug)]
pub(super) enum Nobody {
    /// It is still looked for.
    Yet,
    /// There was an answer, and nobody in it; or none could be had.
    Found(Status),
}

impl Members {
    pub(super) fn new(
        source: Source,
        maker: Arc<NodeMaker>,
        table: Arc<Table>,
        picker: Arc<Picker>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                source,
                found: ArcSwap::default(),
                maker,
                table,
                picker,
            }),
            task: Mutex::new(None),
        }
    }

    /// The name, as it was given.
    pub(super) fn name(&self) -> &str {
        self.shared.source.name()
    }

    /// What was found last.
    pub(super) fn found(&self) -> Arc<Found> {
        self.shared.found.load_full()
    }

    /// Why there is nobody to call.
    pub(super) fn nobody(&self) -> Nobody {
        let (found, name) = (self.shared.found.load(), self.name());
        match &found.stale {
            Some(stale) if !found.is_known => Nobody::Found(Status::unavailable(format!(
                "it is not known who serves {name}: {}",
                stale.why
            ))),
            _ if !found.is_known => Nobody::Yet,
            _ => Nobody::Found(Status::unavailable(format!("nobody serves {name}"))),
        }
    }

    /// Sees to it that the name is looked for: at the first call, and when the runtime in which it was has ended.
    /// Outside of a runtime nothing happens; the call that asks fails by itself.
    pub(super) fn wake(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = task.as_ref().is_some_and(|task| !task.is_finished());
        if let (false, Ok(runtime)) = (runs, tokio::runtime::Handle::try_current()) {
            let shared = Arc::clone(&self.shared);
            let following = Box::pin(async move { shared.follow().await });
            let following = task::spawn_on(&runtime, following);
            *task = Some(following.abort_handle());
        }
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl Shared {
    /// Runs until it is dropped.
    async fn follow(&self) {
        let fleet = self.table.fleet();
        let mut directory = Directory::start(&self.source, self.maker.observer.clone());
        loop {
            tokio::select! {
                biased;
                found = directory.changed() => self.take(found).await,
                // Whoever cannot be reached may be gone, and others may be there.
                () = fleet.connect_failed() => directory.suspect(),
            }
        }
    }

    async fn take(&self, found: Arc<Found>) {
        let before = Arc::clone(&self.table.now());
        // Both are in the order of ids: one walk along them finds who is still there.
        let mut known = before.nodes().iter().peekable();
        let node_of = |member: &Member| {
            let instance = &member.instance;
            while known.next_if(|node| node.id() < instance.id()).is_some() {}
            let kept = known.next_if(|node| node.id() == instance.id());
            let is_same =
                |node: &&Arc<Node>| node.is_at(instance.target(), instance.host(), instance.slot());
            let node = match kept.filter(is_same) {
                Some(node) => Arc::clone(node),
                None => match self.maker.make(instance, self.source.name()) {
                    Ok(node) => {
                        // A pick looks only at those that are connected. Where there is no runtime, there is no call
                        // either.
                        let _ = node.wake();
                        node
                    }
                    Err(why) => {
                        self.maker.observer.connect_failed("tls", &why, true);
                        return None;
                    }
                },
            };
            node.set_weight(instance.weight().into());
            node.set_aside(aside(member));
            Some(node)
        };
        let nodes = found.members.iter().filter_map(node_of).collect();
        let set = before.followed_by(nodes);
        let set = self.placed(set).await;
        self.found.store(found);
        self.table.replace(set);
    }
}

impl Shared {
    /// Makes the ring of a set, if its calls have keys, where it is in nobody's way.
    async fn placed(&self, set: EndpointSet) -> Arc<EndpointSet> {
        let set = Arc::new(set);
        if !self.picker.placed().is_used() {
            return set;
        }
        // What another thread does comes at no moment that a seed repeats.
        #[cfg(feature = "testing")]
        if self.maker.near.is_some() {
            self.picker.placed().prepare(&set);
            return set;
        }
        let (picker, of) = (Arc::clone(&self.picker), Arc::clone(&set));
        // Whoever cannot wait for it makes it when it is needed.
        let _ = tokio::task::spawn_blocking(move || picker.placed().prepare(&of)).await;
        set
    }
}

/// Why a member is to get no new calls, if it is not.
fn aside(member: &Member) -> Option<Cause> {
    match member.instance.state() {
        InstanceState::Draining => Some(Cause::Leaving),
        InstanceState::Starting => Some(Cause::Starting),
        _ if member.is_superseded => Some(Cause::Superseded),
        _ if member.is_damped() => Some(Cause::Flapping),
        _ => None,
    }
}
