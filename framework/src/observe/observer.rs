//! Whom a channel or a server tells: its metrics, if it has any, and its logs.
//! It refuses to know what is done with what it tells.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::handles::{Handle, Handles};
use super::{Metrics, OpenConnection, Side, log};
use crate::call::MethodHandle;

/// Whom a channel or a server tells. Without metrics only logs are told.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Arc<Recording>>);

struct Recording {
    metrics: Arc<dyn Metrics>,
    handles: Handles,
}

impl Observer {
    pub(crate) fn new(metrics: Arc<dyn Metrics>) -> Self {
        Self(Some(Arc::new(Recording {
            metrics,
            handles: Handles::default(),
        })))
    }

    /// Whom calls of this method are told to, if to anybody.
    pub(super) fn method(&self, side: Side, method: &MethodHandle) -> Option<&Handle> {
        let Recording { metrics, handles } = self.0.as_deref()?;
        Some(handles.of(side, method, |method| metrics.method(side, method)))
    }

    /// A connection that is open for as long as what is returned lives.
    pub(crate) fn opened(&self, side: Side) -> OpenConnection {
        OpenConnection::new(self, side)
    }

    pub(crate) fn refused_connection(&self, reason: &'static str, detail: &dyn fmt::Display) {
        self.tell(|metrics| metrics.refused_connection(reason, detail));
        log::refused_connection(reason, detail);
    }

    pub(super) fn broken_off(&self, reason: &'static str, detail: &dyn fmt::Display) {
        self.tell(|metrics| metrics.connection_broken_off(reason));
        log::broken_off(reason, detail);
    }

    #[cfg(feature = "policy-file")]
    pub(crate) fn policy_file(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        self.tell(|metrics| metrics.policy_file(side, is_taken, detail));
        log::policy_file(side, is_taken, detail);
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls_files(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        // Logged where it happens, once for all that have them.
        self.tell(|metrics| metrics.tls_files(side, is_taken, detail));
    }

    pub(crate) fn discovery_began(&self, name: &str) {
        self.tell(|metrics| metrics.discovery_began(name));
    }

    pub(crate) fn discovery_ended(&self, name: &str) {
        self.tell(|metrics| metrics.discovery_ended(name));
    }

    pub(crate) fn discovery_read(&self, name: &str, outcome: &'static str) {
        self.tell(|metrics| metrics.discovery_read(name, outcome));
    }

    pub(crate) fn discovery_relisted(&self, name: &str, cause: &'static str) {
        self.tell(|metrics| metrics.discovery_relisted(name, cause));
    }

    pub(crate) fn discovery_held(&self, name: &str, instances: usize) {
        self.tell(|metrics| metrics.discovery_held(name, instances));
    }

    /// Who serves a name has changed: so many do now.
    pub(crate) fn discovery_changed(
        &self,
        name: &str,
        change: &dyn fmt::Display,
        instances: usize,
        is_worry: bool,
    ) {
        log::discovery_changed(name, change, instances, is_worry);
    }

    /// A channel connected; its next failure is news again.
    pub(crate) fn connected(&self, endpoint: &dyn fmt::Display) {
        log::connected(endpoint);
    }

    /// A channel's connection takes no more calls.
    pub(crate) fn lost(&self, endpoint: &dyn fmt::Display) {
        log::lost(endpoint);
    }

    /// A channel did not connect. It is logged for all to see where it `is_news`.
    pub(crate) fn connect_failed(
        &self,
        reason: &'static str,
        detail: &dyn fmt::Display,
        is_news: bool,
    ) {
        self.tell(|metrics| metrics.connect_failed(reason, detail));
        log::connect_failed(reason, detail, is_news);
    }

    /// What a channel thinks of an endpoint has changed.
    pub(crate) fn endpoint_changed(
        &self,
        endpoint: &dyn fmt::Display,
        from: &'static str,
        to: &'static str,
        reason: &'static str,
    ) {
        self.tell(|metrics| metrics.endpoint_changed(to, reason));
        log::endpoint_changed(endpoint, from, to, reason);
    }

    /// Metrics that panic end nobody who tells them: most are tasks that nobody would start anew. What the panic hook
    /// says of it is enough.
    pub(super) fn tell(&self, what: impl FnOnce(&dyn Metrics)) {
        if let Some(recording) = &self.0 {
            let _ = catch_unwind(AssertUnwindSafe(|| what(&*recording.metrics)));
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
