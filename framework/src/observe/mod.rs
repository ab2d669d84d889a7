//! What is told of calls, on both sides: one trait, one guard that cannot forget a call, and the names of the metrics
//! in one file.
//! It refuses to be read by anything that decides.

pub mod names;
mod observer;
mod recorder;

use std::fmt;
use std::time::Duration;

use crate::call::{Code, MethodSpec};

pub(crate) use observer::{Observed, Observer};
pub use recorder::Recorder;

/// Which end of a call is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The caller's; a logical call, whatever the number of its attempts.
    Client,
    /// The server's, refusals included.
    Server,
}

/// What is told of calls. Implementations are called on the call path: they must be quick and must not block.
pub trait Metrics: Send + Sync + 'static {
    /// A call began.
    fn started(&self, side: Side, method: &MethodSpec);

    /// A call ended: for a stream, when its last message was taken or it was dropped.
    /// A call that was dropped before it ended has [`Code::Cancelled`].
    fn ended(&self, side: Side, method: &MethodSpec, code: Code, elapsed: Duration);

    /// A server did not serve a connection: `reason` is one of
    /// `http1`, `tls`, `unknown`, `gone`, `silent` and `io`, after what its first bytes were;
    /// where the server speaks TLS also `plaintext`, when they were HTTP without it, and `tls_handshake`, when TLS did
    /// not come about;
    /// `full`, when it was closed because [`crate::Server::max_connections`] were open;
    /// `accept`, when it could not be accepted, for example for want of file descriptors.
    /// `detail` says it in words. Not told unless implemented.
    fn refused_connection(&self, reason: &'static str, detail: &dyn fmt::Display) {
        let _ = (reason, detail);
    }

    /// A file of policies ([`crate::ChannelBuilder::policy_file`], [`crate::Server::policy_file`]) has changed: it was
    /// taken, or it was refused and what it held before goes on to hold. `detail` says it in words. Told by a task, not
    /// on the call path, and not unless implemented.
    fn policy_file(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        let _ = (side, is_taken, detail);
    }

    /// A file that TLS is set up with (a certificate, a key, roots) has changed: it was taken for connections that are
    /// made from now on, or it was refused and what it held before goes on to hold. `detail` says it in words. Told by
    /// a task, not on the call path, and not unless implemented.
    fn tls_files(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        let _ = (side, is_taken, detail);
    }
}
