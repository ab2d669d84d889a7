//! Whatever takes a call and gives its reply, with its type erased: what stands at the seams.
//! It refuses to be ready or not: it always is.

use std::future::Future;
use std::pin::Pin;

use super::{RawCall, RawReply, Status};

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One call, all of the way that is left.
pub(crate) trait Serve: Send + Sync + 'static {
    fn serve(&self, call: RawCall) -> BoxFuture<Result<RawReply, Status>>;
}
