//! The server's half of generated code, as something to add to a [`Server`].
//! It refuses to know the trait behind it.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;

use tower::{Layer, Service};

use super::builder::Server;
use super::handle::Dispatch;
use crate::call::{RawCall, RawReply, ServiceSpec, Status};
use crate::middleware::{Layers, Next};

/// One service with its handlers: what a generated `server(…)` function returns.
pub struct Skeleton {
    pub(super) dispatch: Arc<dyn Dispatch>,
    pub(super) layers: Layers,
}

impl Skeleton {
    pub(crate) fn new(dispatch: impl Dispatch) -> Self {
        Self {
            dispatch: Arc::new(dispatch),
            layers: Layers::default(),
        }
    }

    /// What it serves.
    pub fn spec(&self) -> &'static ServiceSpec {
        self.dispatch.spec()
    }

    /// Adds a layer around this service alone. The first one added is the outermost; those of the server stand outside
    /// of it.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Next> + Send + Sync + 'static,
        L::Service: Service<RawCall, Response = RawReply> + Clone + Send + Sync + 'static,
        <L::Service as Service<RawCall>>::Error: Into<Status>,
        <L::Service as Service<RawCall>>::Future: Send,
    {
        self.layers.push(layer);
        self
    }

    /// Short for [`Server::new()`][Server::new]`.add(self).serve(addr)`.
    ///
    /// # Errors
    /// Those of [`Server::serve`].
    pub fn serve(self, addr: impl fmt::Display) -> impl Future<Output = io::Result<()>> + Send {
        Server::new().add(self).serve(addr)
    }

    /// Short for [`Server::new()`][Server::new]`.add(self).bind(addr)`.
    ///
    /// # Errors
    /// Those of [`Server::bind`].
    pub fn bind(
        self,
        addr: impl fmt::Display,
    ) -> impl Future<Output = io::Result<super::Bound>> + Send {
        Server::new().add(self).bind(addr)
    }
}

impl fmt::Debug for Skeleton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Skeleton({})", self.spec().name())
    }
}
