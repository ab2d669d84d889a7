//! What is told of calls and connections, on both sides: traits for metrics, guards that cannot forget a call, spans
//! and events for logs, and the names of the metrics in one file.
//! It refuses to be read by anything that decides.

mod connection;
mod handles;
mod in_span;
mod log;
pub mod names;
mod observed;
mod observer;
#[cfg(feature = "prometheus")]
mod prometheus;
mod recorder;
mod sparing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{Code, MethodSpec};

pub(crate) use connection::OpenConnection;
pub(crate) use in_span::InSpan;
pub(crate) use log::{
    Panicked, drain_began, drain_ended, listening, not_registered, record_refused, registered,
    unwatched,
};
pub(crate) use observed::{Observed, Teller, Told};
pub(crate) use observer::Observer;
#[cfg(feature = "prometheus")]
pub use prometheus::Prometheus;
pub use recorder::Recorder;

/// Which end of a call is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The caller's; a logical call, whatever the number of its attempts.
    Client,
    /// The server's, refusals included.
    Server,
}

impl Side {
    /// As metrics and logs spell it: `client`, `server`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// What is told of calls and connections: what a recorder of metrics implements.
///
/// Only [`Metrics::method`] has to be there; what else is told is not taken unless implemented.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use sinew::MethodSpec;
/// use sinew::observe::{CallEnd, MethodMetrics, Metrics, Side};
///
/// /// Counts the calls that failed.
/// #[derive(Default)]
/// struct Failures(Arc<AtomicU64>);
///
/// impl Metrics for Failures {
///     fn method(&self, _: Side, _: &MethodSpec) -> Arc<dyn MethodMetrics> {
///         Arc::new(OfMethod(self.0.clone()))
///     }
/// }
///
/// struct OfMethod(Arc<AtomicU64>);
///
/// impl MethodMetrics for OfMethod {
///     fn started(&self) {}
///
///     fn ended(&self, end: &CallEnd) {
///         let failed = end.code != sinew::Code::Ok;
///         self.0.fetch_add(failed.into(), Ordering::Relaxed);
///     }
/// }
///
/// let server = sinew::Server::new().metrics(Arc::new(Failures::default()));
/// ```
pub trait Metrics: Send + Sync + 'static {
    /// Whom calls of one method are told to, on one side.
    ///
    /// A channel or server asks at the first call of a method, and keeps the answer for as long as it lives: here is
    /// the place to look up and to allocate. Each of them asks for itself, so that of one method one may be asked more
    /// than once; answers may be shared.
    ///
    /// Methods that are only known at run time, as of a call that no generated code made or that a server does not
    /// have, are all one: its path is `/other`, and it displays as `other`. So no peer can make metrics grow.
    fn method(&self, side: Side, method: &MethodSpec) -> Arc<dyn MethodMetrics>;

    /// A connection speaks HTTP/2 now: one that a server accepted, or one that a channel opened.
    fn connection_opened(&self, side: Side) {
        let _ = side;
    }

    /// A connection that was told of as opened is over, with its calls.
    fn connection_closed(&self, side: Side) {
        let _ = side;
    }

    /// A channel could not connect, or the peer hung up before the connection was of use. `reason` is one of `lookup`,
    /// `connect`, `connector` (the channel's own), `tls`, `handshake` (of HTTP/2) and `hang_up`; `detail` says it in
    /// words.
    fn connect_failed(&self, reason: &'static str, detail: &dyn fmt::Display) {
        let _ = (reason, detail);
    }

    /// What a channel thinks of one of its endpoints has changed: `to` is `warm`, `ready`, `suspect`, `draining`,
    /// `ejected`, `trial` or `hung`; `reason` says why in a word: `warmed_up`, `failures_in_a_row`, `outlier`,
    /// `ejection_over`, `trial_passed`, `trial_failed`, `silent`, `unanswered`, `answered`, `disconnected`, `leaving`,
    /// `starting`, `flapping`, `superseded`, `back` or `same_process`. Told by a task, not on the call path.
    fn endpoint_changed(&self, to: &'static str, reason: &'static str) {
        let _ = (to, reason);
    }

    /// A directory looks for who serves `name`, the URL of a channel, from now on.
    fn discovery_began(&self, name: &str) {
        let _ = name;
    }

    /// A directory that was told of looks no more: its channel is gone, or its source has said all.
    fn discovery_ended(&self, name: &str) {
        let _ = name;
    }

    /// It was read who serves `name`: `outcome` is `taken`, or, where what was known before goes on to hold, `empty` or
    /// `failed`.
    fn discovery_read(&self, name: &str, outcome: &'static str) {
        let _ = (name, outcome);
    }

    /// It is read before its time who serves `name`: `cause` is `suspect` (an endpoint could not be reached), `held`
    /// (many were missing at once) or one of the source's own.
    fn discovery_relisted(&self, name: &str, cause: &'static str) {
        let _ = (name, cause);
    }

    /// A reading left out so many of those who serve `name` that they are kept for now.
    fn discovery_held(&self, name: &str, instances: usize) {
        let _ = (name, instances);
    }

    /// A server told a connection's client to send nothing more on it: `reason` is `drain`, when the server ends;
    /// `age`, when the connection is as old as [`crate::Server::max_connection_age`] lets it get; `idle`, when it was
    /// without a call for [`crate::Server::max_connection_idle`]; or `no_call`, when none had begun by the end of
    /// [`crate::Server::first_call_timeout`].
    fn connection_told_to_end(&self, reason: &'static str) {
        let _ = reason;
    }

    /// Calls of a connection that was told to end have outlasted the drain timeout: they were cut off with it.
    fn connection_cut_off(&self) {}

    /// A server broke off a connection for what its client did: `reason` is `flood`, when that sent more control frames
    /// than its calls need, or too much of something else that HTTP/2 bounds; or `slow_head`, when it began the head of
    /// a request and did not end it in time.
    fn connection_broken_off(&self, reason: &'static str) {
        let _ = reason;
    }

    /// A server did not serve a connection: `reason` is one of
    /// `http1`, `tls`, `unknown`, `gone`, `silent` and `io`, after what its first bytes were;
    /// where the server speaks TLS also `plaintext`, when they were HTTP without it, and `tls_handshake`, when TLS did
    /// not come about;
    /// `full`, when it was closed because [`crate::Server::max_connections`] were open;
    /// `accept`, when it could not be accepted, for example for want of file descriptors.
    /// `detail` says it in words.
    fn refused_connection(&self, reason: &'static str, detail: &dyn fmt::Display) {
        let _ = (reason, detail);
    }

    /// A file of policies (`ChannelBuilder::policy_file`, `Server::policy_file`) has changed: it was
    /// taken, or it was refused and what it held before goes on to hold. `detail` says it in words. Told by a task, not
    /// on the call path.
    fn policy_file(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        let _ = (side, is_taken, detail);
    }

    /// A file that TLS is set up with (a certificate, a key, roots) has changed: it was taken for connections that are
    /// made from now on, or it was refused and what it held before goes on to hold. `detail` says it in words. Told by
    /// a task, not on the call path.
    fn tls_files(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        let _ = (side, is_taken, detail);
    }
}

/// What is told of the calls of one method, on one side ([`Metrics::method`]). All of it is called on the call path: it
/// must be quick and must not block.
pub trait MethodMetrics: Send + Sync + 'static {
    /// A call began.
    fn started(&self);

    /// A call ended: for a stream, when its last message was taken or it was dropped. Told once for each that began.
    fn ended(&self, end: &CallEnd);

    /// A client hands a call to a connection: for the first time, or once more.
    fn attempt(&self) {}

    /// A client sends a call once more, as no handler has seen it: `reason` is `unsent` (the connection had just
    /// stopped to take calls), `gone_away` (the server closes the connection and has not begun the call) or `refused`
    /// (the server refused this very call before it began it).
    fn sent_again(&self, reason: &'static str) {
        let _ = reason;
    }

    /// A call waits at its client, for a connection or for a free stream.
    fn waiting(&self) {}

    /// A call that waited goes on, or is given up.
    fn waited(&self, elapsed: Duration) {
        let _ = elapsed;
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallEnd {
    /// [`Code::Cancelled`] also for a call that was dropped before it ended.
    pub code: Code,
    /// From its start to its end.
    pub elapsed: Duration,
    /// Why a server refused the call before anything was done for it, if it did: `expired` or `unknown_method`. The
    /// time of such calls says nothing about the service, and is better kept out of statistics of it.
    pub refused: Option<&'static str>,
}
