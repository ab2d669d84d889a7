//! What is counted and measured of a node: one cache line of atomics, written as calls end and as the table judges.
//! It refuses to say what follows from it (`facts`), and to compare nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

pub(super) use self::facts::Part;
#[cfg(test)]
pub(crate) use self::facts::Said;
pub(crate) use self::facts::{Facts, Moment};
use super::{Phase, Readiness, Tuning};
use crate::call::outcome::Outcome;
use crate::rt::decay::decayed;
use crate::rt::stamp::{Stamp, Stamped};
use crate::transport::reported::{Reported, low};

mod facts;
#[cfg(test)]
mod tests;

/// The weight of a node that nobody has given another one.
pub(crate) const NORMAL_WEIGHT: u32 = 100;

/// What is known of one node. A pick reads the first cache line, so that the order of fields counts.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Vitals {
    readiness: AtomicU8,
    /// 100 is normal.
    weight: AtomicU32,
    in_flight: AtomicU32,
    failures_in_a_row: AtomicU32,
    /// The phase, and since when.
    phase: AtomicU64,
    /// Seconds that a call takes: jumps up to what was measured, decays down to it.
    rtt: Stamped,
    /// The share of calls that went well of late; nothing yet is all.
    success: Stamped,
    /// Calls sent since a report that are under way, and the number of that report, in the lower half: they are not in
    /// it.
    sent: AtomicU64,
    /// What it says of itself.
    reported: Arc<Reported>,
    /// Unary calls that are under way.
    waiting: AtomicU32,
    /// Calls that it answered, and not well, of all time. They wrap.
    refused: AtomicU32,
    /// Calls that went well, and that failed, of all time. They wrap.
    good: AtomicU32,
    bad: AtomicU32,
    /// Calls of its trial that are under way.
    trying: AtomicU32,
    /// Its part of the weight of all nodes and of their load.
    part: AtomicU64,
    /// It is one of the nodes of the channel, and not only kept by calls that are under way.
    is_member: AtomicBool,
    /// It is to be judged for something else than its calls.
    is_stirred: AtomicBool,
}

/// No estimate of success is below this: a node that has failed long is to be forgiven some day.
const LEAST_SUCCESS: f32 = 0.001;

impl Vitals {
    pub(crate) fn new(weight: u32, now: Stamp, reported: Arc<Reported>) -> Self {
        let vitals = Self {
            readiness: AtomicU8::new(Readiness::Pending as u8),
            weight: AtomicU32::new(weight),
            in_flight: AtomicU32::new(0),
            failures_in_a_row: AtomicU32::new(0),
            phase: AtomicU64::new(0),
            rtt: Stamped::default(),
            success: Stamped::default(),
            good: AtomicU32::new(0),
            bad: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            sent: AtomicU64::new(0),
            trying: AtomicU32::new(0),
            part: AtomicU64::new(0),
            is_member: AtomicBool::new(false),
            is_stirred: AtomicBool::new(false),
            reported,
        };
        vitals.enter(Phase::Warm, now);
        vitals
    }

    /// Its part of all was this; now it is `part`.
    pub(super) fn takes_part(&self, part: Part) -> Part {
        let bits = u64::from(part.weight) << 32 | u64::from(part.load);
        // Of thousands most have what they had: reading that is not writing it.
        if self.part.load(Ordering::Relaxed) == bits {
            return part;
        }
        // Whoever takes it after one that has left sees that it has.
        let (weight, load) = halves(self.part.swap(bits, Ordering::AcqRel));
        Part { load, weight }
    }

    pub(super) fn is_member(&self) -> bool {
        self.is_member.load(Ordering::Acquire)
    }

    /// Whoever says that it is none any more takes its part away.
    pub(super) fn set_member(&self, is_member: bool) {
        self.is_member.store(is_member, Ordering::Release);
    }

    /// Reads a little of it, so that it is near.
    pub(super) fn touch(&self) -> usize {
        usize::from(self.readiness.load(Ordering::Relaxed))
            + usize::from(self.is_stirred.load(Ordering::Relaxed))
    }

    /// It is to be judged for something else than its calls.
    pub(super) fn stir(&self) {
        self.is_stirred.store(true, Ordering::Release);
    }

    /// Was that said since this was last asked?
    pub(super) fn was_stirred(&self) -> bool {
        self.is_stirred.load(Ordering::Relaxed) && self.is_stirred.swap(false, Ordering::Acquire)
    }

    pub(crate) fn reported(&self) -> &Arc<Reported> {
        &self.reported
    }

    pub(crate) fn readiness(&self) -> Readiness {
        Readiness::of(self.readiness.load(Ordering::Acquire))
    }

    pub(super) fn set_readiness(&self, readiness: Readiness) {
        self.readiness.store(readiness as u8, Ordering::Release);
    }

    pub(crate) fn phase(&self) -> (Phase, Stamp) {
        let bits = self.phase.load(Ordering::Relaxed);
        let (phase, since) = halves(bits);
        (Phase::of(phase), Stamp::from_bits(since))
    }

    /// Only the table says this.
    pub(crate) fn enter(&self, phase: Phase, now: Stamp) {
        if phase == Phase::Trial {
            self.trying.store(0, Ordering::Relaxed);
        }
        let bits = (phase as u64) << 32 | u64::from(now.bits());
        self.phase.store(bits, Ordering::Relaxed);
    }

    /// A call begins: says of which trial it is one, if it is. Those that were under way before are none: a stream may
    /// be so for hours.
    pub(super) fn begin_trying(&self) -> Option<Stamp> {
        let (phase, since) = self.phase();
        if phase != Phase::Trial {
            return None;
        }
        self.trying.fetch_add(1, Ordering::Relaxed);
        Some(since)
    }

    /// Is it on the trial that began then?
    pub(super) fn is_trial_of(&self, since: Stamp) -> bool {
        self.phase() == (Phase::Trial, since)
    }

    /// A call of that trial has ended, however.
    pub(super) fn end_trying(&self, since: Stamp) {
        if self.is_trial_of(since) {
            let less = |trying: u32| trying.checked_sub(1);
            let _ = (self.trying).fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }

    pub(crate) fn weight(&self) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
        let weight = self.percent() as f32;
        weight * 0.01
    }

    /// The weight: 100 is normal.
    pub(crate) fn percent(&self) -> u32 {
        self.weight.load(Ordering::Relaxed)
    }

    pub(super) fn set_weight(&self, weight: u32) {
        self.weight.store(weight, Ordering::Relaxed);
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Unary calls that are under way there.
    pub(super) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Calls that it answered, of all time; they wrap.
    pub(super) fn answered(&self) -> u32 {
        // Most are good, and counted once.
        let good = self.good.load(Ordering::Relaxed);
        good.wrapping_add(self.refused.load(Ordering::Relaxed))
    }

    /// Counts a call, and says after which report it was sent: [`Vitals::remove_in_flight`] wants to know.
    pub(super) fn add_in_flight(&self, is_unary: bool) -> u32 {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        if is_unary {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
        let version = low(self.reported.version());
        if version == 0 {
            return 0;
        }
        let (sent, of) = halves(self.sent.load(Ordering::Relaxed));
        // Of two that send at once one may be forgotten, until the next report.
        let sent = if of == version {
            sent.saturating_add(1)
        } else {
            1
        };
        self.set_sent(sent, version);
        version
    }

    fn set_sent(&self, sent: u32, version: u32) {
        let bits = u64::from(sent) << 32 | u64::from(version);
        self.sent.store(bits, Ordering::Relaxed);
    }

    /// A call that was sent after the report `version` is over.
    pub(super) fn remove_in_flight(&self, is_unary: bool, version: u32) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        if is_unary {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        // What came and went between two reports is no load.
        let (sent, of) = halves(self.sent.load(Ordering::Relaxed));
        if of == version && version != 0 {
            self.set_sent(sent.saturating_sub(1), version);
        }
    }

    pub(crate) fn failures_in_a_row(&self) -> u32 {
        self.failures_in_a_row.load(Ordering::Relaxed)
    }

    /// What came before is no reason to judge it any more.
    pub(super) fn forgive(&self) {
        self.failures_in_a_row.store(0, Ordering::Relaxed);
        self.success.clear();
    }

    /// What calls took there says nothing of what they will take.
    pub(super) fn forget_times(&self) {
        self.rtt.clear();
    }

    /// Calls that went well, and that failed, of all time; they wrap.
    pub(crate) fn totals(&self) -> (u32, u32) {
        (
            self.good.load(Ordering::Relaxed),
            self.bad.load(Ordering::Relaxed),
        )
    }

    /// An attempt is over. Says whether it failed.
    pub(super) fn settle(&self, end: End, tuning: &Tuning) -> bool {
        match end.outcome {
            Outcome::Success => {
                if end.is_timed {
                    self.measured(end.elapsed, end.now, tuning);
                }
                self.went(1.0, end.now, tuning);
                self.failures_in_a_row.store(0, Ordering::Relaxed);
                self.good.fetch_add(1, Ordering::Relaxed);
                false
            }
            // It is loaded, not broken; but whoever answers so fast must not look idle.
            Outcome::Rejected => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                self.went(0.0, end.now, tuning);
                false
            }
            Outcome::Late if end.elapsed < tuning.shortest_late.as_secs_f32() => false,
            Outcome::Fault | Outcome::Late => {
                if end.outcome == Outcome::Fault {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                self.took_at_least(end, tuning);
                self.went(0.0, end.now, tuning);
                self.failures_in_a_row.fetch_add(1, Ordering::Relaxed);
                self.bad.fetch_add(1, Ordering::Relaxed);
                true
            }
            Outcome::Gone => {
                self.took_at_least(end, tuning);
                false
            }
            Outcome::Unsent => false,
        }
    }

    /// A call that brought nothing would have taken longer, so what it took can only raise the estimate: who fails at
    /// once is not fast.
    fn took_at_least(&self, end: End, tuning: &Tuning) {
        if end.is_timed && self.rtt.get().is_some_and(|(rtt, _)| end.elapsed > rtt) {
            self.measured(end.elapsed, end.now, tuning);
        }
    }

    /// Peak EWMA: up at once, down by and by (Finagle's and tower's).
    fn measured(&self, seconds: f32, now: Stamp, tuning: &Tuning) {
        let seconds = seconds.max(LEAST_RTT);
        let next = match self.rtt.get() {
            Some((rtt, stamp)) if seconds < rtt => {
                let age = now.seconds_since(stamp);
                seconds + (rtt - seconds) * decayed(age / tuning.rtt_decay.as_secs_f32())
            }
            _ => seconds,
        };
        self.rtt.set(next, now);
    }

    fn went(&self, well: f32, now: Stamp, tuning: &Tuning) {
        let (before, stamp) = match self.success.get() {
            Some(success) => success,
            // Nothing to remember of a node that never failed.
            None if well > 0.0 => return,
            None => (1.0, now),
        };
        let decay = tuning.success_decay.as_secs_f32();
        let before = 1.0 - (1.0 - before) * decayed(now.seconds_since(stamp) / decay);
        let share = if well > 0.0 { GOOD_SHARE } else { BAD_SHARE };
        let after = before + (well - before) * share;
        if after > FORGOTTEN {
            self.success.clear();
        } else {
            self.success.set(after.max(LEAST_SUCCESS), now);
        }
    }
}

/// Seconds that a call takes at least: less is noise, and who was measured must not look infinitely better than who was
/// not.
pub(crate) const LEAST_RTT: f32 = 1e-5;

/// What one call that went well counts.
const GOOD_SHARE: f32 = 0.02;

/// What one that failed counts: each doubles what its node is taken to be worth less, so that the next one is likely to
/// go elsewhere, and one of a few times 10 s later comes back.
const BAD_SHARE: f32 = 0.5;

/// A share of successes above this is taken for all.
const FORGOTTEN: f32 = 0.999;

#[expect(
    clippy::cast_possible_truncation,
    reason = "the two halves of the word"
)]
fn halves(bits: u64) -> (u32, u32) {
    ((bits >> 32) as u32, bits as u32)
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    /// Seconds.
    pub(super) elapsed: f32,
    pub(super) now: Stamp,
    /// What it took says what calls take there.
    pub(super) is_timed: bool,
}
