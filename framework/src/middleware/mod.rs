//! Layers of the user, on either side and at either seam: any `tower::Layer` over [`RawCall`] → [`RawReply`], a
//! function by [`from_fn`], or a closure.
//! It refuses to decide where they stand: that is `client/mod.rs` and `server/mod.rs`.

mod from_fn;

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::{Layer, Service};

use crate::call::serve::{BoxFuture, Serve};
use crate::call::{RawCall, RawReply, Status};

pub use from_fn::{FromFn, FromFnLayer, from_fn};

/// What a layer wraps: the rest of the way of a call.
///
/// It is always ready; clones are cheap.
#[derive(Clone)]
pub struct Next(Arc<dyn Serve>);

impl Next {
    pub(crate) fn new(serve: impl Serve) -> Self {
        Self(Arc::new(serve))
    }

    /// Sends the call on.
    ///
    /// # Errors
    /// The status that the call ended with.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call.
    pub async fn run(&self, call: RawCall) -> Result<RawReply, Status> {
        self.0.serve(call).await
    }

    pub(crate) fn serve(&self, call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        self.0.serve(call)
    }
}

impl Service<RawCall> for Next {
    type Response = RawReply;
    type Error = Status;
    type Future = BoxFuture<Result<RawReply, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: RawCall) -> Self::Future {
        self.0.serve(call)
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}

/// Layers in the order in which they were added: the first is the outermost.
#[derive(Clone, Default)]
pub(crate) struct Layers(Vec<Arc<dyn Fn(Next) -> Next + Send + Sync>>);

impl Layers {
    pub(crate) fn push<L>(&mut self, layer: L)
    where
        L: Layer<Next> + Send + Sync + 'static,
        L::Service: Service<RawCall, Response = RawReply> + Clone + Send + Sync + 'static,
        <L::Service as Service<RawCall>>::Error: Into<Status>,
        <L::Service as Service<RawCall>>::Future: Send,
    {
        self.0
            .push(Arc::new(move |next| Next::new(Foreign(layer.layer(next)))));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The layers around `inner`.
    pub(crate) fn around(&self, inner: Next) -> Next {
        let inward = self.0.iter().rev();
        inward.fold(inner, |next, layer| layer(next))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} layers", self.0.len())
    }
}

/// A service of the user's. Unlike ours it may be not ready, and some panic if they are not asked: each call
/// clones it, waits until the clone is ready, and calls it. The call's deadline bounds the wait.
struct Foreign<S>(S);

impl<S> Serve for Foreign<S>
where
    S: Service<RawCall, Response = RawReply> + Clone + Send + Sync + 'static,
    S::Error: Into<Status>,
    S::Future: Send,
{
    fn serve(&self, call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(Into::into)?;
            service.call(call).await.map_err(Into::into)
        })
    }
}

/// The smallest middleware: a closure that sees the call, and may refuse it.
pub(crate) type OnCall = Arc<dyn Fn(&mut RawCall) -> Result<(), Status> + Send + Sync>;

/// Errors of foreign tower layers: a [`Status`] inside is taken as it is, anything else is INTERNAL with the error as
/// its source.
impl From<Box<dyn Error + Send + Sync>> for Status {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        match error.downcast::<Status>() {
            Ok(status) => *status,
            Err(error) if error.is::<tower::timeout::error::Elapsed>() => {
                Status::deadline_exceeded("a timeout layer cut the call off")
            }
            Err(error) if error.is::<tower::load_shed::error::Overloaded>() => {
                Status::resource_exhausted("a load-shedding layer refused the call")
            }
            Err(error) => Status::internal(error),
        }
    }
}
