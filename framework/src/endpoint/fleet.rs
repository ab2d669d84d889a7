//! What all nodes of a channel share: their clock, what calls take, how they are judged, and who is told of changes.
//! It refuses to know the nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

pub(crate) use self::keyed::KeyedLoad;
pub(crate) use self::pace::Pace;
use super::{Moment, Tuning, Vitals};
use crate::call::outcome::Outcome;
use crate::rt::stamp::Stamp;

mod keyed;
mod pace;

/// Nodes of one channel that may connect at the same time: a channel that is told of ten thousand is not to open as
/// many sockets at once, nor to spend its first second on nothing but their handshakes. Where there are no more than
/// this, none waits.
const MOST_CONNECTING: usize = 64;

/// A call that ran out of time had this many times what slow ones take, or it says nothing of its node
/// (balancing-hashing-failover §4.2).
const LATE_TIMES: f32 = 2.0;

/// Shared by the nodes of one channel, and by the table of them.
#[derive(Debug)]
pub(crate) struct Fleet {
    epoch: Instant,
    pub(crate) tuning: Tuning,
    /// Is there more than one node, so that they can be compared?
    is_judged: bool,
    /// Somebody judges them.
    has_judge: AtomicBool,
    /// What its random choices begin with.
    seed: u64,
    /// Seconds after which a node that was never measured gets a call.
    first_call: f32,
    /// Told at each change of the set, and of the state of a node.
    changed: Notify,
    /// Told when a node should be judged.
    doubted: Notify,
    /// Told when a node could not be connected.
    failed: Notify,
    /// More than half of the nodes are out of use: those that were ejected count as the others do.
    panics: AtomicBool,
    pace: Pace,
    keyed: KeyedLoad,
    /// Somebody looks whether nodes hang, as calls are under way.
    is_watched: AtomicBool,
    /// When this process was last found to have been frozen, in microseconds since the epoch; 0 before it ever was.
    thawed_us: AtomicU64,
    /// Places of nodes that connect.
    connecting: Semaphore,
}

impl Fleet {
    pub(crate) fn new(tuning: Tuning, is_judged: bool, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            epoch: Instant::now(),
            tuning,
            is_judged,
            has_judge: AtomicBool::new(false),
            seed,
            first_call: fastrand::Rng::with_seed(seed).f32() * tuning.first_call.as_secs_f32(),
            changed: Notify::new(),
            doubted: Notify::new(),
            failed: Notify::new(),
            panics: AtomicBool::new(false),
            pace: Pace::new(tuning),
            keyed: KeyedLoad::default(),
            is_watched: AtomicBool::new(false),
            thawed_us: AtomicU64::new(0),
            connecting: Semaphore::new(MOST_CONNECTING),
        })
    }

    pub(crate) fn is_judged(&self) -> bool {
        self.is_judged
    }

    /// Does nobody judge them who are to be judged? Asked at each pick.
    pub(crate) fn lacks_judge(&self) -> bool {
        self.is_judged && !self.has_judge.load(Ordering::Relaxed)
    }

    pub(super) fn set_has_judge(&self, has_judge: bool) {
        self.has_judge.store(has_judge, Ordering::Relaxed);
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Seconds after which a node that was never measured gets a call, whatever the others cost: another time in each
    /// channel.
    pub(crate) fn first_call(&self) -> f32 {
        self.first_call
    }

    /// Stamps count from then on.
    pub(crate) fn epoch(&self) -> Instant {
        self.epoch
    }

    pub(crate) fn moment(&self, now: Instant) -> Moment {
        Moment {
            stamp: self.stamp(now),
            report_age: u32::try_from(self.tuning.report_age.as_millis()).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn stamp(&self, now: Instant) -> Stamp {
        Stamp::at(now, self.epoch)
    }

    /// Resolves at the next change after this was called, polled or not.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    pub(super) fn tell_change(&self) {
        self.changed.notify_waiters();
    }

    /// Asks that the nodes be judged.
    pub(crate) fn doubt(&self) {
        self.doubted.notify_one();
    }

    pub(super) async fn doubted(&self) {
        self.doubted.notified().await;
    }

    /// Waits for a node's turn to connect, which ends with what this gives. They come in the order in which they asked.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it; where somebody did, there would be nothing to wait for.
        self.connecting.acquire().await.ok()
    }

    pub(super) fn tell_connect_failed(&self) {
        self.failed.notify_one();
    }

    /// Resolves when a node could not be connected.
    pub(crate) async fn connect_failed(&self) {
        self.failed.notified().await;
    }

    /// What calls take.
    pub(crate) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// What the nodes together have that calls are placed on by their keys.
    pub(crate) fn keyed(&self) -> &KeyedLoad {
        &self.keyed
    }

    /// Calls have keys: the load of all nodes is kept from now on.
    pub(crate) fn keep_load(&self) {
        if self.keyed.begin() {
            self.doubt();
        }
    }

    /// A node's part of all has changed, perhaps.
    pub(super) fn recount(&self, vitals: &Vitals, now: &Moment) {
        self.keyed.recount(vitals, now, self.panics());
    }

    pub(crate) fn panics(&self) -> bool {
        self.panics.load(Ordering::Relaxed)
    }

    /// Are there too few nodes that take calls?
    pub(super) fn set_panics(&self, panics: bool) {
        self.panics.store(panics, Ordering::Relaxed);
    }

    /// This process was frozen up to now.
    pub(super) fn thaw(&self, now: Instant) {
        self.thawed_us.store(self.micros(now), Ordering::Relaxed);
    }

    /// How an attempt that began then ended `now`, as far as its node is to blame. Who had no longer than slow calls
    /// take gave up; where all are overloaded, that is most.
    pub(super) fn blamed(&self, outcome: Outcome, since: Instant, now: Instant) -> Outcome {
        let thawed = self.thawed_us.load(Ordering::Relaxed);
        let is_own = thawed > 0 && self.micros(since) <= thawed;
        let is_short =
            || now.saturating_duration_since(since).as_secs_f32() < LATE_TIMES * self.pace.slow();
        match outcome {
            Outcome::Late | Outcome::Fault if is_own => Outcome::Gone,
            Outcome::Late if is_short() => Outcome::Gone,
            _ => outcome,
        }
    }

    fn micros(&self, at: Instant) -> u64 {
        let micros = at.saturating_duration_since(self.epoch).as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    /// A call is under way: somebody is to look whether nodes hang.
    pub(super) fn watch(&self) {
        if !self.is_watched.load(Ordering::Relaxed) {
            self.is_watched.store(true, Ordering::Relaxed);
            self.doubt();
        }
    }

    /// Says whether there is something to look after, and gives it back.
    pub(super) fn watched(&self, is_watched: bool) -> bool {
        if !is_watched {
            self.is_watched.store(false, Ordering::Relaxed);
        }
        is_watched
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Calls that had hardly longer than others take say nothing of their node, and what began in a frozen process
    /// neither.
    #[tokio::test(start_paused = true)]
    async fn a_node_is_blamed_for_what_it_can_help() {
        use Outcome::{Fault, Gone, Late, Success};
        let fleet = Fleet::new(Tuning::default(), true, 7);
        let start = Instant::now();
        for _ in 0..1_000 {
            fleet.pace().measured(Duration::from_millis(100));
        }
        let at = |millis: u64| start + Duration::from_millis(millis);
        for (outcome, took, blamed) in [
            (Late, 120, Gone),
            (Late, 150, Gone),
            (Late, 300, Late),
            (Fault, 1, Fault),
        ] {
            assert_eq!(
                fleet.blamed(outcome, start, at(took)),
                blamed,
                "{outcome:?} {took}"
            );
        }
        fleet.thaw(at(500));
        for (outcome, since, blamed) in [
            (Late, 500, Gone),
            (Fault, 500, Gone),
            (Success, 500, Success),
            (Late, 501, Late),
            (Fault, 501, Fault),
        ] {
            assert_eq!(
                fleet.blamed(outcome, at(since), at(9_000)),
                blamed,
                "{outcome:?} {since}"
            );
        }
    }

    /// A new node is not the next one of all channels that know it.
    #[test]
    fn each_channel_has_its_time_for_the_first_call_to_a_node() {
        let tuning = Tuning::default();
        let mut times: Vec<f32> = (0..100)
            .map(|seed| Fleet::new(tuning, true, seed).first_call())
            .collect();
        times.sort_by(f32::total_cmp);
        assert!(times[0] >= 0.0 && times[99] <= 1.0, "{times:?}");
        assert!(
            times[9] > 0.01 && times[50] > 0.3 && times[50] < 0.7,
            "{times:?}"
        );
    }
}
