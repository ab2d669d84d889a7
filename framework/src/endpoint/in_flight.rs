//! An attempt that is under way at a node: counted while it lives, and measured when it ends.
//! It refuses to end uncounted: dropped, it was given up.

use std::sync::Arc;

use tokio::time::Instant;

use super::vitals::End;
use super::{Node, Phase};
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

    /// Has it waited for a node that hung to come back? What that took says nothing of the node as it is now.
    fn has_met_a_hang(&self, began: Stamp) -> bool {
        let (phase, since) = self.node.vitals().phase();
        phase == Phase::Hung || (phase == Phase::Warm && since.millis_since(began) > 0)
    }

    /// The attempt is over.
    pub(crate) fn settle(mut self, end: Result<(), &Status>) {
        // One whose answer is not read to its end took longer.
        let is_whole = !end.is_err_and(Status::is_of_message);
        self.settled(Outcome::of(end), is_whole);
    }

    /// `is_whole`: what it took is what a call takes.
    fn settled(&mut self, outcome: Outcome, is_whole: bool) {
        self.is_settled = true;
        let (node, fleet) = (&self.node, self.node.fleet());
        // One that has no other to be compared with needs no clock.
        if !node.is_judged() {
            return;
        }
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.since);
        let stamp = fleet.stamp(now);
        let is_timed = is_whole && !self.has_met_a_hang(fleet.stamp(self.since));
        let failed = node.vitals().settle(
            End {
                outcome: fleet.blamed(outcome, self.since, now),
                elapsed: elapsed.as_secs_f32(),
                now: stamp,
                is_timed,
            },
            &fleet.tuning,
        );
        if outcome == Outcome::Success && is_timed {
            fleet.pace().measured(elapsed);
            fleet
                .pace()
                .said(node.vitals().reported().brief().service());
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

/// A stream is in flight until its end. How long it takes says nothing of its server.
impl StreamEnd for InFlight {
    fn end(mut self: Box<Self>, code: Code, status: Option<&Status>) {
        let outcome = match status {
            Some(status) => Outcome::of(Err(status)),
            None => Outcome::of_code(code),
        };
        self.settled(outcome, false);
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
            self.settled(outcome, self.is_unary);
        }
        let vitals = self.node.vitals();
        vitals.remove_in_flight(self.is_unary, self.after);
        if let Some(since) = self.trial {
            vitals.end_trying(since);
        }
        if self.node.fleet().keyed().is_kept() {
            self.node.recount(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::super::{Cause, Fleet, Tuning};
    use super::*;
    use crate::transport::Link;
    use crate::transport::scripted::Scripted;

    /// A stream that is given up after an hour has not waited for an hour.
    #[tokio::test(start_paused = true)]
    async fn only_calls_with_one_answer_say_what_an_answer_takes() {
        let too_large = Status::resource_exhausted("over its own limit").of_message();
        for (is_unary, end, is_dear) in [
            (true, None, true),
            (false, None, false),
            (true, Some(too_large), false),
        ] {
            let fleet = Fleet::new(Tuning::default(), true, 7);
            let node = Arc::new(Node::fixed("a", Link::Scripted(Scripted::Hangs), &fleet));
            let begin =
                |is_unary| InFlight::begin(Arc::clone(&node), Instant::now(), None, is_unary);
            let first = begin(true);
            sleep(Duration::from_millis(5)).await;
            first.settle(Ok(()));
            let call = begin(is_unary);
            sleep(Duration::from_secs(60)).await;
            match &end {
                Some(status) => call.settle(Err(status)),
                None => drop(call),
            }
            let rtt = node.vitals().facts(&fleet.moment(Instant::now())).rtt;
            let is_known = rtt.is_some_and(|rtt| (rtt > 1.0) == is_dear);
            assert!(is_known, "{is_unary} {end:?}: {rtt:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_waited_for_a_node_that_hung_makes_it_no_dearer_when_it_is_back() {
        let fleet = Fleet::new(Tuning::default(), true, 7);
        let link = Link::Scripted(Scripted::Hangs);
        let node = Arc::new(Node::fixed("a", link, &fleet));
        let begin = || InFlight::begin(Arc::clone(&node), Instant::now(), None, true);
        let enter = |phase, cause| node.enter(phase, cause, fleet.stamp(Instant::now()));
        let rtt = || node.vitals().facts(&fleet.moment(Instant::now())).rtt;
        let [given_up, early, late] = [begin(), begin(), begin()];
        sleep(Duration::from_secs(1)).await;
        enter(Phase::Hung, Cause::Unanswered);
        drop(given_up);
        sleep(Duration::from_secs(1)).await;
        // Some are answered before anybody has noticed that it answers.
        early.settle(Ok(()));
        enter(Phase::Warm, Cause::Answered);
        late.settle(Ok(()));
        assert_eq!(rtt(), None);
        let next = begin();
        sleep(Duration::from_millis(5)).await;
        next.settle(Ok(()));
        assert!(rtt().is_some_and(|rtt| rtt < 0.006), "{:?}", rtt());
    }
}
