//! A node as its judge remembers it, and what all nodes come to.
//! It refuses to judge: that is `health.rs` and `hang.rs`.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::endpoint::hang::Watch;
use crate::endpoint::health::{Record, Seen};
use crate::endpoint::{Node, Phase, Readiness, Tuning, Vitals};

/// A node, and what is remembered of it.
pub(super) struct Judged {
    pub(super) node: Arc<Node>,
    /// Those of the node, where they need not be looked for.
    pub(super) vitals: Arc<Vitals>,
    pub(super) record: Record,
    pub(super) watch: Watch,
    /// When it was last asked how busy it is.
    pub(super) refreshed_at: Option<Instant>,
    /// Nothing could become of it the last time.
    pub(super) rested: bool,
}

/// Says whether there is nothing to judge a node for.
pub(super) type Rests = fn(&Judged, Instant, &Tuning) -> bool;

/// What all nodes come to.
#[derive(Default)]
pub(super) struct Sums {
    /// Those that take calls.
    pub(super) used: usize,
    /// Those that were to take calls. Who is set aside is not, and of whom there was no connection yet nobody knows: a
    /// channel that connects to many for the first time is in no panic.
    pub(super) expected: usize,
    pub(super) has_failures: bool,
    /// When time alone may change one of them.
    pub(super) next: Option<Instant>,
}

impl Judged {
    pub(super) fn new(node: &Arc<Node>, now: Instant) -> Self {
        // Nobody knows yet what it has been told.
        node.vitals().stir();
        node.vitals().set_member(true);
        node.recount(now);
        Self {
            node: Arc::clone(node),
            vitals: Arc::clone(node.vitals()),
            record: Record::new(now, node.vitals().totals()),
            watch: Watch::new(now),
            refreshed_at: None,
            rested: false,
        }
    }

    /// Is there nothing to judge it for? It reads what changes with every cause to do so, and the node itself not.
    pub(super) fn rests(&self, now: Instant, tuning: &Tuning) -> bool {
        let vitals = &self.vitals;
        !vitals.was_stirred()
            && self.watch.rests(vitals.waiting(), vitals.answered())
            && self.record.rests(vitals.totals(), now, tuning)
    }

    /// Since when it was neither heard nor asked how busy it is; nothing of one that cannot be asked, or does not
    /// answer: it is not to keep the others from being asked.
    pub(super) fn silent_since(&self) -> Option<Instant> {
        let (vitals, phase) = (&self.vitals, self.record.phase);
        if vitals.readiness() != Readiness::Ready || phase == Phase::Hung {
            return None;
        }
        let reported = vitals.reported();
        let (_, heard) = reported.is_ours().then(|| reported.latest())??;
        Some(self.refreshed_at.map_or(heard, |asked| asked.max(heard)))
    }

    /// Takes what was counted since the last time.
    pub(super) fn count(&mut self, now: Instant, bucket: Duration) {
        self.record.count(self.vitals.totals(), now, bucket);
    }

    pub(super) fn seen(&self) -> Seen {
        let reported = self.vitals.reported();
        Seen {
            in_a_row: self.vitals.failures_in_a_row(),
            tried: self.node.tries(),
            aside: self.node.aside(),
            hang: self.watch.hang(),
            is_connected: self.vitals.readiness() == Readiness::Ready,
            connections: reported.connections(),
            process: reported.process(),
        }
    }
}

impl Drop for Judged {
    fn drop(&mut self) {
        self.node.fleet().keyed().leaves(&self.vitals);
    }
}

impl Sums {
    pub(super) fn add(&mut self, judged: &Judged, tuning: &Tuning) {
        let Judged { record, vitals, .. } = judged;
        let is_routable = matches!(record.phase, Phase::Warm | Phase::Ready);
        let readiness = vitals.readiness();
        let is_expected = record.phase != Phase::Draining && readiness != Readiness::Pending;
        // Most of those that are asked whether they hang answer.
        let is_used =
            (is_routable || record.phase == Phase::Suspect) && readiness == Readiness::Ready;
        self.expected += usize::from(is_expected);
        self.used += usize::from(is_used);
        self.has_failures |= record.has_failures();
        self.next = self.next.into_iter().chain(record.next(tuning)).min();
    }
}
