//! Metrics kept in this process, for tests.
//! It refuses to be fast: it takes a lock on each call.
//!
//! It is inline, so that the tests that have one compile it, and not every build of this crate.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{CallEnd, MethodMetrics, Metrics, Side, names};
use crate::call::{Code, MethodSpec};

/// Counts calls in memory.
///
/// ```
/// use std::sync::Arc;
/// let recorder = Arc::new(sinew::observe::Recorder::default());
/// let server = sinew::Server::new().metrics(recorder.clone());
/// assert_eq!(recorder.in_flight(sinew::observe::Side::Server), 0);
/// ```
#[derive(Debug, Default)]
pub struct Recorder(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    in_flight: BTreeMap<Side, u64>,
    endpoint_changes: BTreeMap<&'static str, u64>,
    /// Counts by reason, each by the name of its metric.
    connections: BTreeMap<(&'static str, &'static str), u64>,
    /// Of each kind by the name of its metric.
    file_changes: BTreeMap<(&'static str, Side, &'static str), u64>,
    ended: BTreeMap<(Side, String, &'static str), (u64, Duration)>,
    /// Of each metric of discovery by the value of its label.
    discovery: BTreeMap<(&'static str, &'static str), u64>,
}

impl Recorder {
    /// Calls that have begun and not ended.
    #[inline]
    pub fn in_flight(&self, side: Side) -> u64 {
        self.lock().in_flight.get(&side).copied().unwrap_or(0)
    }

    /// Calls of `method` (`shop.v1.Cart/AddLine`) that ended with `code`.
    #[inline]
    pub fn ended(&self, side: Side, method: &str, code: Code) -> u64 {
        let key = (side, method.to_owned(), code.as_str());
        self.lock().ended.get(&key).map_or(0, |(count, _)| *count)
    }

    /// Connections that were not served, for this reason.
    #[inline]
    pub fn refused_connections(&self, reason: &'static str) -> u64 {
        self.connections(names::SERVER_REFUSED_CONNECTIONS, reason)
    }

    /// Connections whose clients were told to send nothing more on them, for this reason.
    #[inline]
    pub fn told_to_end(&self, reason: &'static str) -> u64 {
        self.connections(names::SERVER_TOLD_TO_END, reason)
    }

    /// Connections that were broken off for what their clients did, for this reason.
    #[inline]
    pub fn broken_off(&self, reason: &'static str) -> u64 {
        self.connections(names::SERVER_BROKEN_OFF, reason)
    }

    #[inline]
    fn connections(&self, name: &'static str, reason: &'static str) -> u64 {
        let state = self.lock();
        state.connections.get(&(name, reason)).copied().unwrap_or(0)
    }

    #[inline]
    fn connection(&self, name: &'static str, reason: &'static str) {
        *self.lock().connections.entry((name, reason)).or_default() += 1;
    }

    /// Changes of what channels think of endpoints, for this reason.
    #[inline]
    pub fn endpoint_changes(&self, reason: &'static str) -> u64 {
        let state = self.lock();
        state.endpoint_changes.get(reason).copied().unwrap_or(0)
    }

    /// Changes of files of policies, those that were taken or those that were refused.
    #[inline]
    pub fn policy_files(&self, side: Side, is_taken: bool) -> u64 {
        self.file_changes(names::POLICY_FILE_CHANGES, side, is_taken)
    }

    /// Changes of the files that TLS is set up with, those that were taken or those that were refused.
    #[inline]
    pub fn tls_files(&self, side: Side, is_taken: bool) -> u64 {
        self.file_changes(names::TLS_FILE_CHANGES, side, is_taken)
    }

    /// Readings of who serves a name, with this outcome: `taken`, `empty` or `failed`.
    #[inline]
    pub fn discovery_readings(&self, outcome: &'static str) -> u64 {
        self.discovery(names::DISCOVERY_READINGS, outcome)
    }

    /// Readings before their time, for this cause.
    #[inline]
    pub fn discovery_relists(&self, cause: &'static str) -> u64 {
        self.discovery(names::DISCOVERY_RELISTS, cause)
    }

    /// Instances that were kept although a reading left them out.
    #[inline]
    pub fn discovery_held_removals(&self) -> u64 {
        self.discovery(names::DISCOVERY_HELD, "")
    }

    #[inline]
    fn discovery(&self, name: &'static str, label: &'static str) -> u64 {
        let state = self.lock();
        state.discovery.get(&(name, label)).copied().unwrap_or(0)
    }

    #[inline]
    fn discovered(&self, name: &'static str, label: &'static str, count: u64) {
        *self.lock().discovery.entry((name, label)).or_default() += count;
    }

    #[inline]
    fn file_changes(&self, name: &'static str, side: Side, is_taken: bool) -> u64 {
        let key = (name, side, outcome(is_taken));
        self.lock().file_changes.get(&key).copied().unwrap_or(0)
    }

    #[inline]
    fn file_changed(&self, name: &'static str, side: Side, is_taken: bool) {
        let key = (name, side, outcome(is_taken));
        *self.lock().file_changes.entry(key).or_default() += 1;
    }

    /// Everything recorded, one line a series, in the order of their names.
    #[inline]
    pub fn lines(&self) -> Vec<String> {
        let state = self.lock();
        let mut lines = Vec::new();
        for (side, count) in &state.in_flight {
            let name = match side {
                Side::Client => names::CLIENT_IN_FLIGHT,
                Side::Server => names::SERVER_IN_FLIGHT,
            };
            lines.push(format!("{name} {count}"));
        }
        for ((side, method, code), (count, took)) in &state.ended {
            let (calls, seconds) = match side {
                Side::Client => (names::CLIENT_CALLS, names::CLIENT_SECONDS),
                Side::Server => (names::SERVER_CALLS, names::SERVER_SECONDS),
            };
            lines.push(format!(
                "{calls}{{method=\"{method}\",code=\"{code}\"}} {count}"
            ));
            lines.push(format!(
                "{seconds}_sum{{method=\"{method}\",code=\"{code}\"}} {}",
                took.as_secs_f64()
            ));
        }
        for ((name, reason), count) in &state.connections {
            lines.push(format!("{name}{{reason=\"{reason}\"}} {count}"));
        }
        for (reason, count) in &state.endpoint_changes {
            let name = names::CLIENT_ENDPOINT_CHANGES;
            lines.push(format!("{name}{{reason=\"{reason}\"}} {count}"));
        }
        for ((name, label), count) in &state.discovery {
            lines.push(match *name {
                names::DISCOVERY_READINGS => format!("{name}{{outcome=\"{label}\"}} {count}"),
                names::DISCOVERY_RELISTS => format!("{name}{{cause=\"{label}\"}} {count}"),
                _ => format!("{name} {count}"),
            });
        }
        for ((name, side, outcome), count) in &state.file_changes {
            let side = side.as_str();
            lines.push(format!(
                "{name}{{side=\"{side}\",outcome=\"{outcome}\"}} {count}"
            ));
        }
        lines.sort();
        lines
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

#[inline]
fn outcome(is_taken: bool) -> &'static str {
    if is_taken { "taken" } else { "refused" }
}

impl Metrics for Recorder {
    #[inline]
    fn method(&self, side: Side, method: &MethodSpec) -> Arc<dyn MethodMetrics> {
        Arc::new(OfMethod {
            state: Arc::clone(&self.0),
            side,
            method: method.to_string(),
        })
    }

    #[inline]
    fn refused_connection(&self, reason: &'static str, _: &dyn fmt::Display) {
        self.connection(names::SERVER_REFUSED_CONNECTIONS, reason);
    }

    #[inline]
    fn connection_told_to_end(&self, reason: &'static str) {
        self.connection(names::SERVER_TOLD_TO_END, reason);
    }

    #[inline]
    fn connection_broken_off(&self, reason: &'static str) {
        self.connection(names::SERVER_BROKEN_OFF, reason);
    }

    #[inline]
    fn endpoint_changed(&self, _: &'static str, reason: &'static str) {
        *self.lock().endpoint_changes.entry(reason).or_default() += 1;
    }

    #[inline]
    fn discovery_read(&self, _: &str, outcome: &'static str) {
        self.discovered(names::DISCOVERY_READINGS, outcome, 1);
    }

    #[inline]
    fn discovery_relisted(&self, _: &str, cause: &'static str) {
        self.discovered(names::DISCOVERY_RELISTS, cause, 1);
    }

    #[inline]
    fn discovery_held(&self, _: &str, instances: usize) {
        self.discovered(names::DISCOVERY_HELD, "", instances as u64);
    }

    #[inline]
    fn policy_file(&self, side: Side, is_taken: bool, _: &dyn fmt::Display) {
        self.file_changed(names::POLICY_FILE_CHANGES, side, is_taken);
    }

    #[inline]
    fn tls_files(&self, side: Side, is_taken: bool, _: &dyn fmt::Display) {
        self.file_changed(names::TLS_FILE_CHANGES, side, is_taken);
    }
}

/// The calls of one method, counted in the state of all.
struct OfMethod {
    state: Arc<Mutex<State>>,
    side: Side,
    method: String,
}

impl MethodMetrics for OfMethod {
    #[inline]
    fn started(&self) {
        *lock(&self.state).in_flight.entry(self.side).or_default() += 1;
    }

    #[inline]
    fn ended(&self, end: &CallEnd) {
        let mut state = lock(&self.state);
        if let Some(in_flight) = state.in_flight.get_mut(&self.side) {
            *in_flight = in_flight.saturating_sub(1);
        }
        let key = (self.side, self.method.clone(), end.code.as_str());
        let (count, took) = state.ended.entry(key).or_default();
        *count += 1;
        *took += end.elapsed;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
