//! How encoded calls travel: sockets, the protocol on them, and the way inside a process.
//! It knows no retry, balance or discovery.

pub(crate) mod conduct;
pub(crate) mod connect;
pub(crate) mod deferred;
mod frames;
pub(crate) mod heard;
pub(crate) mod http2;
pub(crate) mod memory;
#[cfg(feature = "testing")]
pub(crate) mod near;
pub(crate) mod reported;
#[cfg(test)]
pub(crate) mod scripted;
pub(crate) mod stream;
pub(crate) mod target;
#[cfg(feature = "tls")]
pub mod tls;
pub(crate) mod waiting;

use std::future::Future;

use crate::call::serve::BoxFuture;
use crate::call::{RawCall, RawReply, Status};

/// An open way to one endpoint: the seam behind which a transport stands.
///
/// An enum rather than a trait object: the future of a call is part of the caller's, without a box.
#[derive(Clone)]
pub(crate) enum Link {
    Http2(http2::Connection),
    Memory(memory::InProcessLink),
    #[cfg(test)]
    Scripted(scripted::Scripted),
}

/// The place of one call on a link.
pub(crate) enum Slot {
    Http2(http2::Slot),
    Memory(memory::InProcessLink),
    #[cfg(test)]
    Scripted(scripted::Scripted),
}

/// Why there is no place for a call now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSlot {
    /// As many calls are in flight as the peer allows.
    Busy,
    /// As many calls wait as we allow.
    Full,
    /// The connection takes no more calls.
    Closing,
}

/// Why a probe brought no report.
#[derive(Debug)]
#[allow(
    dead_code,
    reason = "whoever asks only wants to know whether there is an answer; tests want to know which"
)]
pub(crate) enum NotProbed {
    /// It was not sent: a probe does not wait for a place.
    NoSlot(NoSlot),
    /// It was sent, and something else came back, or the connection broke.
    Failed(Status),
}

impl Link {
    /// A place, if one is free at once.
    pub(crate) fn try_reserve(&self) -> Result<Slot, NoSlot> {
        match self {
            Self::Http2(connection) => connection.try_reserve().map(Slot::Http2),
            Self::Memory(link) => link.try_reserve().map(Slot::Memory),
            #[cfg(test)]
            Self::Scripted(link) => link.try_reserve().map(Slot::Scripted),
        }
    }

    /// Resolves when no more calls are taken. It holds nothing of the link.
    pub(crate) fn ending(&self) -> BoxFuture<()> {
        match self {
            Self::Http2(connection) => Box::pin(connection.ending()),
            Self::Memory(link) => link.ending(),
            #[cfg(test)]
            Self::Scripted(_) => Box::pin(std::future::pending()),
        }
    }

    /// No more calls are taken.
    pub(crate) fn is_closing(&self) -> bool {
        match self {
            Self::Http2(connection) => connection.is_closing(),
            Self::Memory(link) => link.is_closing(),
            #[cfg(test)]
            Self::Scripted(link) => link.is_closing(),
        }
    }

    /// Waits for a place, first come first served, in a bounded queue.
    pub(crate) async fn reserve(&self) -> Result<Slot, NoSlot> {
        match self {
            Self::Http2(connection) => connection.reserve().await.map(Slot::Http2),
            Self::Memory(link) => link.try_reserve().map(Slot::Memory),
            #[cfg(test)]
            Self::Scripted(link) => link.reserve().map(Slot::Scripted),
        }
    }
}

impl Link {
    /// Asks a server of ours how busy it is, past all that calls wait for there; the answer is where all reports of the
    /// endpoint go. A foreign server answers UNIMPLEMENTED. It takes as long as the peer does.
    ///
    /// # Cancel safety
    /// Dropping the future resets the stream.
    pub(crate) fn probe(&self) -> impl Future<Output = Result<(), NotProbed>> + Send + use<> {
        let link = self.clone();
        async move {
            match link {
                Self::Http2(connection) => connection.probe().await,
                Self::Memory(link) => {
                    #[cfg(feature = "testing")]
                    link.server().reached().await;
                    link.probe().map_err(NotProbed::Failed)
                }
                #[cfg(test)]
                Self::Scripted(link) => link.probe().await,
            }
        }
    }
}

impl Slot {
    /// Sends the call. A unary one gives its whole reply; a stream is given as soon as its head is handed over.
    pub(crate) async fn send(self, call: &mut RawCall) -> Result<RawReply, Status> {
        match self {
            Self::Http2(slot) => slot.send(call).await,
            Self::Memory(link) => link.send(call).await,
            #[cfg(test)]
            Self::Scripted(link) => link.send(call.take()).await,
        }
    }
}
