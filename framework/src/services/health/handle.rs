//! What is known of the health of services, and the handle that says it.
//! It refuses to know who asks, and over which wire.

use std::collections::BTreeMap;
use std::fmt;

use tokio::sync::watch;

use super::ServingStatus;

/// The health of the services of a server: clones say and see the same.
///
/// A server has one from the start ([`Server::health`](crate::Server::health)). Names are full ones, as `shop.v1.Cart`;
/// the empty name is the server as a whole, and no sum of the others: it is what is said of it.
///
/// Each method holds a lock for as long as a look into a map takes, and never waits for a watcher.
#[derive(Clone)]
pub struct Health(watch::Sender<State>);

/// What holds now. Watchers see the newest, and not each one between: that bounds what a slow one costs.
#[derive(Debug, Default)]
pub(super) struct State {
    services: BTreeMap<String, ServingStatus>,
    phase: Phase,
}

/// How far a server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    #[default]
    Up,
    /// It takes calls, and wants none.
    ShutDown,
    /// It ends, as soon as its calls do.
    Draining,
}

impl Health {
    /// A server of which nothing is known but that it serves: what [`Server::new`](crate::Server::new) makes. Made by
    /// hand for several servers that share one ([`Server::with_health`](crate::Server::with_health)).
    pub fn new() -> Self {
        let mut state = State::default();
        state.services.insert(String::new(), ServingStatus::Serving);
        Self(watch::Sender::new(state))
    }

    /// Says how a service is, and tells those who watch it. SERVICE_UNKNOWN forgets it: then a check fails with
    /// NOT_FOUND. After [`Health::shutdown`] it changes nothing.
    pub fn set(&self, service: impl Into<String>, status: ServingStatus) {
        let service = service.into();
        self.0.send_if_modified(|state| {
            if state.phase != Phase::Up {
                return false;
            }
            let before = match status {
                ServingStatus::ServiceUnknown => state.services.remove(&service),
                status => state.services.insert(service, status),
            };
            before.unwrap_or(ServingStatus::ServiceUnknown) != status
        });
    }

    /// The service takes calls: [`Health::set`] with SERVING.
    pub fn set_serving(&self, service: impl Into<String>) {
        self.set(service, ServingStatus::Serving);
    }

    /// The service wants no calls: [`Health::set`] with NOT_SERVING. Those that come are served all the same.
    pub fn set_not_serving(&self, service: impl Into<String>) {
        self.set(service, ServingStatus::NotServing);
    }

    /// What a check is told of a service: `None` where nothing is known of it.
    pub fn status(&self, service: &str) -> Option<ServingStatus> {
        self.0.borrow().of(service)
    }

    /// Makes everything NOT_SERVING for good: who balances load sends its calls elsewhere, while the server still
    /// serves. For a pause between that and the end, of which [`Bound::until`](crate::Bound::until) makes none.
    ///
    /// Watchers are told, and go on watching.
    pub fn shutdown(&self) {
        self.enter(Phase::ShutDown);
    }

    /// [`Health::shutdown`], and sends watchers away, who would hold a server up that waits for its calls to end: each
    /// is told NOT_SERVING, and then UNAVAILABLE, as are at once those who come later.
    ///
    /// [`Bound::until`](crate::Bound::until) calls it by itself. It is here for servers that are mounted in another
    /// ([`Server::into_http_service`](crate::Server::into_http_service)): call it when that one begins to shut down,
    /// and not before, since watchers come back as long as there is a connection.
    pub fn drain(&self) {
        self.enter(Phase::Draining);
    }

    /// No way back: a later phase is never followed by an earlier one.
    fn enter(&self, phase: Phase) {
        self.0.send_if_modified(|state| {
            let later = phase > state.phase;
            state.phase = state.phase.max(phase);
            later
        });
    }

    /// A server has these services; whatever was said of one before holds.
    pub(crate) fn register<'a>(&self, services: impl IntoIterator<Item = &'a str>) {
        self.0.send_if_modified(|state| {
            let known = state.services.len();
            for service in services {
                let entry = state.services.entry(service.to_owned());
                entry.or_insert(ServingStatus::Serving);
            }
            state.services.len() > known
        });
    }

    /// Shows it now, and whenever it has changed, for ever.
    pub(crate) async fn follow(&self, mut show: impl FnMut(&Self)) {
        let mut watch = self.watch();
        loop {
            watch.mark_unchanged();
            show(self);
            // Nobody else may hold it: this does.
            if watch.changed().await.is_err() {
                return;
            }
        }
    }

    /// The server wants no new calls any more.
    pub(crate) fn is_leaving(&self) -> bool {
        self.0.borrow().phase != Phase::Up
    }

    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    /// Everything that is known, unless that is more than `most`.
    pub(super) fn all(&self, most: usize) -> Option<Vec<(String, ServingStatus)>> {
        let state = self.0.borrow();
        if state.services.len() > most {
            return None;
        }
        let names = state.services.keys();
        let all = names.filter_map(|name| Some((name.clone(), state.of(name)?)));
        Some(all.collect())
    }
}

impl State {
    pub(super) fn of(&self, service: &str) -> Option<ServingStatus> {
        let said = self.services.get(service).copied()?;
        Some(match self.phase {
            Phase::Up => said,
            Phase::ShutDown | Phase::Draining => ServingStatus::NotServing,
        })
    }

    pub(super) fn is_draining(&self) -> bool {
        self.phase == Phase::Draining
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.borrow();
        let names = state.services.keys();
        let all = names.filter_map(|name| Some((name, state.of(name)?)));
        f.debug_map().entries(all).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ServingStatus::{NotServing, ServiceUnknown, Serving, Unknown};

    /// What is said, and whether a watcher wakes up.
    #[test]
    fn only_changes_are_told() {
        let health = Health::new();
        let mut watch = health.watch();
        for (service, status, told) in [
            ("", Serving, false),
            ("", NotServing, true),
            ("", NotServing, false),
            ("a.B", ServiceUnknown, false),
            ("a.B", Unknown, true),
            ("a.B", Serving, true),
            ("a.B", ServiceUnknown, true),
        ] {
            health.set(service, status);
            assert_eq!(watch.has_changed().unwrap(), told, "{service} {status:?}");
            watch.mark_unchanged();
            let said = health.status(service).unwrap_or(ServiceUnknown);
            assert_eq!(said, status, "{service}");
        }
        health.register(["", "a.B"]);
        assert!(watch.has_changed().unwrap());
        assert_eq!(health.status(""), Some(NotServing), "what was said holds");
        assert_eq!(health.status("a.B"), Some(Serving));
    }

    #[test]
    fn a_shutdown_is_for_good() {
        let health = Health::new();
        health.register(["a.B"]);
        let mut watch = health.watch();
        for (step, told) in [
            (Health::shutdown as fn(&Health), true),
            (Health::shutdown, false),
            (|health| health.set_serving(""), false),
            (|health| health.set_serving("c.D"), false),
            (|health| health.set("a.B", ServiceUnknown), false),
            (Health::drain, true),
            (Health::shutdown, false),
        ] {
            step(&health);
            assert_eq!(watch.has_changed().unwrap(), told);
            watch.mark_unchanged();
            assert_eq!(health.status(""), Some(NotServing));
            assert_eq!(health.status("a.B"), Some(NotServing));
            assert_eq!(health.status("c.D"), None);
        }
        assert!(watch.borrow().is_draining());
    }
}
