//! The task that judges a channel's nodes: the only one who says which phase a node is in.
//! It refuses to decide by itself: what follows from what is seen is in `health.rs` and `hang.rs`.

use std::sync::Arc;

use tokio::time::Instant;

use super::hang::{Hang, Probes, Watch};
use super::health::{Comparison, Record, Seen};
use super::table::Shared;
use super::{Node, Phase, Readiness};

/// Judges the nodes of one table.
pub(super) struct Judge {
    shared: Arc<Shared>,
    judged: Vec<Judged>,
    probes: Probes,
    /// When the next node is asked how busy it is.
    ask_at: Instant,
    rng: fastrand::Rng,
}

/// A node, and what is remembered of it.
struct Judged {
    node: Arc<Node>,
    record: Record,
    watch: Watch,
}

impl Judge {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let seed = shared.fleet.seed();
        Self {
            shared,
            judged: Vec::new(),
            probes: Probes::default(),
            ask_at: Instant::now(),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            let next = self.review();
            tokio::select! {
                biased;
                () = self.shared.fleet.doubted() => {}
                (node, hang) = self.probes.next() => self.probed(&node, hang),
                () = until(next) => self.wakes_late(next),
            }
        }
    }

    /// A task that was frozen, or starved, sees failures that are its own: deadlines that passed while nobody looked.
    fn wakes_late(&mut self, next: Option<Instant>) {
        let frozen = self.shared.fleet.tuning.frozen;
        if next.is_some_and(|next| next.elapsed() > frozen) {
            let now = Instant::now();
            for Judged {
                node,
                record,
                watch,
            } in &mut self.judged
            {
                node.vitals().forgive();
                record.forget(node.vitals().totals());
                watch.forgive(now);
            }
        }
    }

    /// A node has answered what it was asked, or has not for too long.
    fn probed(&mut self, node: &Arc<Node>, hang: Hang) {
        let mut judged = self.judged.iter_mut();
        if let Some(judged) = judged.find(|judged| Arc::ptr_eq(&judged.node, node)) {
            judged.watch.probed(hang, Instant::now());
        }
    }

    /// Judges all nodes, and says when to do it again by the clock.
    fn review(&mut self) -> Option<Instant> {
        let (now, tuning) = (Instant::now(), self.shared.fleet.tuning);
        self.follow(now);
        for Judged { node, record, .. } in &mut self.judged {
            record.count(node.vitals().totals(), now, tuning.bucket);
        }
        let watched = self.doubt(now);
        let records = || self.judged.iter().map(|judged| &judged.record);
        let is_ejected = |record: &&Record| matches!(record.phase, Phase::Ejected | Phase::Trial);
        let ejected = records().filter(is_ejected).count();
        let mut others = Comparison::of(records(), self.judged.len(), ejected);
        for Judged {
            node,
            record,
            watch,
        } in &mut self.judged
        {
            let seen = Seen {
                in_a_row: node.vitals().failures_in_a_row(),
                tried: node.tries(),
                aside: node.aside(),
                hang: watch.hang(),
                is_connected: node.vitals().readiness() == Readiness::Ready,
            };
            let before = record.phase;
            let Some((phase, cause)) = record.judge(seen, &others, now, &tuning) else {
                continue;
            };
            record.enter(phase, cause, now, &tuning, self.rng.f32());
            if phase == Phase::Ejected && before != Phase::Trial {
                others.allowed = others.allowed.saturating_sub(1);
            }
            node.enter(phase, cause, self.shared.fleet.stamp(record.since));
            self.shared.observer.endpoint_changed(
                node.name(),
                before.as_str(),
                phase.as_str(),
                cause.as_str(),
            );
        }
        self.count_routable(now);
        let records = || self.judged.iter().map(|judged| &judged.record);
        // What servers say ages, too.
        let is_due = records().any(Record::has_failures) || self.shared.fleet.keeps_load();
        let compared = is_due.then(|| now + tuning.bucket);
        let timed = records().filter_map(|record| record.next(&tuning));
        timed.chain(compared).chain(watched).min()
    }

    /// Asks those nodes that owe answers for too long whether they hang, and says when to look again, if calls are
    /// under way.
    fn doubt(&mut self, now: Instant) -> Option<Instant> {
        let fleet = &self.shared.fleet;
        let patience = fleet.patience();
        let mut waiting = 0;
        let mut doubtful = Vec::new();
        for (index, judged) in self.judged.iter_mut().enumerate() {
            let vitals = judged.node.vitals();
            waiting += vitals.waiting();
            let is_doubtful = judged.watch.doubts(
                vitals.waiting(),
                vitals.answered(),
                vitals.reported().is_ours(),
                now,
                patience,
            );
            if is_doubtful {
                doubtful.push(index);
            }
        }
        // Where most of them seem to hang, it is this process, or its network.
        let is_own = doubtful.len() * 2 > self.judged.len();
        for index in doubtful {
            let Judged { node, watch, .. } = &mut self.judged[index];
            if is_own {
                watch.forgive(now);
            } else if let Some(link) = node.link() {
                watch.asked();
                self.probes.ask(node, link, fleet.probe_patience());
            }
        }
        if !fleet.watched(waiting > 0) {
            return None;
        }
        let ask = self.ask(now);
        Some(ask.min(now + patience / 2))
    }

    /// Asks the node that was not heard for longest how busy it is, and says when to ask the next one.
    fn ask(&mut self, now: Instant) -> Instant {
        let tuning = &self.shared.fleet.tuning;
        if now < self.ask_at {
            return self.ask_at;
        }
        self.ask_at = now + tuning.ask;
        let heard = |node: &Node| node.vitals().reported().latest().map(|(_, at)| at);
        let ours = self.judged.iter().map(|judged| &judged.node);
        let ours = ours.filter(|node| node.vitals().reported().is_ours());
        let silent = ours.min_by_key(|node| heard(node));
        if let Some(node) = silent
            && heard(node).is_some_and(|at| now.saturating_duration_since(at) >= tuning.ask)
            && let Some(link) = node.link()
            && !self.probes.is_refreshing()
        {
            self.probes.refresh(link, tuning.most_probe);
        }
        self.ask_at
    }

    /// Takes over what changed in the set.
    fn follow(&mut self, now: Instant) {
        let set = self.shared.set.load();
        let same = set.nodes().len() == self.judged.len()
            && (set.nodes().iter().zip(&self.judged))
                .all(|(node, judged)| Arc::ptr_eq(node, &judged.node));
        if same {
            return;
        }
        // Both are in the order of ids: one walk along them finds who is still there.
        let mut before = std::mem::take(&mut self.judged).into_iter().peekable();
        let judged = |node: &Arc<Node>| {
            while before
                .next_if(|known| known.node.id() < node.id())
                .is_some()
            {}
            let known = before.next_if(|known| Arc::ptr_eq(&known.node, node));
            known.unwrap_or_else(|| Judged {
                node: Arc::clone(node),
                record: Record::new(now, node.vitals().totals()),
                watch: Watch::new(now),
            })
        };
        self.judged = set.nodes().iter().map(judged).collect();
    }

    /// Where less than half can be used, those that were ejected are better than nothing (Envoy's panic threshold).
    fn count_routable(&self, now: Instant) {
        let mut routable = 0;
        let mut weight = 0;
        for Judged { node, record, .. } in &self.judged {
            let is_routable = matches!(record.phase, Phase::Warm | Phase::Ready);
            routable += usize::from(is_routable);
            node.recount(now);
            if is_routable && node.vitals().readiness() == Readiness::Ready {
                weight += u64::from(node.vitals().percent());
            }
        }
        let panics = routable * 2 < self.judged.len();
        self.shared.fleet.routable(weight, panics);
    }
}

async fn until(next: Option<Instant>) {
    match next {
        Some(next) => tokio::time::sleep_until(next).await,
        None => std::future::pending().await,
    }
}
