//! A node: an endpoint with the state of its connection.
//! It refuses to choose among nodes.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use tokio::sync::Notify;

use super::keeper::{self, Closing, KeepUp};
use super::{Cause, Fleet, NORMAL_WEIGHT, Phase, Tuning, Vitals};
use crate::call::{Code, Status};
use crate::middleware::Next;
use crate::rt::stamp::Stamp;
use crate::rt::task;
use crate::transport::Link;
use crate::transport::connect::ConnectError;
use crate::transport::reported::Reported;
use crate::transport::target::Target;

/// An endpoint and its connection. The connection is made at the first call, and kept up by a task of its own
/// that ends when the node is dropped.
pub(crate) struct Node {
    /// New for each process that serves, where it is found in a registry; else its name.
    id: Arc<str>,
    name: Arc<str>,
    /// Where it stands on the ring, over all of its restarts.
    slot: Arc<str>,
    shared: Arc<Shared>,
    /// What a keeper is started with; nothing where none is needed.
    keep_up: Option<KeepUp>,
    /// The attempt layers of the user around it, where there are any.
    around: OnceLock<Next>,
    fleet: Arc<Fleet>,
    /// Calls of its trial that went well, and that failed.
    tried: (AtomicU32, AtomicU32),
    /// Why it is to get no new calls, whatever became of those it had.
    aside: Mutex<Option<Cause>>,
    /// Why it is in the phase that it is in.
    cause: Mutex<Cause>,
}

/// What a node and its keeper share.
pub(crate) struct Shared {
    state: RwLock<State>,
    fleet: Arc<Fleet>,
    vitals: Arc<Vitals>,
    /// Told when the node is dropped.
    pub(super) dropped: Notify,
    /// Nobody has the node any more.
    is_dropped: AtomicBool,
}

/// The state of a node's connection.
#[derive(Clone)]
pub(crate) enum State {
    /// Nobody has called yet.
    Idle,
    /// Connecting; `failed` is why the last try did not succeed, if there was one since the last connection.
    Connecting { failed: Option<Arc<ConnectError>> },
    /// Calls can be sent.
    Ready(Link),
    /// The runtime of the keeper has ended; the next call starts one in its own.
    Closed,
}

/// What a balancer may know of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Readiness {
    /// Calls can be sent.
    Ready = 0,
    /// It will be known soon whether calls can be sent.
    Pending = 1,
    /// The last try to connect failed.
    Failing = 2,
}

impl Readiness {
    pub(super) fn of(bits: u8) -> Self {
        match bits {
            0 => Self::Ready,
            1 => Self::Pending,
            _ => Self::Failing,
        }
    }
}

impl Node {
    pub(crate) fn new(
        id: &str,
        target: &Target,
        slot: &str,
        keep_up: KeepUp,
        fleet: &Arc<Fleet>,
    ) -> Self {
        let name = target.to_string().into();
        let mut node = Self::with(name, Some(keep_up), State::Idle, fleet);
        node.id = id.into();
        node.slot = slot.into();
        node
    }

    /// A node that is there from the start and needs nobody to keep it up.
    pub(crate) fn fixed(name: &str, link: Link, fleet: &Arc<Fleet>) -> Self {
        Self::with(name.into(), None, State::Ready(link), fleet)
    }

    fn with(name: Arc<str>, keep_up: Option<KeepUp>, state: State, fleet: &Arc<Fleet>) -> Self {
        let now = fleet.stamp(tokio::time::Instant::now());
        // What its connections are told to write to is what a pick reads.
        let reported = match (&keep_up, &state) {
            (Some(keep_up), _) => Arc::clone(&keep_up.settings.reported),
            (None, _) => Arc::new(Reported::new(fleet.epoch(), fleet.tuning.report_every)),
        };
        let vitals = Vitals::new(NORMAL_WEIGHT, now, reported);
        vitals.set_readiness(state.readiness());
        Self {
            id: Arc::clone(&name),
            slot: Arc::clone(&name),
            name,
            shared: Arc::new(Shared {
                state: RwLock::new(state),
                fleet: Arc::clone(fleet),
                vitals: Arc::new(vitals),
                dropped: Notify::new(),
                is_dropped: AtomicBool::new(false),
            }),
            keep_up,
            around: OnceLock::new(),
            fleet: Arc::clone(fleet),
            tried: Default::default(),
            aside: Mutex::new(None),
            cause: Mutex::new(Cause::Joined),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn slot(&self) -> &str {
        &self.slot
    }

    /// Is it what stands for one at this address and slot, who is called by this name?
    pub(crate) fn is_at(&self, target: &Target, host: Option<&str>, slot: &str) -> bool {
        let is_same = |up: &KeepUp| up.target == *target && up.host.as_deref() == host;
        &*self.slot == slot && self.keep_up.as_ref().is_some_and(is_same)
    }

    /// The target, as it is written.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Is it in another process, so that its connection may go and come again?
    pub(crate) fn is_remote(&self) -> bool {
        self.keep_up.is_some()
    }

    pub(crate) fn vitals(&self) -> &Arc<Vitals> {
        &self.shared.vitals
    }

    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Are there others that it can be compared with?
    pub(super) fn is_judged(&self) -> bool {
        self.fleet.is_judged()
    }

    /// Its part of the load of all has changed, perhaps.
    pub(super) fn recount(&self, now: tokio::time::Instant) {
        if self.fleet.keyed().is_kept() {
            self.fleet.recount(self.vitals(), &self.fleet.moment(now));
        }
    }

    /// A call of its trial is over.
    pub(super) fn tried(&self, failed: bool) {
        let (good, bad) = &self.tried;
        let count = if failed { bad } else { good };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls of its trial that went well, and that failed.
    pub(super) fn tries(&self) -> (u32, u32) {
        let (good, bad) = &self.tried;
        (good.load(Ordering::Relaxed), bad.load(Ordering::Relaxed))
    }

    pub(crate) fn aside(&self) -> Option<Cause> {
        *lock(&self.aside)
    }

    /// Says why it is to get no new calls, if it is not. It is judged for that when nodes are judged next, which
    /// whoever says so asks for.
    pub(crate) fn set_aside(&self, aside: Option<Cause>) {
        let before = std::mem::replace(&mut *lock(&self.aside), aside);
        if before != aside {
            self.vitals().stir();
        }
    }

    /// 100 is normal.
    pub(crate) fn set_weight(&self, weight: u32) {
        self.vitals().set_weight(weight);
        self.recount(tokio::time::Instant::now());
    }

    /// Only the table says this.
    pub(super) fn enter(&self, phase: Phase, cause: Cause, since: Stamp) {
        *lock(&self.cause) = cause;
        if phase == Phase::Trial {
            let (good, bad) = &self.tried;
            good.store(0, Ordering::Relaxed);
            bad.store(0, Ordering::Relaxed);
        }
        let before = self.vitals().phase().0;
        if before == Phase::Hung {
            self.vitals().forget_times();
        }
        // One that was doubted is what it was before.
        let is_new = before != Phase::Suspect;
        if is_new && matches!(phase, Phase::Trial | Phase::Warm) {
            self.vitals().forgive();
        }
        self.vitals().enter(phase, since);
        self.fleet.tell_change();
    }

    /// Why it is in the phase that it is in.
    pub(crate) fn cause(&self) -> Cause {
        *lock(&self.cause)
    }

    /// Puts layers around it, once and before the first call.
    pub(crate) fn put_around(&self, layers: Next) {
        // They are made with the node, by one who knows them all.
        let _ = self.around.set(layers);
    }

    /// The attempt layers of the user around it.
    pub(crate) fn around(&self) -> Option<&Next> {
        self.around.get()
    }

    pub(crate) fn readiness(&self) -> Readiness {
        self.shared.read().readiness()
    }

    /// The way to the endpoint, while there is one.
    pub(crate) fn link(&self) -> Option<Link> {
        match &*self.shared.read() {
            State::Ready(link) => Some(link.clone()),
            _ => None,
        }
    }

    /// Why the last try to connect failed.
    pub(crate) fn failure(&self) -> Option<Arc<ConnectError>> {
        match &*self.shared.read() {
            State::Connecting { failed } => failed.clone(),
            _ => None,
        }
    }

    /// Starts to connect, if nobody does: at the first call, and when the runtime that did has ended.
    ///
    /// # Errors
    /// INTERNAL outside of a tokio runtime, UNAVAILABLE in one that is ending.
    pub(crate) fn wake(&self) -> Result<(), Status> {
        let Some(keep_up) = &self.keep_up else {
            return Ok(());
        };
        if !self.shared.read().is_unkept() {
            return Ok(());
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| no_runtime())?;
        if self.shared.begin() {
            let closing = Closing(Arc::clone(&self.shared));
            task::spawn_on(&runtime, Box::pin(keeper::keep(closing, keep_up.clone())));
            if self.shared.read().is_unkept() {
                return Err(Status::unavailable(format!(
                    "the runtime in which {} was called is ending, and keeps no connection up",
                    self.name
                )));
            }
        }
        Ok(())
    }
}

impl State {
    fn readiness(&self) -> Readiness {
        match self {
            // Its keeper is about to say so.
            Self::Ready(link) if link.is_closing() => Readiness::Pending,
            Self::Ready(_) => Readiness::Ready,
            Self::Idle | Self::Closed | Self::Connecting { failed: None } => Readiness::Pending,
            Self::Connecting { failed: Some(_) } => Readiness::Failing,
        }
    }

    /// No keeper is there.
    fn is_unkept(&self) -> bool {
        matches!(self, Self::Idle | Self::Closed)
    }
}

/// What is said to a caller that no tokio runtime polls.
pub(crate) fn no_runtime() -> Status {
    Status::new(
        Code::Internal,
        "a call was polled outside of a tokio runtime, which its timer and its connection need: \
         await it in a task of tokio, or in `Runtime::block_on`",
    )
}

fn lock<T>(held: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Node {
    fn drop(&mut self) {
        self.shared.is_dropped.store(true, Ordering::Relaxed);
        self.shared.dropped.notify_one();
    }
}

impl Shared {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a keeper is about to start. Of many that ask at once, one may start it.
    fn begin(&self) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let unkept = state.is_unkept();
        if unkept {
            *state = State::Connecting { failed: None };
        }
        unkept
    }

    pub(super) fn tuning(&self) -> &Tuning {
        &self.fleet.tuning
    }

    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(super) fn tell_connect_failed(&self) {
        self.fleet.tell_connect_failed();
    }

    pub(super) fn set(&self, state: State) {
        let readiness = state.readiness();
        let mut held = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *held = state;
        if readiness == Readiness::Ready {
            // Another process may be there now, and another program.
            self.vitals.reported().renew();
            self.vitals.stir();
        }
        // While the lock is held, so that of two that change it the later one is believed.
        self.vitals.set_readiness(readiness);
        drop(held);
        if self.fleet.keyed().is_kept() {
            let now = self.fleet.moment(tokio::time::Instant::now());
            self.fleet.recount(&self.vitals, &now);
        }
        // That its keeper ends changes nothing for anybody.
        if !self.is_dropped.load(Ordering::Relaxed) {
            self.fleet.tell_change();
            self.fleet.doubt();
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.name, self.readiness())
    }
}
