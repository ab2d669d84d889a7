//! A node: an endpoint with the state of its connection.
//! It refuses to choose among nodes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::Notify;

use super::keeper::{self, KeepUp};
use crate::call::{Code, Status};
use crate::transport::Link;
use crate::transport::connect::ConnectError;
use crate::transport::target::Target;

/// An endpoint and its connection. The connection is made at the first call, and kept up by a task of its own
/// that ends when the node is dropped.
pub(crate) struct Node {
    name: Arc<str>,
    shared: Arc<Shared>,
    /// What the keeper is started with, until it is.
    keep_up: Mutex<Option<KeepUp>>,
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
    /// Whatever kept the connection is gone.
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
            keep_up: Mutex::new(Some(keep_up)),
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
            keep_up: Mutex::new(None),
        }
    }

    /// The target, as it is written.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn readiness(&self) -> Readiness {
        match &*self.shared.read() {
            State::Ready(_) => Readiness::Ready,
            State::Idle | State::Connecting { failed: None } => Readiness::Pending,
            State::Connecting { failed: Some(_) } | State::Closed => Readiness::Failing,
        }
    }

    /// The way to the endpoint, while there is one.
    pub(crate) fn link(&self) -> Option<Link> {
        match &*self.shared.read() {
            State::Ready(link) => Some(link.clone()),
            _ => None,
        }
    }

    /// Why there is no way to the endpoint.
    pub(crate) fn failure(&self) -> Option<Failure> {
        match &*self.shared.read() {
            State::Connecting {
                failed: Some(error),
            } => Some(Failure::Connect(Arc::clone(error))),
            State::Closed => Some(Failure::Closed),
            _ => None,
        }
    }

    /// Starts to connect, if that has not begun.
    ///
    /// # Errors
    /// INTERNAL outside of a tokio runtime.
    pub(crate) fn wake(&self) -> Result<(), Status> {
        if !matches!(&*self.shared.read(), State::Idle) {
            return Ok(());
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| no_runtime())?;
        let keep_up = {
            let mut slot = self.keep_up.lock().unwrap_or_else(PoisonError::into_inner);
            slot.take()
        };
        if let Some(keep_up) = keep_up {
            self.shared.set(State::Connecting { failed: None });
            runtime.spawn(keeper::keep(Arc::clone(&self.shared), keep_up));
        }
        Ok(())
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

/// Why a node has no connection.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    Connect(Arc<ConnectError>),
    Closed,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => fmt::Display::fmt(error, f),
            Self::Closed => f.write_str("the runtime that kept the connection up has ended"),
        }
    }
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
