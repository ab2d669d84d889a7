//! The endpoints of a channel as they change: the set that calls see, and the one task that judges its nodes.
//! It refuses to choose among them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::futures::Notified;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::health::{Comparison, Record, Seen};
use super::{EndpointSet, Fleet, Node, Phase, Readiness};
use crate::observe::Observer;

/// The endpoints of one channel. Readers take a snapshot and wait for nobody.
pub(crate) struct Table {
    shared: Arc<Shared>,
    /// The task that judges the nodes, once there was a call.
    judge: Mutex<Option<AbortHandle>>,
}

/// What the handle of a table and its task share.
struct Shared {
    set: ArcSwap<EndpointSet>,
    fleet: Arc<Fleet>,
    observer: Observer,
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
        let mut judge = self.judge.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = judge.as_ref().is_some_and(|judge| !judge.is_finished());
        if let (false, Ok(runtime)) = (runs, tokio::runtime::Handle::try_current()) {
            let shared = Arc::clone(&self.shared);
            let task = runtime.spawn(async move { Judge::new(shared).run().await });
            *judge = Some(task.abort_handle());
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

/// The one who says which phase a node is in.
struct Judge {
    shared: Arc<Shared>,
    records: Vec<(Arc<Node>, Record)>,
    rng: fastrand::Rng,
}

impl Judge {
    fn new(shared: Arc<Shared>) -> Self {
        let seed = shared.fleet.seed();
        Self {
            shared,
            records: Vec::new(),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    /// Runs until it is dropped.
    async fn run(mut self) {
        loop {
            let next = self.review();
            tokio::select! {
                biased;
                () = self.shared.fleet.doubted() => {}
                () = until(next) => self.wakes_late(next),
            }
        }
    }

    /// A task that was frozen, or starved, sees failures that are its own: deadlines that passed while nobody looked.
    fn wakes_late(&mut self, next: Option<Instant>) {
        let frozen = self.shared.fleet.tuning.frozen;
        if next.is_some_and(|next| next.elapsed() > frozen) {
            for (node, record) in &mut self.records {
                node.vitals().forgive();
                record.forget(node.vitals().totals());
            }
        }
    }

    /// Judges all nodes, and says when to do it again by the clock.
    fn review(&mut self) -> Option<Instant> {
        let (now, tuning) = (Instant::now(), self.shared.fleet.tuning);
        self.follow(now);
        for (node, record) in &mut self.records {
            record.count(node.vitals().totals(), now, tuning.bucket);
        }
        let records = || self.records.iter().map(|(_, record)| record);
        let is_ejected = |record: &&Record| matches!(record.phase, Phase::Ejected | Phase::Trial);
        let ejected = records().filter(is_ejected).count();
        let mut others = Comparison::of(records(), self.records.len(), ejected);
        let stamp = self.shared.fleet.stamp(now);
        for (node, record) in &mut self.records {
            let seen = Seen {
                in_a_row: node.vitals().failures_in_a_row(),
                tried: node.tries(),
                aside: node.aside(),
            };
            let before = record.phase;
            let Some((phase, cause)) = record.judge(seen, &others, now, &tuning) else {
                continue;
            };
            record.enter(phase, cause, now, &tuning, self.rng.f32());
            if phase == Phase::Ejected && before != Phase::Trial {
                others.allowed = others.allowed.saturating_sub(1);
            }
            node.enter(phase, cause, stamp);
            self.shared.observer.endpoint_changed(
                node.name(),
                before.as_str(),
                phase.as_str(),
                cause.as_str(),
            );
        }
        self.count_routable();
        let has_failures = self.records.iter().any(|(_, record)| record.has_failures());
        let compared = has_failures.then(|| now + tuning.bucket);
        let timed = self
            .records
            .iter()
            .filter_map(|(_, record)| record.next(&tuning));
        timed.chain(compared).min()
    }

    /// Takes over what changed in the set.
    fn follow(&mut self, now: Instant) {
        let set = self.shared.set.load();
        let same = set.nodes().len() == self.records.len()
            && (set.nodes().iter().zip(&self.records)).all(|(node, (of, _))| Arc::ptr_eq(node, of));
        if same {
            return;
        }
        let mut before: std::collections::HashMap<*const Node, Record> = self
            .records
            .drain(..)
            .map(|(node, record)| (Arc::as_ptr(&node), record))
            .collect();
        let mut record = |node: &Arc<Node>| {
            before
                .remove(&Arc::as_ptr(node))
                .unwrap_or_else(|| Record::new(now, node.vitals().totals()))
        };
        self.records = set
            .nodes()
            .iter()
            .map(|node| (Arc::clone(node), record(node)))
            .collect();
    }

    /// Where less than half can be used, those that were ejected are better than nothing (Envoy's panic threshold).
    fn count_routable(&self) {
        let mut routable = 0;
        let mut weight = 0;
        for (node, record) in &self.records {
            let is_routable = matches!(record.phase, Phase::Warm | Phase::Ready);
            routable += usize::from(is_routable);
            if is_routable && node.vitals().readiness() == Readiness::Ready {
                weight += u64::from(node.vitals().percent());
            }
        }
        let panics = routable * 2 < self.records.len();
        self.shared.fleet.routable(weight, panics);
    }
}

async fn until(next: Option<Instant>) {
    match next {
        Some(next) => tokio::time::sleep_until(next).await,
        None => std::future::pending().await,
    }
}
