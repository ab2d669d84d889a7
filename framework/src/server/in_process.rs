//! A server behind the in-process transport.
//! It refuses to know who calls.

use std::sync::Arc;

use tokio::time::Instant;

use super::route::Caught;
use super::{Server, Skeleton, Stack};
use crate::call::serve::{BoxFuture, Serve};
use crate::call::{LoadReport, RawCall, RawReply, Status};
use crate::transport::memory::{InProcess, InProcessLink, Local, Unserved};

struct Served(Arc<Stack>);

impl Serve for Served {
    fn serve(&self, mut call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        let stack = Arc::clone(&self.0);
        call.route = stack.routes.find(call.method.path());
        call.limit = stack.request_limit;
        // The caller's own idea of the method may be another.
        if let Some(method) = call.route.and_then(|route| stack.routes.method(route)) {
            call.limit = stack.routes.request_limit(&method);
            call.method = method;
        }
        Box::pin(async move {
            // As over HTTP: neither a panic nor the caller's context crosses.
            Caught::new(call.method.clone(), stack.serve(&mut call)).await
        })
    }
}

impl Local for Served {
    fn load(&self, now: Instant) -> Option<LoadReport> {
        self.0.load.now(now)
    }

    #[cfg(feature = "testing")]
    fn stretch(&self, by: u32) {
        self.0.load.meter.stretch(by);
    }
}

impl InProcess for Server {
    fn into_link(self) -> InProcessLink {
        match self.assemble() {
            Ok(stack) => InProcessLink::new(Served(Arc::new(stack))),
            Err(error) => InProcessLink::new(Unserved(error.to_string())),
        }
    }
}

impl InProcess for Skeleton {
    fn into_link(self) -> InProcessLink {
        Server::from(self).into_link()
    }
}
