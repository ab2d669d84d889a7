//! An attempt that is under way at a node: counted while it lives, and measured when it ends.
//! It refuses to end uncounted: dropped, it was given up.

use std::sync::Arc;

use tokio::time::Instant;

use super::Node;
use super::vitals::End;
use crate::call::body::StreamEnd;
use crate::call::outcome::Outcome;
use crate::call::{Code, Deadline, Status};
use crate::rt::stamp::Stamp;

/// Counts one attempt at a node for as long as it lives.
pub(crate) struct InFlight {
    node: Arc<Node>,
    since: Instant,
    deadline: Option<Deadline>,
    is_unary: bool,
    /// The report of the node that was the last one then.
    after: u32,
    /// When the trial began that it is a call of.
    trial: Option<Stamp>,
    is_settled: bool,
}

impl InFlight {
    pub(crate) fn begin(
        node: Arc<Node>,
        since: Instant,
        deadline: Option<Deadline>,
        is_unary: bool,
    ) -> Self {
        let after = node.vitals().add_in_flight(is_unary);
        let mut trial = None;
        // One that has no other to be compared with is on no trial, and keeps no part of a load.
        if node.is_judged() {
            if is_unary {
                node.fleet().watch();
            }
            trial = node.vitals().begin_trying();
            node.recount(since);
        }
        Self {
            node,
            since,
            deadline,
            is_unary,
            after,
            trial,
            is_settled: false,
        }
    }

    /// The attempt is over.
    pub(crate) fn settle(mut self, end: Result<(), &Status>) {
        self.settled(Outcome::of(end), false);
    }

    fn settled(&mut self, outcome: Outcome, is_stream: bool) {
        self.is_settled = true;
        let (node, fleet) = (&self.node, self.node.fleet());
        // One that has no other to be compared with needs no clock.
        if !node.is_judged() {
            return;
        }
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.since);
        let stamp = fleet.stamp(now);
        let failed = node.vitals().settle(
            End {
                outcome: fleet.blamed(outcome, self.since, now),
                elapsed: elapsed.as_secs_f32(),
                now: stamp,
                is_stream,
            },
            &fleet.tuning,
        );
        if outcome == Outcome::Success && !is_stream {
            fleet.measured(elapsed);
            fleet.said(node.vitals().reported().brief().service());
        }
        // What began before the trial is no part of it.
        let is_tried = self
            .trial
            .is_some_and(|since| node.vitals().is_trial_of(since));
        if is_tried && (failed || outcome == Outcome::Success) {
            node.tried(failed);
        }
        if is_tried || failed {
            fleet.doubt();
        }
    }
}

/// A stream is in flight until its end.
impl StreamEnd for InFlight {
    fn end(mut self: Box<Self>, code: Code, status: Option<&Status>) {
        let outcome = match status {
            Some(status) => Outcome::of(Err(status)),
            None => Outcome::of_code(code),
        };
        self.settled(outcome, true);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.is_settled {
            let is_late = self
                .deadline
                .is_some_and(|deadline| deadline.is_expired(Instant::now()));
            let outcome = if is_late {
                Outcome::Late
            } else {
                Outcome::Gone
            };
            self.settled(outcome, false);
        }
        let vitals = self.node.vitals();
        vitals.remove_in_flight(self.is_unary, self.after);
        if let Some(since) = self.trial {
            vitals.end_trying(since);
        }
        if self.node.fleet().keeps_load() {
            self.node.recount(Instant::now());
        }
    }
}
