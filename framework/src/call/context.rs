//! What a handler knows of the call that it serves.
//! It refuses to be the way by which anything is carried on: that is `ambient.rs`.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::Extensions;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::ambient::{Ambient, Scoped};
use super::{Compression, Deadline, Metadata, MethodHandle, MethodSpec, Peer};

/// The call that a handler serves: who called what, with which metadata, until when.
///
/// Calls that a handler makes inherit its deadline and trace by themselves, also across `.await`;
/// tasks inherit them when started by [`Context::spawn`].
pub struct Context {
    pub(crate) method: MethodHandle,
    pub(crate) metadata: Metadata,
    pub(crate) ambient: Ambient,
    pub(crate) peer: Peer,
    pub(crate) extensions: Extensions,
    /// The one request came compressed.
    pub(crate) was_compressed: bool,
    /// How the reply is compressed.
    pub(crate) compress_reply: Option<Compression>,
    /// The one reply is sent as it is all the same.
    pub(crate) stays_plain: AtomicBool,
    /// Made when first used: most handlers leave no metadata.
    pub(crate) reply: OnceLock<Arc<Mutex<ReplyMetadata>>>,
}

impl Context {
    /// The method that was called.
    pub fn method(&self) -> &MethodSpec {
        &self.method
    }

    /// What the caller sent along.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// When the caller stops waiting; `None` if it never said.
    pub fn deadline(&self) -> Option<Instant> {
        self.ambient.deadline.map(Deadline::instant)
    }

    /// How long the caller still waits; `None` if it never said.
    pub fn remaining(&self) -> Option<Duration> {
        let now = Instant::now();
        self.ambient
            .deadline
            .map(|deadline| deadline.remaining(now))
    }

    /// The other side of the connection.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What layers of the server left for the handler ([`crate::RawCall::extensions_mut`]).
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The metadata that precede the reply's messages. What is inserted after the first message of a stream was sent is
    /// lost.
    ///
    /// Holds a lock while it lives: do not keep it across an `.await`.
    pub fn reply_metadata(&self) -> MetadataMut<'_> {
        MetadataMut {
            guard: self.lock(),
            trailers: false,
        }
    }

    /// The metadata that follow the reply's messages.
    ///
    /// Holds a lock while it lives: do not keep it across an `.await`.
    pub fn reply_trailers(&self) -> MetadataMut<'_> {
        MetadataMut {
            guard: self.lock(),
            trailers: true,
        }
    }

    /// Did the one request come compressed? Where requests stream, each says: [`crate::Inbound::was_compressed`].
    pub fn was_compressed(&self) -> bool {
        self.was_compressed
    }

    /// Sends the one reply as it is, though the server compresses: for a reply that has a secret in it beside what a
    /// stranger chose (see [`Compression`]). Where replies stream: [`crate::Outbound::compress`].
    pub fn without_compression(&self) {
        // Read by the task that runs the handler, after it.
        self.stays_plain.store(true, Ordering::Relaxed);
    }

    /// Starts a task whose calls inherit this call's deadline and trace, as the handler's own do, and whose log lines
    /// are in its span. (`tokio::spawn` inherits nothing.) The task outlives the call.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(Scoped::new(self.ambient.clone(), future).in_current_span())
    }

    /// What code inherits that outlives the call which it runs in: its trace, but not its deadline.
    ///
    /// ```
    /// # async fn f() {
    /// sinew::Context::background().scope(async { /* calls here are not cut off by the caller's deadline */ }).await;
    /// # }
    /// ```
    pub fn background() -> Background {
        Background(Ambient {
            deadline: None,
            ..Ambient::current()
        })
    }

    fn lock(&self) -> MutexGuard<'_, ReplyMetadata> {
        let reply = self.reply.get_or_init(Default::default);
        reply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("method", &self.method)
            .field("peer", &self.peer)
            .field("remaining", &self.remaining())
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// See [`Context::background`].
#[derive(Clone, Debug)]
pub struct Background(Ambient);

impl Background {
    /// Runs `future` so that its calls inherit the trace and no deadline.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        Scoped::new(self.0, future)
    }
}

/// What a handler leaves to be sent beside its messages.
#[derive(Debug, Default)]
pub(crate) struct ReplyMetadata {
    head: Metadata,
    trailers: Metadata,
}

impl ReplyMetadata {
    /// What goes before the messages; taken.
    pub(crate) fn head(&mut self) -> Metadata {
        std::mem::take(&mut self.head)
    }

    /// What goes behind them; taken.
    pub(crate) fn trailers(&mut self) -> Metadata {
        std::mem::take(&mut self.trailers)
    }
}

/// Access to the metadata of a reply, see [`Context::reply_metadata`].
#[derive(Debug)]
pub struct MetadataMut<'a> {
    guard: MutexGuard<'a, ReplyMetadata>,
    trailers: bool,
}

impl Deref for MetadataMut<'_> {
    type Target = Metadata;

    fn deref(&self) -> &Metadata {
        if self.trailers {
            &self.guard.trailers
        } else {
            &self.guard.head
        }
    }
}

impl DerefMut for MetadataMut<'_> {
    fn deref_mut(&mut self) -> &mut Metadata {
        if self.trailers {
            &mut self.guard.trailers
        } else {
            &mut self.guard.head
        }
    }
}
