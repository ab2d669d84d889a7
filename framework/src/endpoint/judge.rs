//! The task that judges a channel's nodes: the only one who says which phase a node is in.
//! It refuses to decide by itself: what follows from what is seen is in `health.rs` and `hang.rs`.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::judged::{Judged, Rests, Sums};
use super::hang::{Hang, Probes};
use super::health::{Comparison, Record};
use super::table::Shared;
use super::{Node, Phase};
use crate::rt::fetch::{BLOCK, fetch};

mod judged;
#[cfg(test)]
mod tests;

/// So many nodes are judged as often as there is a reason to.
const UNPAUSED: usize = 100;

/// For each node beyond those there is a pause after they were judged: to look at one takes about 80 ns of it (of
/// 10,000 that are in no cache, as in `cargo lab run L9`), and a few times that where something failed, as all windows
/// are compared then. So judging takes some percent of a core at most, however many calls fail. The first reason after
/// some rest is seen to at once.
const PAUSE_EACH: Duration = Duration::from_micros(5);

/// The load of all nodes is added up at one in so many pauses, and once in a bucket at least.
const RECOUNT_PAUSES: u32 = 20;

/// Judges the nodes of one table.
pub(super) struct Judge {
    shared: Arc<Shared>,
    judged: Vec<Judged>,
    /// When that was last done.
    reviewed: Instant,
    /// When this process was last found to have been frozen.
    thawed: Option<Instant>,
    /// When the load of all is added up next.
    recount_at: Instant,
    probes: Probes,
    /// When the next node is asked how busy it is.
    ask_at: Instant,
    /// A call was begun since one was asked.
    has_traffic: bool,
    /// When one is asked though none was.
    ask_anyway_at: Instant,
    rng: fastrand::Rng,
}

impl Judge {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let seed = shared.fleet.seed();
        shared.fleet.set_has_judge(true);
        Self {
            shared,
            judged: Vec::new(),
            reviewed: Instant::now(),
            thawed: None,
            recount_at: Instant::now(),
            probes: Probes::default(),
            ask_at: Instant::now(),
            has_traffic: false,
            ask_anyway_at: Instant::now(),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            let next = self.review();
            let rested = self.reviewed + pause(self.judged.len());
            let probed = tokio::select! {
                biased;
                () = self.shared.fleet.doubted() => None,
                probed = self.probes.next() => Some(probed),
                () = until(next) => None,
            };
            if rested > self.reviewed {
                until(Some(rested)).await;
            }
            // Whatever has woken it: of a frozen process all is late, and which of it comes first is chance.
            let now = Instant::now();
            if was_frozen(next, rested, now, self.shared.fleet.tuning.frozen) {
                self.thaw(now);
            }
            if let Some((node, hang)) = probed {
                self.probed(&node, hang);
            }
        }
    }

    /// A process that was frozen, or starved, sees failures that are its own: deadlines that passed while nobody
    /// looked. Those that are still to come are known by when their calls began.
    fn thaw(&mut self, now: Instant) {
        self.thawed = Some(now);
        self.shared.fleet.thaw(now);
        for judged in &mut self.judged {
            judged.vitals.forgive();
            judged.record.forget(judged.vitals.totals());
            judged.watch.forgive(now);
            judged.rested = false;
        }
    }

    /// A node has answered what it was asked, or has not for too long.
    fn probed(&mut self, node: &Arc<Node>, hang: Hang) {
        let mut judged = self.judged.iter_mut();
        if let Some(judged) = judged.find(|judged| Arc::ptr_eq(&judged.node, node)) {
            // What ran out may be the time in which this process was frozen: it is asked again.
            let asked_at = judged.watch.asked_at();
            let is_own = hang == Hang::Yes && self.thawed.is_some_and(|at| asked_at <= at);
            let hang = if is_own { Hang::No } else { hang };
            judged.watch.probed(hang, Instant::now());
        }
    }

    /// Judges all nodes, and says when to do it again by the clock. Most have nothing to be judged for: of those two
    /// cache lines are read.
    fn review(&mut self) -> Option<Instant> {
        self.review_but(Judged::rests)
    }

    /// Judges all nodes but those that there is nothing to judge for, as `rests` says.
    fn review_but(&mut self, rests: Rests) -> Option<Instant> {
        let (now, tuning) = (Instant::now(), self.shared.fleet.tuning);
        self.follow(now);
        let mut sums = Sums::default();
        let lively = self.look(now, rests, &mut sums);
        self.recount(now);
        let watched = self.doubt(now, &lively);
        let mut others = self.compare(now, &lively);
        for index in lively {
            let judged = &mut self.judged[index];
            let (seen, record) = (judged.seen(), &mut judged.record);
            let before = record.phase;
            record.begins_with(seen.connections);
            if let Some((phase, cause)) = record.judge(seen, &others, now, &tuning) {
                record.enter(phase, cause, now, &tuning, self.rng.f32());
                record.entered_over(seen.connections, before);
                if phase == Phase::Ejected && before != Phase::Trial {
                    others.allowed = others.allowed.saturating_sub(1);
                }
                let since = self.shared.fleet.stamp(record.since);
                judged.node.enter(phase, cause, since);
                judged.node.recount(now);
                self.shared.observer.endpoint_changed(
                    judged.node.name(),
                    before.as_str(),
                    phase.as_str(),
                    cause.as_str(),
                );
            }
            judged.record.note(seen);
            sums.add(judged, &tuning);
        }
        // Where less than half can be used, those that were ejected are better than nothing (Envoy's panic threshold).
        let panics = sums.used * 2 < sums.expected;
        if panics != self.shared.fleet.panics() {
            self.shared.fleet.set_panics(panics);
            self.recount_at = now;
            self.recount(now);
        }
        // What servers say ages, too.
        let is_due = sums.has_failures || self.shared.fleet.keyed().is_kept();
        let compared = is_due.then(|| now + tuning.bucket);
        sums.next.into_iter().chain(compared).chain(watched).min()
    }

    /// Looks which nodes there is something to be judged for, counts what calls came to there, and adds up the others.
    fn look(&mut self, now: Instant, rests: Rests, sums: &mut Sums) -> Vec<usize> {
        let fleet = &self.shared.fleet;
        let last = std::mem::replace(&mut self.reviewed, now);
        let mut lively = Vec::new();
        for (block, first) in self.judged.chunks_mut(BLOCK).zip((0..).step_by(BLOCK)) {
            fetch(block, |judged| judged.vitals.touch());
            for (judged, index) in block.iter_mut().zip(first..) {
                let rests = rests(judged, now, &fleet.tuning);
                if rests {
                    sums.add(judged, &fleet.tuning);
                } else {
                    if judged.rested {
                        judged.watch.rested(last);
                    }
                    judged.count(now, fleet.tuning.bucket);
                    lively.push(index);
                }
                judged.rested = rests;
            }
        }
        lively
    }

    /// Adds up what load all nodes have, as what they said gets old. That is read of each, and what calls change they
    /// count by themselves: of many nodes not at each review.
    fn recount(&mut self, now: Instant) {
        let fleet = &self.shared.fleet;
        if fleet.keyed().is_kept() && now >= self.recount_at {
            let moment = fleet.moment(now);
            for judged in &self.judged {
                fleet.recount(&judged.vitals, &moment);
            }
            let rest = pause(self.judged.len()).saturating_mul(RECOUNT_PAUSES);
            self.recount_at = now + rest.min(fleet.tuning.bucket);
        }
    }

    /// How all nodes did in the window, which is of use only where something has failed.
    fn compare(&mut self, now: Instant, lively: &[usize]) -> Comparison {
        let mut failing = lively.iter().map(|&index| &self.judged[index].record);
        if !failing.any(Record::has_failures) {
            return Comparison::default();
        }
        for judged in &mut self.judged {
            judged.count(now, self.shared.fleet.tuning.bucket);
        }
        let records = || self.judged.iter().map(|judged| &judged.record);
        let is_ejected = |record: &&Record| matches!(record.phase, Phase::Ejected | Phase::Trial);
        let ejected = records().filter(is_ejected).count();
        Comparison::of(records(), self.judged.len(), ejected)
    }

    /// Asks those nodes that owe answers for too long whether they hang, and says when to look again, if calls are
    /// under way, or one could not be asked.
    fn doubt(&mut self, now: Instant, lively: &[usize]) -> Option<Instant> {
        let fleet = &self.shared.fleet;
        let patience = fleet.pace().patience();
        let mut is_watched = false;
        let mut doubtful = Vec::new();
        for &index in lively {
            let Judged { vitals, watch, .. } = &mut self.judged[index];
            let is_doubtful = watch.doubts(
                vitals.waiting(),
                vitals.answered(),
                vitals.reported().is_ours(),
                now,
                patience,
            );
            if is_doubtful {
                doubtful.push(index);
            }
            self.has_traffic |= watch.took_calls();
            is_watched |= vitals.waiting() > 0 || watch.hang() == Hang::Unknown;
        }
        let is_own = self.is_own(&doubtful);
        for index in doubtful {
            let Judged { node, watch, .. } = &mut self.judged[index];
            if is_own {
                watch.forgive(now);
            } else if let Some(link) = node.link() {
                watch.asked(now);
                self.probes.ask(node, link, fleet.pace().probe_patience());
            }
        }
        if !fleet.watched(is_watched) {
            return None;
        }
        let ask = self.ask(now);
        Some(ask.min(now + patience / 2))
    }

    /// Is it this process, or its network, that most of them seem to hang? Not where anybody has answered meanwhile.
    fn is_own(&self, doubtful: &[usize]) -> bool {
        let since = doubtful.iter().map(|&at| self.judged[at].watch.since());
        let (most, since) = (doubtful.len() * 2 > self.judged.len(), since.min());
        let mut answered = self.judged.iter().map(|judged| judged.watch.answered_at());
        most && !answered.any(|at| at > since)
    }

    /// Asks the node that was neither heard nor asked for longest how busy it is, and says when to ask the next one.
    fn ask(&mut self, now: Instant) -> Instant {
        let tuning = &self.shared.fleet.tuning;
        if now < self.ask_at {
            return self.ask_at;
        }
        self.ask_at = now + tuning.ask;
        let is_due = self.has_traffic || now >= self.ask_anyway_at;
        if !is_due || self.probes.is_refreshing() {
            return self.ask_at;
        }
        let judged = self.judged.iter_mut();
        let silent = judged.filter_map(|judged| Some((judged.silent_since()?, judged)));
        if let Some((since, silent)) = silent.min_by_key(|(since, _)| *since)
            && now.saturating_duration_since(since) >= tuning.ask
            && let Some(link) = silent.node.link()
        {
            silent.refreshed_at = Some(now);
            self.has_traffic = false;
            self.ask_anyway_at = now + tuning.ask_anyway;
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
        // Both are in the order of ids: one walk along them finds who is still there. Who is where it was is not looked
        // at.
        let mut before = std::mem::take(&mut self.judged).into_iter().peekable();
        let judged = |node: &Arc<Node>| {
            let is_it = |known: &Judged| Arc::ptr_eq(&known.node, node);
            if let Some(known) = before.next_if(is_it) {
                return known;
            }
            while before
                .next_if(|known| known.node.id() < node.id())
                .is_some()
            {}
            before
                .next_if(is_it)
                .unwrap_or_else(|| Judged::new(node, now))
        };
        self.judged = set.nodes().iter().map(judged).collect();
    }
}

/// Its runtime has ended, or it has panicked: the next call starts another one.
impl Drop for Judge {
    fn drop(&mut self) {
        self.shared.fleet.set_has_judge(false);
    }
}

/// Does a task wake up `now` far later than it asked for: for `next` by the clock, if for any, but to rest up to
/// `rested`?
fn was_frozen(next: Option<Instant>, rested: Instant, now: Instant, frozen: Duration) -> bool {
    let asked = next.map(|next| next.max(rested));
    asked.is_some_and(|asked| now.saturating_duration_since(asked) > frozen)
}

/// How long so many nodes are left alone after they were judged.
fn pause(nodes: usize) -> Duration {
    let beyond = u32::try_from(nodes.saturating_sub(UNPAUSED)).unwrap_or(u32::MAX);
    PAUSE_EACH.saturating_mul(beyond)
}

async fn until(next: Option<Instant>) {
    match next {
        Some(next) => tokio::time::sleep_until(next).await,
        None => std::future::pending().await,
    }
}
