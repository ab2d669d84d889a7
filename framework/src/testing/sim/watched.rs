//! A value that changes, and those who wait for that: they are woken in the order in which they came to wait, unlike
//! those of tokio's watch, who are woken at random.
//! It refuses to remember what it was before.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

#[derive(Debug, Default)]
pub(super) struct Watched<T> {
    value: Mutex<T>,
    changed: Notify,
}

impl<T> Watched<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            changed: Notify::new(),
        }
    }

    /// The value, for a moment.
    pub(super) fn get(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, set: impl FnOnce(&mut T)) {
        set(&mut self.get());
        self.changed.notify_waiters();
    }

    /// Resolves at the next change after this was called, polled or not.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Waits until the value is as `is` says.
    pub(super) async fn until(&self, is: impl Fn(&T) -> bool) {
        loop {
            let changed = self.changed();
            if is(&self.get()) {
                return;
            }
            changed.await;
        }
    }
}
