//! Services that call one another: stubs, skeletons and the stack between them.

#[allow(dead_code)]
mod endpoint;
#[allow(dead_code)]
mod rt;
#[allow(dead_code)]
mod server;
#[allow(dead_code)]
mod transport;
pub use endpoint::target::{InvalidTarget, Target};
pub use transport::connect::{Connect, ConnectError, SocketConnector};
pub use transport::stream::Stream;
