//! The task of one name: it runs the source, takes its readings to what is known, and gives out pictures of that.
//! It refuses to judge a reading, and to call anybody: the one is `judge.rs`, the other its users'.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::change::Change;
use super::found::Found;
use super::judge::{Judge, Reading};
use super::panics::{RESTART_AT_FIRST, RESTART_AT_MOST, caught};
use super::updates::Inbox;
use super::{ErasedDiscover, Source};
use crate::observe::Observer;
use crate::rt::backoff::Backoff;
use crate::rt::task;

/// After a picture was given out, readings are gathered for so long: a registry that lists a thousand one by one makes
/// some pictures, not a thousand. One that changes after some rest is seen at once.
pub(super) const GATHER: Duration = Duration::from_millis(100);

/// And for no less than this for each member: to take a change to a set of endpoints costs about a thirtieth of it for
/// each (`cargo lab run L9`), so that a registry that never rests takes a few percent of a core, however many it has.
const GATHER_EACH: Duration = Duration::from_micros(10);

/// What is known of one name. Dropping it ends its task, and with it the source's future.
#[derive(Debug)]
pub(crate) struct Directory {
    found: watch::Receiver<Arc<Found>>,
    inbox: Arc<Inbox>,
    task: AbortHandle,
}

/// What a directory knows, for those who look and do not wait.
#[derive(Clone, Debug)]
pub(crate) struct Latest(watch::Receiver<Arc<Found>>);

impl Latest {
    /// What is known now, seen by the last reading; the last that was known where the directory is gone.
    pub(crate) fn get(&self) -> Arc<Found> {
        Arc::clone(&self.0.borrow())
    }
}

/// Tells a directory that somebody could not be reached.
#[derive(Clone, Debug)]
pub(crate) struct Suspect(Arc<Inbox>);

impl Suspect {
    /// An endpoint could not be reached: the source reads again, at most about once a second.
    pub(crate) fn suspect(&self) {
        self.0.doubt("suspect");
    }
}

impl Directory {
    /// Starts to look for who serves. It is to be called on a runtime.
    pub(crate) fn start(source: &Source, observer: Observer) -> Self {
        let inbox = Inbox::new(Arc::clone(&source.name), source.pace, observer);
        let (sender, found) = watch::channel(Arc::default());
        let running = run(Arc::clone(&source.discover), Arc::clone(&inbox), sender);
        Self {
            found,
            inbox,
            task: task::spawn(Box::pin(running)).abort_handle(),
        }
    }

    /// What is known now.
    #[cfg(test)]
    pub(crate) fn current(&self) -> Arc<Found> {
        self.latest().get()
    }

    /// What is known, for as long as it is.
    pub(crate) fn latest(&self) -> Latest {
        Latest(self.found.clone())
    }

    /// Waits until there is something to know that this handle has not seen, and gives it. Pending for ever where
    /// nothing more will be.
    ///
    /// # Cancel safety
    /// What was not given is given the next time.
    pub(crate) async fn changed(&mut self) -> Arc<Found> {
        if self.found.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        Arc::clone(&self.found.borrow_and_update())
    }

    /// As [`Suspect::suspect`].
    pub(crate) fn suspect(&self) {
        self.suspecter().suspect();
    }

    /// What tells it of endpoints that cannot be reached, for those who find out.
    pub(crate) fn suspecter(&self) -> Suspect {
        Suspect(Arc::clone(&self.inbox))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    source: Arc<dyn ErasedDiscover>,
    inbox: Arc<Inbox>,
    sender: watch::Sender<Arc<Found>>,
) {
    let mut reading = pin!(read(&*source, &inbox));
    let mut judging = pin!(judge(&inbox, &sender));
    // One task for both: neither of them ends.
    poll_fn(|cx| {
        let _ = reading.as_mut().poll(cx);
        judging.as_mut().poll(cx)
    })
    .await;
}

/// Runs a source, and again where it panicked. One that is done has said all.
async fn read(source: &dyn ErasedDiscover, inbox: &Arc<Inbox>) {
    let (updates, pace) = (inbox.updates(), inbox.pace);
    let looking = Looking::new(inbox);
    let mut backoff = Backoff::new(pace.of(RESTART_AT_FIRST), pace.of(RESTART_AT_MOST));
    let mut rng = fastrand::Rng::new();
    while let Err(why) = caught(source.discover(updates.clone())).await {
        updates.failed(format_args!("the source panicked: {why}"));
        tokio::time::sleep(backoff.next(&mut rng)).await;
    }
    drop(looking);
    std::future::pending::<()>().await;
}

/// A source is asked: what it has said gets older.
struct Looking<'a>(&'a Inbox);

impl<'a> Looking<'a> {
    fn new(inbox: &'a Inbox) -> Self {
        inbox.observer.discovery_began(&inbox.name);
        Self(inbox)
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.observer.discovery_ended(&self.0.name);
    }
}

async fn judge(inbox: &Inbox, sender: &watch::Sender<Arc<Found>>) {
    let mut judge = Judge::new(inbox.pace);
    let mut gather = None;
    loop {
        let next = judge.next().map(Instant::from_std);
        let is_gathered = tokio::select! {
            // In this order, so that a run of a simulation is like the last one.
            biased;
            () = readings(inbox, gather) => true,
            () = until(next) => false,
        };
        let now = Instant::now();
        let mut changes = Vec::new();
        if is_gathered && let Some(reading) = inbox.take() {
            let kind = kind(&reading);
            changes.extend(judge.take(reading, now.into_std()));
            let is_taken = judge.found().stale.is_none();
            let outcome = if is_taken { "taken" } else { kind };
            inbox.observer.discovery_read(&inbox.name, outcome);
        }
        changes.extend(judge.tick(now.into_std()));
        for change in &changes {
            tell(inbox, change, judge.found());
        }
        if !changes.is_empty() && judge.found().is_known {
            gather = Some(now + inbox.pace.of(gathered(judge.found().members.len())));
        }
        sender.send_if_modified(|current| {
            // When it was last seen is news to nobody.
            *current = Arc::new(judge.found().clone());
            !changes.is_empty()
        });
    }
}

/// For how long the readings of so many members are gathered.
fn gathered(members: usize) -> Duration {
    let members = u32::try_from(members).unwrap_or(u32::MAX);
    GATHER.max(GATHER_EACH.saturating_mul(members))
}

/// Waits for readings, and no less long than they are gathered.
async fn readings(inbox: &Inbox, gather: Option<Instant>) {
    inbox.arrived().await;
    until(Some(gather.unwrap_or_else(Instant::now))).await;
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) if at <= Instant::now() => {}
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn kind(reading: &Reading) -> &'static str {
    match reading {
        Reading::Set(_) => "empty",
        Reading::Part(..) => "part",
        Reading::Failed(_) => "failed",
    }
}

fn tell(inbox: &Inbox, change: &Change, found: &Found) {
    let is_worry = change.held > 0 || change.staled.is_some();
    let members = found.members.len();
    inbox
        .observer
        .discovery_changed(&inbox.name, change, members, is_worry);
    if change.held > 0 {
        inbox.observer.discovery_held(&inbox.name, change.held);
        // A second reading may tell that it was a slip.
        inbox.doubt("held");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_there_are_the_longer_changes_are_gathered() {
        for (members, millis) in [
            (0, 100),
            (1_000, 100),
            (10_000, 100),
            (20_000, 200),
            (65_536, 655),
        ] {
            assert_eq!(gathered(members).as_millis(), millis, "{members}");
        }
    }
}
