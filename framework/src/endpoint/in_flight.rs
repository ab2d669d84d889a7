//! An attempt that is under way at a node: counted while it lives, and measured when it ends.
//! It refuses to end uncounted: dropped, it was given up.

use std::sync::Arc;

use tokio::time::Instant;

use super::vitals::End;
use super::{Node, Phase};
use crate::call::body::StreamEnd;
use crate::call::outcome::Outcome;
use crate::call::{Code, Deadline, Status};

/// Counts one attempt at a node for as long as it lives.
pub(crate) struct InFlight {
    node: Arc<Node>,
    since: Instant,
    deadline: Option<Deadline>,
    is_unary: bool,
    /// The report of the node that was the last one then.
    after: u32,
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
        if is_unary && node.is_judged() {
            node.fleet().watch();
        }
        node.recount(since);
        Self {
            node,
            since,
            deadline,
            is_unary,
            after,
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
        let (phase, since) = node.vitals().phase();
        // What began before the trial is no part of it.
        let is_tried = phase == Phase::Trial && !fleet.stamp(self.since).is_before(since);
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
        self.node
            .vitals()
            .remove_in_flight(self.is_unary, self.after);
        if self.node.fleet().keeps_load() {
            self.node.recount(Instant::now());
        }
    }
}
