//! gRPC over HTTP/2, the client's side: one task a connection, none a unary call.
//! It refuses to connect, to wait for a connection, and to judge what an error means to others.

mod connection;
mod failure;
mod head;
mod keepalive;
mod probe;
mod pump;
mod reply;
#[cfg(test)]
mod tests;
mod window;

pub(crate) use connection::{Connection, Slot, handshake};
pub(crate) use head::ClientSettings;
pub(crate) use keepalive::KeepAlive;
pub(crate) use window::{STREAM_WINDOW, server_window};
