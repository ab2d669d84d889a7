//! A node: an endpoint with the state of its connection.
//! It refuses to choose among nodes.

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::sync::Notify;

use super::keeper::{self, Closing, KeepUp};
use crate::call::{Code, Status};
use crate::middleware::Next;
use crate::transport::Link;
use crate::transport::connect::ConnectError;
use crate::transport::target::Target;

/// An endpoint and its connection. The connection is made at the first call, and kept up by a task of its own
/// that ends when the node is dropped.
pub(crate) struct Node {
    name: Arc<str>,
    shared: Arc<Shared>,
    /// What a keeper is started with; nothing where none is needed.
    keep_up: Option<KeepUp>,
    /// The attempt layers of the user around it, where there are any.
    around: OnceLock<Next>,
}

/// What a node and its keeper share.
pub(crate) struct Shared {
    state: RwLock<State>,
    /// Told at each change of the state; all nodes of a channel share one.
    changed: Arc<Notify>,
    /// Told when the node is dropped.
    pub(super) dropped: Notify,
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
pub(crate) enum Readiness {
    /// Calls can be sent.
    Ready,
    /// It will be known soon whether calls can be sent.
    Pending,
    /// The last try to connect failed.
    Failing,
}

impl Node {
    pub(crate) fn new(target: &Target, keep_up: KeepUp, changed: Arc<Notify>) -> Self {
        Self {
            name: target.to_string().into(),
            shared: Arc::new(Shared {
                state: RwLock::new(State::Idle),
                changed,
                dropped: Notify::new(),
            }),
            keep_up: Some(keep_up),
            around: OnceLock::new(),
        }
    }

    /// A node that is there from the start and needs nobody to keep it up.
    pub(crate) fn fixed(name: &str, link: Link, changed: Arc<Notify>) -> Self {
        Self {
            name: name.into(),
            shared: Arc::new(Shared {
                state: RwLock::new(State::Ready(link)),
                changed,
                dropped: Notify::new(),
            }),
            keep_up: None,
            around: OnceLock::new(),
        }
    }

    /// The target, as it is written.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Is it in another process, so that its connection may go and come again?
    pub(crate) fn is_remote(&self) -> bool {
        self.keep_up.is_some()
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
        match &*self.shared.read() {
            // Its keeper is about to say so.
            State::Ready(link) if link.is_closing() => Readiness::Pending,
            State::Ready(_) => Readiness::Ready,
            State::Idle | State::Closed | State::Connecting { failed: None } => Readiness::Pending,
            State::Connecting { failed: Some(_) } => Readiness::Failing,
        }
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
            runtime.spawn(keeper::keep(closing, keep_up.clone()));
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

impl Drop for Node {
    fn drop(&mut self) {
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

    pub(super) fn set(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.notify_waiters();
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.name, self.readiness())
    }
}
