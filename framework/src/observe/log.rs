//! Spans and events, with their levels: what whoever subscribes to `tracing` sees. Their targets and fields are those
//! of docs/observability.md.
//! It refuses to show metadata and messages, and to flood: what peers can bring about is said a few times a second.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Span, debug, debug_span, error, field, info, info_span, warn};

#[cfg(feature = "policy-file")]
use super::Side;
use super::sparing::Sparing;
use crate::call::{Code, MethodHandle, MethodSpec, RawCall, Status};

/// The span of a call at its client. At debug: it is the caller's own span that says what calls are made for.
pub(super) fn call_span(call: &RawCall) -> Span {
    debug_span!(
        target: "sinew::call",
        "sinew.call",
        method = %call.method(),
        endpoint = field::Empty,
        attempts = field::Empty,
        code = field::Empty,
        elapsed = field::Empty,
    )
}

/// The span of a call at its server, in which its handler runs.
pub(super) fn serve_span(call: &RawCall) -> Span {
    info_span!(
        target: "sinew::serve",
        "sinew.serve",
        method = %call.method(),
        peer = %call.peer(),
        trace_id = call.trace.as_ref().map(|trace| trace.trace_id()),
        code = field::Empty,
        elapsed = field::Empty,
    )
}

/// Somebody may want to know of calls that failed.
pub(super) fn logs_failures() -> bool {
    LevelFilter::current() >= LevelFilter::ERROR
}

/// A call is handed to a connection.
pub(super) fn attempt(span: &Span, endpoint: &str, count: u32) {
    span.record("endpoint", endpoint);
    span.record("attempts", count);
}

/// A call is over.
pub(super) fn ended(span: &Span, code: Code, elapsed: Duration) {
    if !span.is_disabled() {
        span.record("code", code.as_str());
        span.record("elapsed", field::debug(elapsed));
    }
}

/// A call that a server answers with a code of a defect. What caused it is in no reply: here it is said.
pub(super) fn failed(span: &Span, method: &MethodHandle, status: &Status) {
    static SPARING: Sparing = Sparing::new();
    let is_defect = matches!(
        status.code(),
        Code::Internal | Code::Unknown | Code::DataLoss
    );
    if !is_defect || !tracing::enabled!(target: "sinew::serve", Level::WARN) {
        return;
    }
    // A panic has been said where it was caught.
    if status
        .source()
        .is_some_and(|source| source.is::<Panicked>())
    {
        return;
    }
    if let Some(left_out) = SPARING.lets_through(second()) {
        warn!(
            target: "sinew::serve",
            parent: span.id(),
            %method,
            code = status.code().as_str(),
            error = status.message(),
            cause = status.source().map(|source| field::display(Causes(source))),
            left_out,
            "a call failed",
        );
    }
}

/// An error and all that it was caused by.
struct Causes<'a>(&'a dyn Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut error = self.0;
        while let Some(source) = error.source() {
            write!(f, ": {source}")?;
            error = source;
        }
        Ok(())
    }
}

/// What a handler panicked with. The caller is told nothing of it.
#[derive(Debug)]
pub(crate) struct Panicked(String);

impl Panicked {
    /// Takes what was caught, and says it.
    pub(crate) fn caught(panic: &(dyn Any + Send), method: &MethodSpec) -> Self {
        let what = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a value that is no text");
        error!(target: "sinew::serve", %method, panic = what, "a handler panicked");
        Self(what.to_owned())
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0)
    }
}

impl Error for Panicked {}

/// A server listens.
pub(crate) fn listening(url: &str) {
    info!(target: "sinew::server", url, "listening");
}

/// A server ends: it accepts no more connections, and these are told to end.
pub(crate) fn drain_began(connections: usize) {
    info!(target: "sinew::server", connections, "draining");
}

/// A server has ended; so many connections were cut off.
pub(crate) fn drain_ended(cut_off: usize) {
    if cut_off == 0 {
        info!(target: "sinew::server", "drained");
    } else {
        warn!(target: "sinew::server", cut_off, "drained, but for calls that took too long");
    }
}

/// A server did not serve a connection. What is wrong with the peer is the peer's business; what is wrong with the
/// server is not.
pub(super) fn refused_connection(reason: &'static str, detail: &dyn fmt::Display) {
    static SPARING: Sparing = Sparing::new();
    if !matches!(reason, "accept" | "full") {
        debug!(target: "sinew::server", reason, %detail, "a connection was refused");
    } else if tracing::enabled!(target: "sinew::server", Level::WARN)
        && let Some(left_out) = SPARING.lets_through(second())
    {
        warn!(target: "sinew::server", reason, %detail, left_out, "a connection was not taken");
    }
}

/// A server broke off a connection for what its peer did.
pub(super) fn broken_off(reason: &'static str, detail: &dyn fmt::Display) {
    debug!(target: "sinew::server", reason, %detail, "a connection was broken off");
}

/// A file of policies has changed.
#[cfg(feature = "policy-file")]
pub(super) fn policy_file(side: Side, is_taken: bool, detail: &dyn fmt::Display) {
    let side = side.as_str();
    if is_taken {
        info!(target: "sinew::policy", side, %detail, "a file of policies was taken");
    } else {
        warn!(target: "sinew::policy", side, %detail, "a file of policies was refused");
    }
}

/// Who serves a name has changed; where it is kept as it was, that is a worry.
pub(super) fn discovery_changed(
    name: &str,
    change: &dyn fmt::Display,
    instances: usize,
    is_worry: bool,
) {
    if is_worry {
        warn!(target: "sinew::discovery", name, instances, %change, "who serves is doubtful");
    } else {
        info!(target: "sinew::discovery", name, instances, %change, "who serves has changed");
    }
}

/// A file in the registry directory is no record, though somebody keeps it locked as one.
pub(crate) fn record_refused(path: &Path, why: &str) {
    warn!(target: "sinew::discovery", path = %path.display(), why, "a record was refused");
}

/// Nobody tells of changes in a registry directory: it is looked at so often instead. Said once for each that looks.
pub(crate) fn unwatched(dir: &Path, why: &dyn fmt::Display, every: Duration) {
    let dir = dir.display();
    warn!(
        target: "sinew::discovery", %dir, %why, ?every,
        "a registry is looked at, not watched; for limits see inotify(7)"
    );
}

/// A server is to be found in a registry, as one that is in this state.
pub(crate) fn registered(registry: &str, instance: &dyn fmt::Display, state: &str) {
    info!(target: "sinew::discovery", registry, %instance, state, "registered");
}

/// A server is not to be found, or not as it should; it is tried again and again, and this not said again.
pub(crate) fn not_registered(registry: &str, why: &str) {
    warn!(target: "sinew::discovery", registry, why, "not registered");
}

/// A channel connected.
pub(super) fn connected(endpoint: &dyn fmt::Display) {
    info!(target: "sinew::connection", %endpoint, "connected");
}

/// A channel's connection takes no more calls.
pub(super) fn lost(endpoint: &dyn fmt::Display) {
    info!(target: "sinew::connection", %endpoint, "the connection has ended");
}

/// What a channel thinks of an endpoint has changed. That one is taken out of use is a reason to look at it.
pub(super) fn endpoint_changed(endpoint: &dyn fmt::Display, from: &str, to: &str, reason: &str) {
    if matches!(to, "ejected" | "hung") {
        warn!(target: "sinew::endpoint", %endpoint, from, to, reason, "an endpoint is out of use");
    } else {
        info!(target: "sinew::endpoint", %endpoint, from, to, reason, "an endpoint has changed");
    }
}

/// A channel did not connect. An endpoint that stays away fails in the same way again and again: that is no news.
pub(super) fn connect_failed(reason: &'static str, detail: &dyn fmt::Display, is_news: bool) {
    if is_news {
        warn!(target: "sinew::connection", reason, %detail, "not connected");
    } else {
        debug!(target: "sinew::connection", reason, %detail, "not connected");
    }
}

/// Of a clock that starts with the first line.
fn second() -> u32 {
    static START: OnceLock<Instant> = OnceLock::new();
    let since = START.get_or_init(Instant::now).elapsed().as_secs();
    u32::try_from(since).unwrap_or(u32::MAX)
}
