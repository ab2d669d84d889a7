//! Whether a node hangs: it has calls, answers none of them for far longer than calls take, and does not answer a
//! question either, on the same connection.
//! It refuses to doubt servers of others: they have no answer to the question, and punish those who ask.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};

use super::Node;
use crate::rt::task::{self, Task};
use crate::transport::{Link, NoSlot, NotProbed};

/// What a node was asked, and what it said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hang {
    /// Nothing speaks for it.
    #[default]
    No,
    /// It was asked a moment ago.
    Asked,
    /// It has not answered in time.
    Yes,
    /// It could not be asked, or has not answered for so long that the question is forgotten: it is asked again.
    Unknown,
}

/// The watch over one node.
#[derive(Debug)]
pub(super) struct Watch {
    /// Answers of all time when it was looked at last; they wrap.
    answered: u32,
    /// Calls that were under way then.
    waiting: u32,
    /// A call was begun since that was last asked.
    has_begun: bool,
    /// Since when there was no answer, or nothing to be answered.
    since: Instant,
    /// When it was last seen to have answered a call.
    answered_at: Option<Instant>,
    asked_at: Instant,
    hang: Hang,
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            answered: 0,
            waiting: 0,
            has_begun: false,
            since: now,
            answered_at: None,
            asked_at: now,
            hang: Hang::No,
        }
    }

    pub(super) fn hang(&self) -> Hang {
        self.hang
    }

    /// Is there nothing to be seen of it, where so many calls are under way, and so many were answered of all time?
    pub(super) fn rests(&self, waiting: u32, answered: u32) -> bool {
        waiting == 0 && answered == self.answered && self.hang == Hang::No
    }

    /// Is it to be asked? `waiting` calls are under way there, and so many were `answered` of all time; `patience` is
    /// what calls may take without a doubt.
    pub(super) fn doubts(
        &mut self,
        waiting: u32,
        answered: u32,
        is_ours: bool,
        now: Instant,
        patience: Duration,
    ) -> bool {
        let answers = answered.wrapping_sub(self.answered);
        let has_answered = answers > 0;
        self.has_begun |= waiting.saturating_add(answers) > self.waiting;
        (self.answered, self.waiting) = (answered, waiting);
        if has_answered {
            self.answered_at = Some(now);
        }
        if has_answered && self.hang == Hang::Unknown {
            self.hang = Hang::No;
        }
        // One that could not be asked is asked again, whatever became of its calls.
        if has_answered || (waiting == 0 && self.hang == Hang::No) {
            self.since = now;
        }
        is_ours && self.may_be_asked() && now.saturating_duration_since(self.since) >= patience
    }

    /// Is no question under way, and none answered by a silence?
    fn may_be_asked(&self) -> bool {
        matches!(self.hang, Hang::No | Hang::Unknown)
    }

    /// Since when there was no answer, or nothing to be answered.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// When it was last seen to have answered a call, if ever.
    pub(super) fn answered_at(&self) -> Option<Instant> {
        self.answered_at
    }

    pub(super) fn asked(&mut self, now: Instant) {
        self.hang = Hang::Asked;
        self.asked_at = now;
    }

    /// When it was last asked.
    pub(super) fn asked_at(&self) -> Instant {
        self.asked_at
    }

    pub(super) fn probed(&mut self, hang: Hang, now: Instant) {
        self.hang = hang;
        // It is alive and takes long: it is asked again, but not at once.
        self.since = now;
    }

    /// Was a call begun since this was last asked? Those that were given up meanwhile are not seen.
    pub(super) fn took_calls(&mut self) -> bool {
        std::mem::take(&mut self.has_begun)
    }

    /// Up to then there was nothing to be seen of it.
    pub(super) fn rested(&mut self, until: Instant) {
        self.waiting = 0;
        self.forgive(until);
    }

    /// Up to now there was nothing to be answered, or it is no fault of its own that nothing was.
    pub(super) fn forgive(&mut self, now: Instant) {
        self.since = now;
    }
}

/// The questions that are under way.
#[derive(Default)]
pub(super) struct Probes {
    asked: JoinSet<()>,
    known: Arc<Known>,
    refreshing: Option<Refreshing>,
}

/// What is known and was not taken yet: of each question at most that it was not answered in time, and how it ended.
#[derive(Default)]
struct Known {
    of: Mutex<VecDeque<(Arc<Node>, Hang)>>,
    more: Notify,
}

/// Ends when it is dropped.
struct Refreshing(JoinHandle<()>);

impl Drop for Refreshing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Probes {
    /// Asks a node; [`Probes::next`] says whether it answered within `patience`, and, if not, when it did later.
    pub(super) fn ask(&mut self, node: &Arc<Node>, link: Link, patience: Duration) {
        let node = Arc::clone(node);
        let known = Arc::clone(&self.known);
        let asking: Task = Box::pin(async move {
            let mut answering = pin!(link.probe());
            let mut answered = timeout(patience, answering.as_mut()).await;
            if answered.is_err() {
                known.tell(&node, Hang::Yes);
                answered = timeout(node.fleet().tuning.latest_answer, answering).await;
            }
            known.tell(&node, what_follows(answered.ok()));
        });
        // Those that are over are forgotten here.
        while self.asked.try_join_next().is_some() {}
        self.asked.spawn(asking);
    }

    /// Asks a node how busy it is. What it says is where all reports are; that it says nothing says nothing.
    pub(super) fn refresh(&mut self, link: Link, patience: Duration) {
        // One at a time: a node that answers late must not gather questions.
        self.refreshing = Some(Refreshing(task::spawn(Box::pin(async move {
            let _ = timeout(patience, link.probe()).await;
        }))));
    }

    /// Is such a question under way?
    pub(super) fn is_refreshing(&self) -> bool {
        let refreshing = self.refreshing.as_ref();
        refreshing.is_some_and(|refreshing| !refreshing.0.is_finished())
    }

    /// The next thing that is known. Pending while nobody was asked.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn next(&mut self) -> (Arc<Node>, Hang) {
        loop {
            if let Some(known) = self.known.take() {
                return known;
            }
            self.known.more.notified().await;
        }
    }
}

/// What is known of a node that has answered so, or not at all.
fn what_follows(answer: Option<Result<(), NotProbed>>) -> Hang {
    match answer {
        None | Some(Err(NotProbed::NoSlot(NoSlot::Busy | NoSlot::Full))) => Hang::Unknown,
        // Whatever comes back shows that it is alive, and where the connection breaks its keeper sees to it.
        Some(Ok(()) | Err(NotProbed::Failed(_) | NotProbed::NoSlot(NoSlot::Closing))) => Hang::No,
    }
}

impl Known {
    fn tell(&self, node: &Arc<Node>, hang: Hang) {
        self.lock().push_back((Arc::clone(node), hang));
        self.more.notify_one();
    }

    fn take(&self) -> Option<(Arc<Node>, Hang)> {
        self.lock().pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Arc<Node>, Hang)>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(30);

    #[test]
    fn it_is_asked_when_it_owes_answers_for_long() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        // Waiting calls, answers of all time, ours, milliseconds; is it asked?
        let steps = [
            (0, 0, true, 0, false),
            (3, 0, true, 10, false),
            (3, 1, true, 25, false),
            (3, 1, true, 54, false),
            (3, 1, true, 55, true),
        ];
        let mut watch = Watch::new(start);
        for (waiting, answered, ours, millis, asked) in steps {
            let doubts = watch.doubts(waiting, answered, ours, at(millis), PATIENCE);
            assert_eq!(doubts, asked, "at {millis}");
        }
        watch.asked(at(55));
        assert!(
            !watch.doubts(3, 1, true, at(500), PATIENCE),
            "once is enough"
        );
        watch.probed(Hang::No, at(500));
        assert!(!watch.doubts(3, 1, true, at(520), PATIENCE));
        assert!(
            watch.doubts(3, 1, true, at(530), PATIENCE),
            "a long call is asked about again"
        );
        let mut idle = Watch::new(start);
        assert!(
            !idle.doubts(0, 0, true, at(900), PATIENCE),
            "nothing is owed"
        );
        let mut foreign = Watch::new(start);
        assert!(
            !foreign.doubts(1, 0, false, at(900), PATIENCE),
            "nobody asks those of others"
        );
    }
}
