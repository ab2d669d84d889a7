//! A handler for methods that no service has.
//! It refuses to know what their bytes mean.

use std::future::Future;

use crate::call::serve::{BoxFuture, Serve};
use crate::call::{RawCall, RawReply, Status};

/// See [`crate::Server::fallback`].
pub(crate) struct Fallback<F>(pub(crate) F);

impl<F, Fut> Serve for Fallback<F>
where
    F: Fn(RawCall) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<RawReply, Status>> + Send + 'static,
{
    fn serve(&self, call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        let handled = (self.0)(call);
        Box::pin(async move { handled.await.map_err(Status::for_caller) })
    }
}
