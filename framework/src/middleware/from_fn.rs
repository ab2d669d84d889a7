//! Middleware that is one async function, as in axum.
//! It refuses to hold state of its own: a closure captures what it needs.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::Next;
use crate::call::serve::BoxFuture;
use crate::call::{RawCall, RawReply, Status};

/// A layer from `async fn(RawCall, Next) -> sinew::Result<RawReply>`.
///
/// ```
/// async fn audit(call: sinew::RawCall, next: sinew::Next) -> sinew::Result<sinew::RawReply> {
///     let method = call.method().to_string();
///     let reply = next.run(call).await;
///     println!("{method}: {:?}", sinew::code_of(&reply));
///     reply
/// }
/// let server = sinew::Server::new().layer(sinew::from_fn(audit));
/// ```
pub fn from_fn<F, Fut>(f: F) -> FromFnLayer<F>
where
    F: Fn(RawCall, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<RawReply, Status>> + Send + 'static,
{
    FromFnLayer(Arc::new(f))
}

/// See [`from_fn`].
pub struct FromFnLayer<F>(Arc<F>);

impl<F> Clone for FromFnLayer<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> Layer<Next> for FromFnLayer<F> {
    type Service = FromFn<F>;

    fn layer(&self, next: Next) -> FromFn<F> {
        FromFn {
            f: Arc::clone(&self.0),
            next,
        }
    }
}

/// The service that [`from_fn`] makes.
pub struct FromFn<F> {
    f: Arc<F>,
    next: Next,
}

impl<F> Clone for FromFn<F> {
    fn clone(&self) -> Self {
        Self {
            f: Arc::clone(&self.f),
            next: self.next.clone(),
        }
    }
}

impl<F, Fut> Service<RawCall> for FromFn<F>
where
    F: Fn(RawCall, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<RawReply, Status>> + Send + 'static,
{
    type Response = RawReply;
    type Error = Status;
    type Future = BoxFuture<Result<RawReply, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: RawCall) -> Self::Future {
        Box::pin((self.f)(call, self.next.clone()))
    }
}

impl<F> fmt::Debug for FromFnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFnLayer")
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}
