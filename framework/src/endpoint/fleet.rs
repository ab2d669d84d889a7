//! What all nodes of a channel share: their clock, how they are judged, and who is told when something has changed.
//! It refuses to know the nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::Tuning;
use super::vitals::LEAST_RTT;
use crate::rt::stamp::Stamp;

/// Shared by the nodes of one channel, and by the table of them.
#[derive(Debug)]
pub(crate) struct Fleet {
    epoch: Instant,
    pub(crate) tuning: Tuning,
    /// Is there more than one node, so that they can be compared?
    is_judged: bool,
    /// What its random choices begin with.
    seed: u64,
    /// Told at each change of the set, and of the state of a node.
    changed: Notify,
    /// Told when a node should be judged.
    doubted: Notify,
    /// Told when a node could not be connected.
    failed: Notify,
    /// More than half of the nodes are out of use: those that were ejected count as the others do.
    panics: AtomicBool,
    /// What the nodes that can be used weigh together, in percent of a normal one.
    weight: AtomicU64,
    /// Calls that are under way at all nodes together: kept, so that no pick adds them up.
    in_flight: AtomicU32,
    /// What a call takes at a node that was measured, in the bits of an f32; 0 before any was.
    typical: AtomicU32,
}

impl Fleet {
    pub(crate) fn new(tuning: Tuning, is_judged: bool, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            epoch: Instant::now(),
            tuning,
            is_judged,
            seed,
            changed: Notify::new(),
            doubted: Notify::new(),
            failed: Notify::new(),
            panics: AtomicBool::new(false),
            weight: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            typical: AtomicU32::new(0),
        })
    }

    pub(crate) fn is_judged(&self) -> bool {
        self.is_judged
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
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
    pub(super) fn doubt(&self) {
        self.doubted.notify_one();
    }

    pub(super) async fn doubted(&self) {
        self.doubted.notified().await;
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

    /// What the nodes that can be used weigh together, in percent of a normal one, and whether they are too few.
    pub(super) fn routable(&self, weight: u64, panics: bool) {
        self.weight.store(weight, Ordering::Relaxed);
        self.panics.store(panics, Ordering::Relaxed);
    }

    pub(crate) fn weight(&self) -> u64 {
        self.weight.load(Ordering::Relaxed)
    }

    /// Calls that are under way at all nodes together.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn add_in_flight(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove_in_flight(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
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
    }
}
