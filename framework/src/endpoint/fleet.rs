//! What all nodes of a channel share: their clock, how they are judged, and who is told when something has changed.
//! It refuses to know the nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::vitals::{LEAST_RTT, Part};
use super::{Moment, Tuning, Vitals};
use crate::call::outcome::Outcome;
use crate::rt::stamp::Stamp;

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
    /// What those nodes weigh together that calls are placed on by their keys, in percent of a normal one, and the
    /// calls that they have: kept as nodes, reports and calls come and go, so that no pick adds them up; only where
    /// calls have keys.
    weight: AtomicI64,
    load: AtomicI64,
    keeps_load: AtomicBool,
    /// What a call takes at a node that was measured, in the bits of an f32; 0 before any was.
    typical: AtomicU32,
    /// What a call takes of a server, as servers say, in the bits of an f32; 0 before any said.
    service: AtomicU32,
    /// What the slowest in a hundred calls take, in the bits of an f32.
    slow: AtomicU32,
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
            weight: AtomicI64::new(0),
            load: AtomicI64::new(0),
            keeps_load: AtomicBool::new(false),
            typical: AtomicU32::new(0),
            service: AtomicU32::new(0),
            slow: AtomicU32::new(0),
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

    pub(crate) fn panics(&self) -> bool {
        self.panics.load(Ordering::Relaxed)
    }

    /// Are there too few nodes that take calls?
    pub(super) fn set_panics(&self, panics: bool) {
        self.panics.store(panics, Ordering::Relaxed);
    }

    /// What those nodes weigh together that calls are placed on by their keys, in percent of a normal one.
    pub(crate) fn weight(&self) -> u64 {
        u64::try_from(self.weight.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Calls have keys: the load of all nodes is kept from now on.
    pub(crate) fn keep_load(&self) {
        if !self.keeps_load() {
            self.keeps_load.store(true, Ordering::Relaxed);
            self.doubt();
        }
    }

    pub(super) fn keeps_load(&self) -> bool {
        self.keeps_load.load(Ordering::Relaxed)
    }

    /// Calls that the same nodes have, as far as is known.
    pub(crate) fn load(&self) -> u64 {
        u64::try_from(self.load.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// A node's part of all has changed, perhaps.
    pub(super) fn recount(&self, vitals: &Vitals, now: &Moment) {
        self.takes_part(vitals, vitals.part(now, self.panics()));
        // It may have left after it was asked.
        if !vitals.is_member() {
            self.takes_part(vitals, Part::default());
        }
    }

    /// A node is none of the channel any more.
    pub(super) fn leaves(&self, vitals: &Vitals) {
        vitals.set_member(false);
        self.takes_part(vitals, Part::default());
    }

    fn takes_part(&self, vitals: &Vitals, part: Part) {
        let before = vitals.takes_part(part);
        for (sum, before, after) in [
            (&self.load, before.load, part.load),
            (&self.weight, before.weight, part.weight),
        ] {
            if before != after {
                sum.fetch_add(i64::from(after) - i64::from(before), Ordering::Relaxed);
            }
        }
    }

    /// Seconds that are assumed of a node nobody has measured: what others take.
    pub(crate) fn typical_rtt(&self) -> f32 {
        let typical = f32::from_bits(self.typical.load(Ordering::Relaxed));
        if typical > 0.0 {
            typical
        } else {
            self.tuning.unknown_rtt.as_secs_f32()
        }
    }

    /// Seconds that a call takes of a server, as servers say; what calls take, before any said.
    pub(crate) fn typical_service(&self) -> f32 {
        let service = f32::from_bits(self.service.load(Ordering::Relaxed));
        if service > 0.0 {
            service
        } else {
            self.typical_rtt()
        }
    }

    /// The server that answered last says that a call takes so much of it.
    /// Seconds; 0 where it says nothing.
    pub(super) fn said(&self, service: f32) {
        let before = f32::from_bits(self.service.load(Ordering::Relaxed));
        if service > 0.0 {
            let after = if before > 0.0 {
                before + (service - before) / 8.0
            } else {
                service
            };
            self.service.store(after.to_bits(), Ordering::Relaxed);
        }
    }

    /// A call took so long: towards it in steps of an eighth, as TCP smooths its round trips (RFC 6298).
    pub(super) fn measured(&self, elapsed: Duration) {
        let before = f32::from_bits(self.typical.load(Ordering::Relaxed));
        let elapsed = elapsed.as_secs_f32().max(LEAST_RTT);
        let after = if before > 0.0 {
            before + (elapsed - before) / 8.0
        } else {
            elapsed
        };
        self.typical.store(after.to_bits(), Ordering::Relaxed);
        // A quantile in steps: 99 small ones down weigh as much as one up (Ma, Muthukrishnan, Sandler, "Frugal
        // streaming", 2013).
        let slow = self.slow().max(LEAST_RTT);
        let slow = if elapsed > slow {
            slow * 1.104
        } else {
            slow * 0.999
        };
        self.slow.store(slow.to_bits(), Ordering::Relaxed);
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
            || now.saturating_duration_since(since).as_secs_f32() < LATE_TIMES * self.slow();
        match outcome {
            Outcome::Late | Outcome::Fault if is_own => Outcome::Gone,
            Outcome::Late if is_short() => Outcome::Gone,
            _ => outcome,
        }
    }

    /// What the slowest in a hundred calls take, in seconds.
    fn slow(&self) -> f32 {
        f32::from_bits(self.slow.load(Ordering::Relaxed))
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

    /// How long a node may owe answers before it is asked whether it hangs.
    pub(super) fn patience(&self) -> Duration {
        let Tuning {
            least_patience,
            most_patience,
            ..
        } = self.tuning;
        Duration::from_secs_f32(self.slow() * 3.0).clamp(least_patience, most_patience)
    }

    /// How long it has to answer that.
    pub(super) fn probe_patience(&self) -> Duration {
        let Tuning {
            least_probe,
            most_probe,
            ..
        } = self.tuning;
        Duration::from_secs_f32(self.typical_rtt() * 4.0).clamp(least_probe, most_probe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls that had hardly longer than others take say nothing of their node, and what began in a frozen process
    /// neither.
    #[tokio::test(start_paused = true)]
    async fn a_node_is_blamed_for_what_it_can_help() {
        use Outcome::{Fault, Gone, Late, Success};
        let fleet = Fleet::new(Tuning::default(), true, 7);
        let start = Instant::now();
        for _ in 0..1_000 {
            fleet.measured(Duration::from_millis(100));
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
