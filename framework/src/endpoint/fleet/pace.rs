//! What calls of a channel take, whoever answers them: what is assumed of a node that nobody has measured, and how long
//! one may owe an answer before it is doubted.
//! It refuses to know the nodes, and to doubt them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::endpoint::Tuning;
use crate::endpoint::vitals::LEAST_RTT;

/// All times in seconds, in the bits of an f32.
#[derive(Debug)]
pub(crate) struct Pace {
    tuning: Tuning,
    /// What a call takes at a node that was measured; 0 before any was.
    typical: AtomicU32,
    /// What a call takes of a server, as servers say; 0 before any said.
    service: AtomicU32,
    /// What the slowest in a hundred calls take.
    slow: AtomicU32,
}

impl Pace {
    pub(super) fn new(tuning: Tuning) -> Self {
        Self {
            tuning,
            typical: AtomicU32::new(0),
            service: AtomicU32::new(0),
            slow: AtomicU32::new(0),
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

    /// What the slowest in a hundred calls take, in seconds.
    pub(super) fn slow(&self) -> f32 {
        f32::from_bits(self.slow.load(Ordering::Relaxed))
    }

    /// The server that answered last says that a call takes so much of it.
    /// Seconds; 0 where it says nothing.
    pub(in crate::endpoint) fn said(&self, service: f32) {
        if service > 0.0 {
            let before = f32::from_bits(self.service.load(Ordering::Relaxed));
            let after = towards(before, service);
            self.service.store(after.to_bits(), Ordering::Relaxed);
        }
    }

    /// A call took so long.
    pub(in crate::endpoint) fn measured(&self, elapsed: Duration) {
        let before = f32::from_bits(self.typical.load(Ordering::Relaxed));
        let elapsed = elapsed.as_secs_f32().max(LEAST_RTT);
        let after = towards(before, elapsed);
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

    /// How long a node may owe answers before it is asked whether it hangs.
    pub(in crate::endpoint) fn patience(&self) -> Duration {
        let Tuning {
            least_patience,
            most_patience,
            ..
        } = self.tuning;
        Duration::from_secs_f32(self.slow() * 3.0).clamp(least_patience, most_patience)
    }

    /// How long it has to answer that.
    pub(in crate::endpoint) fn probe_patience(&self) -> Duration {
        let Tuning {
            least_probe,
            most_probe,
            ..
        } = self.tuning;
        Duration::from_secs_f32(self.typical_rtt() * 4.0).clamp(least_probe, most_probe)
    }
}

/// From what was `before` towards `now` in a step of an eighth, as TCP smooths its round trips (RFC 6298); at once
/// where nothing was before.
fn towards(before: f32, now: f32) -> f32 {
    if before > 0.0 {
        before + (now - before) / 8.0
    } else {
        now
    }
}
