//! A call as its caller holds it: a future that is owned, nameable, and takes its options before it begins.
//! It refuses to know what is sent.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::HeaderValue;

use crate::call::ambient::Ambient;
use crate::call::key::HashKeyField;
use crate::call::key::hash::KeyHash;
use crate::call::{Compression, Metadata, Status};

/// A call that has not begun: awaiting it makes it.
///
/// It owns what it needs, so it can be spawned, joined and raced. What it inherits from the handler it is made in is
/// taken when it is built; its time begins, and work is done, when it is first polled.
///
/// # Cancel safety
/// Dropping it cancels the call: its stream is reset, and the server drops its handler.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<R, E = Status> {
    invocation: Pin<Box<dyn Invocation<R>>>,
    error: PhantomData<fn() -> E>,
}

/// What a caller may say of one call.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) wait_for_ready: bool,
    pub(crate) key: Option<Option<KeyHash>>,
    pub(crate) max_reply_bytes: Option<usize>,
    pub(crate) compress: Option<Option<Compression>>,
    pub(crate) metadata: Metadata,
    pub(crate) ambient: Ambient,
}

/// A call with its types erased, in the one allocation that its future needs anyway.
pub(crate) trait Invocation<R>: Send {
    /// Nothing once the call has begun.
    fn options(self: Pin<&mut Self>) -> Option<&mut Options>;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response<R>, Status>>;
}

pin_project_lite::pin_project! {
    /// Either what the call is begun with or the call: its size is that of the larger.
    #[project = LazyProjection]
    #[project_replace = LazyTaken]
    enum Lazy<S, F> {
        Begins { options: Options, start: S },
        Runs { #[pin] future: F },
        Over,
    }
}

impl<S, F, R> Invocation<R> for Lazy<S, F>
where
    S: FnOnce(Options) -> Result<F, Status> + Send,
    F: Future<Output = Result<Response<R>, Status>> + Send,
{
    fn options(self: Pin<&mut Self>) -> Option<&mut Options> {
        match self.project() {
            LazyProjection::Begins { options, .. } => Some(options),
            LazyProjection::Runs { .. } | LazyProjection::Over => None,
        }
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response<R>, Status>> {
        if matches!(*self, Self::Begins { .. })
            && let LazyTaken::Begins { options, start } = self.as_mut().project_replace(Self::Over)
        {
            let future = start(options)?;
            self.set(Self::Runs { future });
        }
        match self.project() {
            LazyProjection::Runs { future } => future.poll(cx),
            LazyProjection::Begins { .. } | LazyProjection::Over => Poll::Pending,
        }
    }
}

impl<R> Call<R> {
    /// The same call, failing with something that a status becomes.
    pub(crate) fn typed<E>(self) -> Call<R, E> {
        Call {
            invocation: self.invocation,
            error: PhantomData,
        }
    }

    /// `start` does all that needs no waiting, when the call is first polled; what it returns is all that is kept.
    pub(crate) fn new<S, F>(start: S) -> Self
    where
        S: FnOnce(Options) -> Result<F, Status> + Send + 'static,
        F: Future<Output = Result<Response<R>, Status>> + Send + 'static,
    {
        let options = Options {
            timeout: None,
            idle_timeout: None,
            wait_for_ready: false,
            key: None,
            max_reply_bytes: None,
            compress: None,
            metadata: Metadata::default(),
            ambient: Ambient::current(),
        };
        Self {
            invocation: Box::pin(Lazy::Begins { options, start }),
            error: PhantomData,
        }
    }
}

impl<R, E> Call<R, E> {
    /// The call, streams included, may take this long from when it begins, whatever the IDL says; never longer than its
    /// caller's own call has left.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.timeout = Some(timeout))
    }

    /// A stream of replies fails with DEADLINE_EXCEEDED when no message comes for this long, whatever the IDL says.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.idle_timeout = Some(timeout))
    }

    /// Waits for a connection also while connecting fails, within the call's deadline.
    pub fn wait_for_ready(self) -> Self {
        self.with(|options| options.wait_for_ready = true)
    }

    /// Places the call by this key, whatever field the IDL names: it goes to the server that owns the key. A key that
    /// is not set, or empty, makes it a call without one, which is placed by load. A call whose requests stream has no
    /// key but this.
    pub fn hash_key(self, key: &(impl HashKeyField + ?Sized)) -> Self {
        let key = KeyHash::of(key);
        self.with(|options| options.key = Some(key))
    }

    /// The largest reply, or message of a stream of replies, that is taken, in bytes.
    pub fn max_reply_bytes(self, bytes: usize) -> Self {
        self.with(|options| options.max_reply_bytes = Some(bytes))
    }

    /// Compresses what is sent, whatever the channel is set to: see [`Compression`]. A server that does not take it
    /// refuses the call with UNIMPLEMENTED, which says what it takes. In process nothing is compressed.
    pub fn compress(self, compression: Compression) -> Self {
        self.with(|options| options.compress = Some(Some(compression)))
    }

    /// Sends messages as they are, whatever the channel is set to.
    pub fn without_compression(self) -> Self {
        self.with(|options| options.compress = Some(None))
    }

    /// Sends a pair along. A name or value that HTTP/2 cannot carry fails the call with INTERNAL, naming it.
    pub fn metadata(self, key: &str, value: impl TryInto<HeaderValue>) -> Self {
        self.with(|options| options.metadata.append(key, value))
    }

    /// Sends a binary value along; `key` ends in `-bin`.
    pub fn metadata_bin(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.with(|options| options.metadata.append_bin(key, value))
    }

    /// Gives the metadata that came with the reply, too.
    pub fn with_response(self) -> WithResponse<R, E> {
        WithResponse(self)
    }

    fn with(mut self, set: impl FnOnce(&mut Options)) -> Self {
        if let Some(options) = self.invocation.as_mut().options() {
            set(options);
        }
        self
    }
}

impl<R, E: From<Status>> Future for Call<R, E> {
    type Output = Result<R, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.invocation.as_mut().poll(cx));
        Poll::Ready(response.map(|r| r.message).map_err(E::from))
    }
}

impl<R, E> fmt::Debug for Call<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

/// A [`Call`] that gives its [`Response`].
#[must_use = "a call does nothing until it is awaited"]
#[derive(Debug)]
pub struct WithResponse<R, E = Status>(Call<R, E>);

impl<R, E: From<Status>> Future for WithResponse<R, E> {
    type Output = Result<Response<R>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.0.invocation.as_mut().poll(cx));
        Poll::Ready(response.map_err(E::from))
    }
}

/// A reply with what came along.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response<R> {
    /// The message; for a streaming method its streams.
    pub message: R,
    /// What preceded it. Of a stream it comes later: [`crate::Inbound::headers`].
    pub metadata: Metadata,
    /// What followed it. Of a stream it comes later: [`crate::Inbound::trailers`].
    pub trailers: Metadata,
    /// Whether the message came compressed. Of a stream each message says: [`crate::Inbound::was_compressed`].
    pub was_compressed: bool,
}

impl<R> Response<R> {
    pub(crate) fn new(message: R, metadata: Metadata, trailers: Metadata) -> Self {
        Self {
            message,
            metadata,
            trailers,
            was_compressed: false,
        }
    }
}
