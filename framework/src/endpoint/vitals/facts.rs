//! What a pick knows of a node: what was counted and measured here, and what its server said of itself, at one moment.
//! It refuses to write, and to compare nodes.

use std::sync::atomic::Ordering;

use super::{Vitals, halves};
use crate::endpoint::{Phase, Readiness};
use crate::rt::stamp::Stamp;

/// A moment, as facts are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(in crate::endpoint) stamp: Stamp,
    /// Milliseconds: what a server said longer ago says nothing any more.
    pub(in crate::endpoint) report_age: u32,
}

/// What a pick knows of a node, at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(crate) readiness: Readiness,
    pub(crate) phase: Phase,
    /// Seconds since the phase began.
    pub(crate) in_phase: f32,
    pub(crate) in_flight: u32,
    /// A call of its trial is under way.
    pub(crate) is_tried: bool,
    /// 1 is normal.
    pub(crate) weight: f32,
    /// Seconds that a call takes, if any was measured.
    pub(crate) rtt: Option<f32>,
    /// Seconds since then.
    pub(crate) rtt_age: f32,
    /// The share of calls that went well of late.
    pub(crate) success: f32,
    /// Seconds since that was known.
    pub(crate) success_age: f32,
    /// What it said of itself last.
    pub(crate) report: Option<Said>,
}

/// What a server has said of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Said {
    /// Calls that it has, of whomever, and those that were sent to it since.
    pub(crate) in_flight: u32,
    /// Seconds that one call takes of it; 0 where it is not known.
    pub(crate) service: f32,
    /// It ends.
    pub(crate) is_draining: bool,
    /// It was said a moment ago: what calls it had is of no use any more where it was not.
    pub(crate) is_fresh: bool,
}

/// What a node adds to what calls with keys are bounded by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::endpoint) struct Part {
    /// Calls.
    pub(in crate::endpoint) load: u32,
    /// 100 is normal.
    pub(in crate::endpoint) weight: u32,
}

impl Facts {
    /// Are calls placed there by their keys? `panics` says that those that were ejected count as the others do. The one
    /// call that tries a node on trial is no part of the load that is shared.
    pub(crate) fn takes_keys(&self, panics: bool) -> bool {
        let is_draining = self.report.is_some_and(|said| said.is_draining);
        let is_in_use = match self.phase {
            Phase::Warm | Phase::Ready | Phase::Suspect => true,
            Phase::Ejected | Phase::Trial => panics,
            Phase::Draining | Phase::Hung => false,
        };
        self.readiness == Readiness::Ready && !is_draining && is_in_use
    }

    /// Calls that it has, as far as is known.
    fn load(&self) -> u32 {
        let said = self.report.filter(|said| said.is_fresh);
        said.map_or(self.in_flight, |said| said.in_flight.max(self.in_flight))
    }
}

impl Vitals {
    /// What was counted and measured here.
    #[inline]
    pub(super) fn counted(&self, now: Stamp) -> Facts {
        let (phase, since) = self.phase();
        let (rtt, success) = (self.rtt.get(), self.success.get());
        Facts {
            readiness: self.readiness(),
            phase,
            in_phase: now.seconds_since(since),
            in_flight: self.in_flight(),
            is_tried: phase == Phase::Trial && self.trying.load(Ordering::Relaxed) > 0,
            weight: self.weight(),
            rtt: rtt.map(|(rtt, _)| rtt),
            rtt_age: rtt.map_or(0.0, |(_, stamp)| now.seconds_since(stamp)),
            success: success.map_or(1.0, |(share, _)| share),
            success_age: success.map_or(0.0, |(_, stamp)| now.seconds_since(stamp)),
            report: None,
        }
    }

    /// What was counted and measured here, and what it said of itself a moment ago.
    #[inline]
    pub(crate) fn facts(&self, now: &Moment) -> Facts {
        let brief = self.reported.brief();
        let age = brief.age(now.stamp);
        Facts {
            report: age.map(|age| {
                let is_fresh = age <= now.report_age;
                // Of two that end at once one may not be counted: none outlives the calls that there are.
                let sent = self.sent_since(brief.version()).min(self.in_flight());
                Said {
                    in_flight: brief.in_flight().saturating_add(sent),
                    service: brief.service(),
                    is_draining: brief.is_draining() && is_fresh,
                    is_fresh,
                }
            }),
            ..self.counted(now.stamp)
        }
    }

    /// Calls that it has, as far as is known: those of this channel, and those that it said to have.
    pub(crate) fn load(&self, now: &Moment) -> u32 {
        self.facts(now).load()
    }

    /// What it adds to the load and the weight of all.
    pub(in crate::endpoint) fn part(&self, now: &Moment, panics: bool) -> Part {
        let facts = self.facts(now);
        if !self.is_member() || !facts.takes_keys(panics) {
            return Part::default();
        }
        Part {
            load: facts.load(),
            weight: self.percent(),
        }
    }

    /// Calls sent to it that its last report, of this number, cannot have counted.
    #[inline]
    fn sent_since(&self, version: u32) -> u32 {
        let (sent, of) = halves(self.sent.load(Ordering::Relaxed));
        if of == version { sent } else { 0 }
    }
}
