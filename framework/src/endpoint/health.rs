//! When a node is taken out of use for what became of its calls, and when it comes back: a pure decision.
//! It refuses to know of connections, and to act.

use std::time::Duration;

use tokio::time::Instant;

use self::window::Window;
use super::hang::Hang;
use super::{Cause, Phase, Tuning};

#[cfg(test)]
mod tests;
mod window;

/// Failures in a row that eject a node (Envoy's consecutive_5xx, Finagle's failure accrual).
const IN_A_ROW: u32 = 5;

/// Calls of a node in the window from which on it is compared with the others (balancing-hashing-failover §4.2: less
/// than Envoy's and gRPC's 100 in ten seconds, which small services never see).
const COMPARED_CALLS: u32 = 20;
/// Nodes with so many calls that it takes to compare by deviation (Envoy, gRFC A50).
const COMPARED_NODES: usize = 5;
/// Standard deviations below the mean (Envoy and gRFC A50: stdev_factor 1900).
const DEVIATIONS: f32 = 1.9;
/// Who succeeds as often as this is no outlier, whatever the others do.
const WELL_ENOUGH: f32 = 0.9;
/// The same for few nodes: so many calls, of which so many fail, and so many times as often as elsewhere.
const FEW_CALLS: u32 = 10;
const FAILING: f32 = 0.5;
const TIMES_OTHERS: f32 = 4.0;

/// Calls of a trial that have to go well.
const TRIALS: u32 = 2;

/// The longest ejection is at most so many doublings away.
const MOST_DOUBLINGS: u32 = 16;

/// What the table remembers of a node.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) phase: Phase,
    pub(super) since: Instant,
    /// When it began to get calls, and few at first.
    warms_since: Instant,
    /// Why it is in this phase.
    pub(super) cause: Cause,
    /// Ejections that are not forgiven.
    ejections: u32,
    /// When it was last ejected or came back.
    ejection_ended: Instant,
    until: Instant,
    /// Connections that there had been to it when it entered its phase; 0 before the first.
    connections: u32,
    /// The process that was warm last, by the number of its life; 0 where none said.
    warm: u32,
    /// It warms up because its connection is another one.
    is_renewed: bool,
    /// Calls of all time that are in the window, or were.
    counted: (u32, u32),
    /// Something has failed in the window.
    has_failures: bool,
    /// Apart, as it is looked at only where there were calls.
    window: Box<Window>,
}

/// What is seen of a node when it is judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) in_a_row: u32,
    /// Calls of its trial that went well, and that failed.
    pub(super) tried: (u32, u32),
    /// Why it is to get no new calls, whatever became of those it had.
    pub(super) aside: Option<Cause>,
    pub(super) hang: Hang,
    pub(super) is_connected: bool,
    /// Connections that there were to it, of all time.
    pub(super) connections: u32,
    /// The process that has reported over the last of them, by the number of its life; 0 where none has.
    pub(super) process: u32,
}

/// How all nodes did in the window.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// The mean of the shares of success and their standard deviation, where there are enough.
    spread: Option<(f32, f32)>,
    /// The share of failures of the middle one of all nodes with a few calls.
    usual_failures: f32,
    /// Nodes that may still be ejected because others do better.
    pub(super) allowed: usize,
}

impl Comparison {
    /// `ejected` nodes of `count` are out of use already.
    pub(super) fn of<'a>(
        records: impl Iterator<Item = &'a Record>,
        count: usize,
        ejected: usize,
    ) -> Self {
        let windows: Vec<(u32, u32)> = records.map(|record| record.window.sum()).collect();
        let successes = |least: u32| {
            let many = windows
                .iter()
                .filter(move |(good, bad)| good + bad >= least);
            many.map(|&(good, bad)| ratio(good, good + bad))
        };
        let compared: Vec<f32> = successes(COMPARED_CALLS).collect();
        let mut failures: Vec<f32> = successes(FEW_CALLS).map(|success| 1.0 - success).collect();
        failures.sort_by(f32::total_cmp);
        Self {
            spread: (compared.len() >= COMPARED_NODES).then(|| spread(&compared)),
            // The lower middle: of two, the better one.
            usual_failures: failures
                .get(failures.len().saturating_sub(1) / 2)
                .copied()
                .unwrap_or_default(),
            allowed: most_ejected(count).saturating_sub(ejected),
        }
    }
}

/// At most a third may be out of use because others do better, and one of few (§4.2).
fn most_ejected(count: usize) -> usize {
    (count * 34 / 100).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn ratio(part: u32, whole: u32) -> f32 {
    part as f32 / whole.max(1) as f32
}

#[expect(clippy::cast_precision_loss, reason = "a count of nodes")]
fn spread(values: &[f32]) -> (f32, f32) {
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
    (mean, variance.sqrt())
}

impl Record {
    pub(super) fn new(now: Instant, totals: (u32, u32)) -> Self {
        Self {
            phase: Phase::Warm,
            since: now,
            warms_since: now,
            cause: Cause::Joined,
            ejections: 0,
            ejection_ended: now,
            until: now,
            connections: 0,
            warm: 0,
            is_renewed: false,
            counted: totals,
            has_failures: false,
            window: Box::new(Window::new(now)),
        }
    }

    /// Takes what was counted since the last time.
    pub(super) fn count(&mut self, totals: (u32, u32), now: Instant, bucket: Duration) {
        let (good, bad) = std::mem::replace(&mut self.counted, totals);
        let calls = (totals.0.wrapping_sub(good), totals.1.wrapping_sub(bad));
        self.window.count(calls, now, bucket);
        self.has_failures = self.window.sum().1 > 0;
    }

    /// Has anything failed in the window, as of the last count?
    pub(super) fn has_failures(&self) -> bool {
        self.has_failures
    }

    /// Can nothing become of it now, where it has had `totals` calls of all time, and there is nothing else to see?
    pub(super) fn rests(&self, totals: (u32, u32), now: Instant, tuning: &Tuning) -> bool {
        matches!(self.phase, Phase::Warm | Phase::Ready)
            && !self.has_failures
            && self.counted == totals
            && self.next(tuning).is_none_or(|next| next > now)
    }

    /// Forgets what was counted up to now.
    pub(super) fn forget(&mut self, totals: (u32, u32)) {
        self.counted = totals;
        self.clear();
    }

    fn clear(&mut self) {
        self.window.clear();
        self.has_failures = false;
    }

    /// What it becomes, and why.
    pub(super) fn judge(
        &self,
        seen: Seen,
        others: &Comparison,
        now: Instant,
        tuning: &Tuning,
    ) -> Option<(Phase, Cause)> {
        if let Some(cause) = seen.aside {
            let is_new = self.phase != Phase::Draining || self.cause != cause;
            return is_new.then_some((Phase::Draining, cause));
        }
        match self.phase {
            Phase::Draining => Some((Phase::Warm, Cause::Back)),
            Phase::Hung if !seen.is_connected => Some((Phase::Warm, Cause::Disconnected)),
            Phase::Hung => (seen.hang == Hang::No).then_some((Phase::Warm, Cause::Answered)),
            Phase::Suspect => match seen.hang {
                Hang::Asked | Hang::Unknown => None,
                Hang::Yes => Some((Phase::Hung, Cause::Unanswered)),
                // To be doubted is no short cut past the others that warm up.
                Hang::No if !self.is_warm(now, tuning) => Some((Phase::Warm, Cause::Answered)),
                Hang::No => Some((Phase::Ready, Cause::Answered)),
            },
            Phase::Warm | Phase::Ready => {
                // It may be another process: nothing that it needs is in its memory yet.
                let is_known = seen.process > 0 && seen.process == self.warm;
                if self.connections > 0 && self.has_come_back(seen) && !is_known {
                    return Some((Phase::Warm, Cause::Back));
                }
                if seen.hang != Hang::No {
                    return Some((Phase::Suspect, Cause::Silent));
                }
                // Where all are overloaded all fail: to take one after the other out of use makes that worse.
                if others.allowed > 0 && seen.in_a_row >= IN_A_ROW {
                    return Some((Phase::Ejected, Cause::FailuresInARow));
                }
                if others.allowed > 0 && self.is_outlier(others) {
                    return Some((Phase::Ejected, Cause::Outlier));
                }
                if self.phase == Phase::Ready {
                    None
                } else if self.is_renewed && is_known {
                    Some((Phase::Ready, Cause::SameProcess))
                } else {
                    let is_warm = self.is_warm(now, tuning);
                    is_warm.then_some((Phase::Ready, Cause::WarmedUp))
                }
            }
            // What failed was the connection, perhaps: that there is a new one is tried at once.
            Phase::Ejected if self.cause == Cause::FailuresInARow && self.has_come_back(seen) => {
                Some((Phase::Trial, Cause::Back))
            }
            Phase::Ejected => (now >= self.until).then_some((Phase::Trial, Cause::EjectionOver)),
            Phase::Trial => match seen.tried {
                (_, 1..) => Some((Phase::Ejected, Cause::TrialFailed)),
                (TRIALS.., _) => Some((Phase::Warm, Cause::TrialPassed)),
                _ => None,
            },
        }
    }

    /// Is there another connection to it than there was?
    fn has_come_back(&self, seen: Seen) -> bool {
        seen.is_connected && seen.connections != self.connections
    }

    /// It is in its phase since there were so many connections. A doubt is none that begins with one.
    pub(super) fn entered_over(&mut self, connections: u32, before: Phase) {
        if before != Phase::Suspect {
            self.connections = connections;
        }
    }

    /// There were so many connections when it was seen first.
    pub(super) fn begins_with(&mut self, connections: u32) {
        if self.connections == 0 {
            self.connections = connections;
        }
    }

    /// Remembers who is warm, and over which connection.
    pub(super) fn note(&mut self, seen: Seen) {
        if self.phase == Phase::Ready && seen.process > 0 {
            self.warm = seen.process;
            self.connections = seen.connections;
        }
    }

    fn is_warm(&self, now: Instant, tuning: &Tuning) -> bool {
        now.saturating_duration_since(self.warms_since) >= tuning.warm_up
    }

    fn is_outlier(&self, others: &Comparison) -> bool {
        let (good, bad) = self.window.sum();
        let calls = good + bad;
        let success = ratio(good, calls);
        let deviates = others.spread.is_some_and(|(mean, deviation)| {
            calls >= COMPARED_CALLS
                && success < WELL_ENOUGH
                && success < mean - DEVIATIONS * deviation
        });
        let failing = 1.0 - success;
        let fails = calls >= FEW_CALLS
            && failing >= FAILING
            && failing >= TIMES_OTHERS * others.usual_failures;
        deviates || fails
    }

    /// `jitter` is between 0 and 1.
    pub(super) fn enter(
        &mut self,
        phase: Phase,
        cause: Cause,
        now: Instant,
        tuning: &Tuning,
        jitter: f32,
    ) {
        if phase == Phase::Ejected {
            let clean = now.saturating_duration_since(self.ejection_ended);
            let forgiven = clean.as_secs_f32() / tuning.forgiving.as_secs_f32();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small count, and more than there are forgives all"
            )]
            let forgiven = forgiven as u32;
            self.ejections = self.ejections.saturating_sub(forgiven);
            let doublings = self.ejections.min(MOST_DOUBLINGS);
            let longest = tuning.longest_ejection;
            let ejection = tuning.ejection.saturating_mul(1 << doublings).min(longest);
            // Half of it at least, so that all clients do not come back at once.
            self.until = now + ejection.mul_f32(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
            self.ejections += 1;
        }
        if self.phase == Phase::Trial && phase == Phase::Warm {
            self.ejection_ended = now;
        }
        // A warm-up goes on where a doubt has interrupted it.
        let goes_on = self.phase == Phase::Suspect && phase == Phase::Warm;
        if matches!(phase, Phase::Ejected | Phase::Warm) && !goes_on {
            self.clear();
        }
        if phase == Phase::Warm && !goes_on {
            self.warms_since = now;
            self.is_renewed = cause == Cause::Back && self.phase != Phase::Draining;
        }
        self.phase = phase;
        self.since = if goes_on { self.warms_since } else { now };
        self.cause = cause;
    }

    /// When time alone may change it next.
    pub(super) fn next(&self, tuning: &Tuning) -> Option<Instant> {
        match self.phase {
            Phase::Warm => Some(self.since + tuning.warm_up),
            Phase::Ejected => Some(self.until),
            _ => None,
        }
    }
}
