//! The guard of one open connection.
//! It refuses to know what is sent over it.

use std::fmt;

use super::{Observer, Side};

/// A connection that is told of as open for as long as this lives.
pub(crate) struct OpenConnection {
    observer: Observer,
    side: Side,
    is_ending: bool,
}

impl OpenConnection {
    pub(super) fn new(observer: &Observer, side: Side) -> Self {
        observer.tell(|metrics| metrics.connection_opened(side));
        Self {
            observer: observer.clone(),
            side,
            is_ending: false,
        }
    }

    /// Its client is told to send nothing more. From here on it is cut off, unless it comes to its end.
    pub(crate) fn told_to_end(&mut self, reason: &'static str) {
        self.is_ending = true;
        self.observer
            .tell(|metrics| metrics.connection_told_to_end(reason));
    }

    /// It was closed for what its peer did.
    pub(crate) fn broken_off(&self, reason: &'static str, detail: &dyn fmt::Display) {
        self.observer.broken_off(reason, detail);
    }

    /// It came to its end by itself.
    pub(crate) fn ended(&mut self) {
        self.is_ending = false;
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if self.is_ending {
            self.observer.tell(|metrics| metrics.connection_cut_off());
        }
        self.observer
            .tell(|metrics| metrics.connection_closed(self.side));
    }
}
