//! How a way to a server of this process comes about that can be reached or not, and that may break: in simulations.
//! It refuses to say what can be reached: whoever simulates does.

use std::fmt::Debug;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::connect::ConnectError;
use super::memory::InProcessLink;
use super::target::Target;
use crate::call::serve::BoxFuture;

/// Opens ways to servers of this process, in place of sockets and of what is spoken on them.
pub(crate) trait Near: Debug + Send + Sync + 'static {
    /// One to `target`.
    fn reach(&self, target: &Target) -> BoxFuture<io::Result<InProcessLink>>;
}

/// One to `target`, within `budget`.
pub(crate) async fn reach(
    near: &dyn Near,
    target: &Target,
    budget: Duration,
) -> Result<InProcessLink, ConnectError> {
    match timeout(budget, near.reach(target)).await {
        Ok(Ok(link)) => Ok(link),
        Ok(Err(error)) => Err(ConnectError::custom(target, error)),
        Err(_) => Err(ConnectError::custom_timeout(target, budget)),
    }
}

/// The end of ways to a server, which whoever killed it tells.
#[derive(Debug, Default)]
pub(crate) struct End {
    has_come: AtomicBool,
    told: Notify,
}

impl End {
    pub(crate) fn tell(&self) {
        self.has_come.store(true, Ordering::Release);
        self.told.notify_waiters();
    }

    pub(crate) fn has_come(&self) -> bool {
        self.has_come.load(Ordering::Acquire)
    }

    /// Resolves when it has come. Those who wait are told in the order in which they came.
    pub(crate) async fn come(&self) {
        loop {
            let told = self.told.notified();
            if self.has_come() {
                return;
            }
            told.await;
        }
    }
}
