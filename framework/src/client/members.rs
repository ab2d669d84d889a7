//! The nodes of a channel that is given a name: they follow what is found under it.
//! It refuses to judge what is found: that is the directory's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use tokio::task::AbortHandle;

use super::nodes::NodeMaker;
use crate::balance::Picker;
use crate::call::Status;
use crate::discovery::{Directory, Found, Instance, InstanceState, Latest, Member, Source};
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
    /// What the nodes are made of.
    found: ArcSwap<Found>,
    /// What was read last: the same, or what the nodes are about to be made of.
    latest: Mutex<Option<Latest>>,
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
                latest: Mutex::default(),
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

    /// What was read last, and when.
    pub(super) fn latest(&self) -> Arc<Found> {
        let latest = lock(&self.shared.latest);
        latest.as_ref().map(Latest::get).unwrap_or_default()
    }

    /// What more there is to say while nobody serves the name.
    pub(super) fn when_empty(&self) -> Option<&str> {
        self.shared.source.when_empty()
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
            _ => Nobody::Found(Status::unavailable(match self.when_empty() {
                Some(more) => format!("nobody serves {name}: {more}"),
                None => format!("nobody serves {name}"),
            })),
        }
    }

    /// Sees to it that the name is looked for: at the first call, and when the runtime in which it was has ended.
    /// Outside of a runtime nothing happens; the call that asks fails by itself.
    pub(super) fn wake(&self) {
        let mut task = lock(&self.task);
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
        *lock(&self.latest) = Some(directory.latest());
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
        let last = self.found.load_full();
        if last.is_known && !found.is_known {
            // A directory that began anew, in another runtime, has found nobody yet: that replaces nobody.
            return;
        }
        let set = self.follows(&self.table.now(), &last, &found);
        let set = self.placed(set).await;
        self.found.store(found);
        self.table.replace(set);
    }

    /// The set that follows `before`, which was made of `last`.
    fn follows(&self, before: &EndpointSet, last: &Found, found: &Found) -> EndpointSet {
        let nodes = before.nodes();
        // One that has no node, as its TLS is not to be had, is told by its id.
        let last = (last.members.len() == nodes.len()).then_some(&last.members);
        let mut next = before.followed(found.members.len());
        // Both are in the order of ids: one walk along them finds who is still there.
        let (mut at, mut members) = (0, &*found.members);
        loop {
            let was = last.and_then(|last| last.get(at..)).unwrap_or_default();
            let same = was.iter().zip(members);
            let same = same.take_while(|(was, is)| is_as_it_was(was, is)).count();
            next.keep(at..at + same);
            at += same;
            let Some((member, rest)) = members[same..].split_first() else {
                return next.finish();
            };
            members = rest;
            let instance = &member.instance;
            while nodes.get(at).is_some_and(|node| node.id() < instance.id()) {
                at += 1;
            }
            let kept = nodes.get(at).filter(|node| node.id() == instance.id());
            at += usize::from(kept.is_some());
            let is_same =
                |node: &&Arc<Node>| node.is_at(instance.target(), instance.host(), instance.slot());
            let Some(node) = (kept.filter(is_same).cloned()).or_else(|| self.made(instance)) else {
                continue;
            };
            node.set_weight(instance.weight().into());
            node.set_aside(aside(member));
            next.put(node);
        }
    }

    fn made(&self, instance: &Instance) -> Option<Arc<Node>> {
        match self.maker.make(instance, self.source.name()) {
            Ok(node) => {
                // A pick looks only at those that are connected. Where there is no runtime, there is no call either.
                let _ = node.wake();
                Some(node)
            }
            Err(why) => {
                self.maker.observer.connect_failed("tls", &why, true);
                None
            }
        }
    }

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
        if self.picker.placed().is_prepared(&set) {
            return set;
        }
        // Whoever leaves is judged for that meanwhile.
        self.table.fleet().doubt();
        let (picker, of) = (Arc::clone(&self.picker), Arc::clone(&set));
        // Whoever cannot wait for it makes it when it is needed.
        let _ = tokio::task::spawn_blocking(move || picker.placed().prepare(&of)).await;
        set
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Is nothing different that a node is told? Of one with the very same record neither that is read, nor its node.
fn is_as_it_was(was: &Member, is: &Member) -> bool {
    Arc::ptr_eq(&was.instance, &is.instance)
        && was.is_superseded == is.is_superseded
        && was.is_damped() == is.is_damped()
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

#[cfg(test)]
mod tests;
