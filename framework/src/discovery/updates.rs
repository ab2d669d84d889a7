//! The way from a source to its directory, and back: readings in one direction, doubts in the other.
//! It refuses to queue: of several readings that nobody has taken yet, the last one counts.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::instance::Instance;
use super::judge::Reading;
use crate::observe::Observer;
use crate::rt::pace::Pace;

/// How long after a source was told of a doubt it is told of the next: registries are not to feel what is unreachable.
const DOUBT_EVERY: Duration = Duration::from_secs(1);

/// By so much of it, more or less, at random: clients that lost the same server do not ask together.
const DOUBT_JITTER: f64 = 0.2;

/// Instances that are taken of one reading; the rest is left out, in the order in which it came.
const MOST_INSTANCES: usize = 65_536;

/// Bytes of the reason for a failed reading that are kept.
const LONGEST_REASON: usize = 500;

/// Where a source puts what it finds. Clones are the same.
#[derive(Clone, Debug)]
pub struct Updates(Arc<Inbox>);

impl Updates {
    /// All who serve now. What came before is replaced; what is missing has left.
    ///
    /// It is taken with care, as no registry is always right: see [`Discover`](super::Discover).
    pub fn replace<I>(&self, instances: I)
    where
        I: IntoIterator,
        I::Item: Into<Arc<Instance>>,
    {
        let instances = instances.into_iter().take(MOST_INSTANCES);
        let set = instances.map(Into::into).collect();
        self.0.put(|waiting| {
            waiting.set = Some(set);
            waiting.failed = None;
        });
    }

    /// Who serves could not be read. What was known goes on to hold, and its age is told. Right after
    /// [`Updates::replace`]: some of that could not be read, and is what it was before.
    pub fn failed(&self, why: impl Display) {
        let mut why = why.to_string();
        if why.len() > LONGEST_REASON {
            why.truncate(why.floor_char_boundary(LONGEST_REASON));
            why.push('…');
        }
        self.0.put(|waiting| waiting.failed = Some(why.into()));
    }

    /// Waits until somebody doubts what was found, as an endpoint could not be reached or too many were left out: the
    /// source should read again now. Doubts come at most about once a second.
    ///
    /// # Cancel safety
    /// A doubt that nobody was told of is told the next time.
    pub async fn suspected(&self) {
        self.0.doubted().await;
    }
}

impl Updates {
    /// It is read before its time, for a cause of the source's own.
    pub(super) fn relisted(&self, cause: &'static str) {
        self.0.observer.discovery_relisted(&self.0.name, cause);
    }
}

/// What stands between a source and its directory.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) name: Arc<str>,
    pub(super) observer: Observer,
    pub(super) pace: Pace,
    state: Mutex<State>,
    arrived: Notify,
    doubted: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: Waiting,
    doubt: Option<&'static str>,
    next_doubt: Option<Instant>,
}

#[derive(Debug, Default)]
struct Waiting {
    set: Option<Vec<Arc<Instance>>>,
    failed: Option<Arc<str>>,
}

impl Inbox {
    pub(super) fn new(name: Arc<str>, pace: Pace, observer: Observer) -> Arc<Self> {
        Arc::new(Self {
            name,
            observer,
            pace,
            state: Mutex::default(),
            arrived: Notify::new(),
            doubted: Notify::new(),
        })
    }

    pub(super) fn updates(self: &Arc<Self>) -> Updates {
        Updates(Arc::clone(self))
    }

    /// Tells the source that what it found is doubted.
    pub(super) fn doubt(&self, cause: &'static str) {
        self.lock().doubt.get_or_insert(cause);
        self.doubted.notify_one();
    }

    /// Waits until there is something to take.
    pub(super) async fn arrived(&self) {
        loop {
            let arrived = self.arrived.notified();
            if self.lock().waiting.is_some() {
                return;
            }
            arrived.await;
        }
    }

    /// What has come.
    pub(super) fn take(&self) -> Option<Reading> {
        let Waiting { set, failed } = std::mem::take(&mut self.lock().waiting);
        match (set, failed) {
            (Some(set), Some(why)) => Some(Reading::Part(set, why)),
            (Some(set), None) => Some(Reading::Set(set)),
            (None, why) => why.map(Reading::Failed),
        }
    }

    fn put(&self, put: impl FnOnce(&mut Waiting)) {
        put(&mut self.lock().waiting);
        self.arrived.notify_one();
    }

    async fn doubted(&self) {
        loop {
            let doubted = self.doubted.notified();
            let (is_doubted, next) = {
                let state = self.lock();
                (state.doubt.is_some(), state.next_doubt)
            };
            if !is_doubted {
                doubted.await;
                continue;
            }
            if let Some(next) = next {
                tokio::time::sleep_until(next).await;
            }
            let mut state = self.lock();
            let Some(cause) = state.doubt.take() else {
                continue;
            };
            let jitter = 1.0 - DOUBT_JITTER + 2.0 * DOUBT_JITTER * fastrand::f64();
            let wait = self.pace.of(DOUBT_EVERY).mul_f64(jitter);
            state.next_doubt = Some(Instant::now() + wait);
            drop(state);
            self.observer.discovery_relisted(&self.name, cause);
            return;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_some(&self) -> bool {
        self.set.is_some() || self.failed.is_some()
    }
}
