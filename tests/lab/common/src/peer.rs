//! What a peer brings: a server, and a client for it.
//!
//! Nothing here says how: each peer is written as its own documentation shows it.

use std::{net::SocketAddr, time::Duration};

use crate::{Failure, Meter};

/// The deadline that every call of every peer is sent with.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Tells the driver where the server listens.
pub type Announce = fn(SocketAddr);

/// A framework under test.
pub trait Peer {
    /// A client of [`Peer::serve`].
    type Caller: Caller;

    /// Serves `lab.v1.Echo` on a free port of 127.0.0.1, which it announces, until the process ends.
    ///
    /// `meter` says whether sockets are to be [`Counted`](crate::Counted).
    fn serve(
        meter: Meter,
        announce: Announce,
    ) -> impl Future<Output = Result<(), Failure>> + Send + 'static;

    /// Opens one connection.
    fn connect(
        server: SocketAddr,
        meter: Meter,
    ) -> impl Future<Output = Result<Self::Caller, Failure>> + Send;
}

/// A client on one connection; clones share it. Each call carries [`DEADLINE`].
pub trait Caller: Clone + Send + Sync + 'static {
    /// Sends `payload` and checks that it comes back.
    fn echo(&mut self, payload: &[u8]) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Has the handler burn `cpu`.
    fn burn(&mut self, cpu: Duration) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Calls the handler that does nothing.
    fn ping(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}
