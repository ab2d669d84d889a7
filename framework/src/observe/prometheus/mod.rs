//! Metrics for Prometheus: counted without locks, written out when asked.
//! It refuses to listen: whoever has an HTTP server shows what is written, at a path of its own.

mod ages;
mod exposition;
mod reasons;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;

use super::{MethodMetrics, Metrics, Side};
use crate::call::MethodSpec;
use ages::Ages;
use reasons::Reasons;
use tally::Tally;

/// Counts for Prometheus, and for whatever else reads its text format: all that docs/observability.md lists.
///
/// One of them may be given to any number of channels and servers, which it counts together. A call costs a handful of
/// atomic additions, on words that mostly no other core writes to; a method costs a few kilobytes at its first call,
/// and is never forgotten. Methods without generated code are counted as one, `other`.
///
/// ```
/// let metrics = sinew::observe::Prometheus::new();
/// let server = sinew::Server::new().metrics(metrics.clone());
/// let channel = sinew::Channel::builder("http://127.0.0.1:50051").metrics(metrics.clone());
/// assert!(metrics.render().contains("\nsinew_server_connections_open 0\n"));
/// ```
///
/// A process that has a registry of the crate `prometheus-client` (0.26) already takes it as a collector there:
///
/// ```
/// # let metrics = sinew::observe::Prometheus::new();
/// let mut registry = prometheus_client::registry::Registry::default();
/// registry.register_collector(Box::new(metrics.clone()));
/// ```
#[derive(Default)]
pub struct Prometheus {
    methods: Mutex<BTreeMap<(Side, String), Arc<Tally>>>,
    client: Connections,
    server: Connections,
    connect_failures: Reasons,
    endpoint_changes: Reasons,
    refused_connections: Reasons,
    told_to_end: Reasons,
    broken_off: Reasons,
    cut_off: AtomicU64,
    policy_files: [Changes; 2],
    tls_files: [Changes; 2],
    readings: Reasons,
    relists: Reasons,
    held_removals: AtomicU64,
    ages: Ages,
}

/// Connections of one side. None is closed that was not opened, so that the difference is what is open.
#[derive(Default)]
struct Connections {
    opened: AtomicU64,
    closed: AtomicU64,
}

/// Changes of files on one side.
#[derive(Default)]
struct Changes {
    taken: AtomicU64,
    refused: AtomicU64,
}

impl Changes {
    fn add(&self, is_taken: bool) {
        let count = if is_taken { &self.taken } else { &self.refused };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Prometheus {
    /// The `content-type` of what [`Prometheus::render`] gives.
    pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

    /// Nothing counted yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// All that was counted, in Prometheus' text format 0.0.4.
    ///
    /// Counts go on meanwhile, so that two figures in one text may be a few calls apart.
    pub fn render(self: &Arc<Self>) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(self)));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }

    fn connections(&self, side: Side) -> &Connections {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl Metrics for Prometheus {
    fn method(&self, side: Side, method: &MethodSpec) -> Arc<dyn MethodMetrics> {
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = methods.entry((side, method.to_string())).or_default();
        Arc::<Tally>::clone(tally)
    }

    fn connection_opened(&self, side: Side) {
        self.connections(side)
            .opened
            .fetch_add(1, Ordering::Relaxed);
    }

    fn connection_closed(&self, side: Side) {
        self.connections(side)
            .closed
            .fetch_add(1, Ordering::Relaxed);
    }

    fn connect_failed(&self, reason: &'static str, _: &dyn fmt::Display) {
        self.connect_failures.add(reason);
    }

    fn endpoint_changed(&self, _: &'static str, reason: &'static str) {
        self.endpoint_changes.add(reason);
    }

    fn connection_told_to_end(&self, reason: &'static str) {
        self.told_to_end.add(reason);
    }

    fn connection_broken_off(&self, reason: &'static str) {
        self.broken_off.add(reason);
    }

    fn connection_cut_off(&self) {
        self.cut_off.fetch_add(1, Ordering::Relaxed);
    }

    fn refused_connection(&self, reason: &'static str, _: &dyn fmt::Display) {
        self.refused_connections.add(reason);
    }

    fn discovery_began(&self, name: &str) {
        self.ages.began(name);
    }

    fn discovery_ended(&self, name: &str) {
        self.ages.ended(name);
    }

    fn discovery_read(&self, name: &str, outcome: &'static str) {
        self.readings.add(outcome);
        if outcome == "taken" {
            self.ages.taken(name);
        }
    }

    fn discovery_relisted(&self, _: &str, cause: &'static str) {
        self.relists.add(cause);
    }

    fn discovery_held(&self, _: &str, instances: usize) {
        let count = instances as u64;
        self.held_removals.fetch_add(count, Ordering::Relaxed);
    }

    fn policy_file(&self, side: Side, is_taken: bool, _: &dyn fmt::Display) {
        self.policy_files[side as usize].add(is_taken);
    }

    fn tls_files(&self, side: Side, is_taken: bool, _: &dyn fmt::Display) {
        self.tls_files[side as usize].add(is_taken);
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prometheus")
    }
}
