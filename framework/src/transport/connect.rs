//! How a connection to a target comes about: the sockets of the system, or a
//! connector of the user.
//! It decides nothing about when to connect, or to connect again.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

pub use self::error::ConnectError;
pub use self::sockets::SocketConnector;
use super::stream::Stream;
use crate::transport::target::Target;

mod error;
mod sockets;
#[cfg(test)]
mod tests;

/// How long looking up a name and connecting to its addresses may take
/// together, unless an option says otherwise. gRPC gives 20 s at least
/// (doc/connection-backoff.md); a call that waits for its first connection
/// has 10 s by default, and should learn before then what is wrong.
pub(crate) const CONNECT_BUDGET: Duration = Duration::from_secs(5);

/// Opens connections for a channel in place of TCP and Unix sockets: through a
/// proxy, a tunnel, or with something counted or broken on the way.
///
/// ```
/// struct Loud;
///
/// impl sinew::Connect for Loud {
///     type Io = sinew::Stream;
///
///     async fn connect(&self, target: &sinew::Target) -> std::io::Result<sinew::Stream> {
///         println!("connecting to {target}");
///         sinew::SocketConnector::new().connect(target).await
///     }
/// }
/// ```
pub trait Connect: Send + Sync + 'static {
    /// The connection; written to as soon as it is there.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens one connection to `target`.
    ///
    /// # Cancel safety
    /// The channel drops the future when the connect budget is used up, or
    /// when it is dropped itself.
    ///
    /// # Errors
    /// Whatever went wrong, in words that name it: callers will read them.
    fn connect(&self, target: &Target) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

/// The connector of a channel. Boxes are made only for a custom one.
#[derive(Clone, Default)]
pub(crate) enum Connector {
    #[default]
    Sockets,
    Custom(Arc<dyn ErasedConnect>),
}

impl Connector {
    pub(crate) fn custom(connector: impl Connect) -> Self {
        Self::Custom(Arc::new(connector))
    }

    /// Opens one connection to `target`, within `budget`.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        budget: Duration,
    ) -> Result<Stream, ConnectError> {
        let connecting = match self {
            Self::Sockets => return sockets::open(target, budget).await,
            Self::Custom(connector) => connector.connect_erased(target),
        };
        match timeout(budget, connecting).await {
            Ok(Ok(io)) => Ok(io),
            // A custom connector may have asked the sockets' one.
            Ok(Err(error)) => Err(error
                .downcast::<ConnectError>()
                .unwrap_or_else(|error| ConnectError::custom(target, error))),
            Err(_) => Err(ConnectError::custom_timeout(target, budget)),
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sockets => "Sockets",
            Self::Custom(_) => "Custom",
        })
    }
}

type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send + 'a>>;

/// [`Connect`] with its types erased.
pub(crate) trait ErasedConnect: Send + Sync {
    fn connect_erased<'a>(&'a self, target: &'a Target) -> Connecting<'a>;
}

impl<C: Connect> ErasedConnect for C {
    fn connect_erased<'a>(&'a self, target: &'a Target) -> Connecting<'a> {
        Box::pin(async move { self.connect(target).await.map(Stream::custom) })
    }
}
