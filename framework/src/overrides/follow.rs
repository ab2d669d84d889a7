//! A file of policies that holds for calls, and the task that takes what it changes to.
//! It refuses to let go of what was good: a file that is gone or wrong changes nothing, and is said.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::file::{self, Loaded};
use super::show::RunTime;
use super::state::PolicyState;
use super::table::{Override, Table};
use crate::call::{MethodSpec, ServiceSpec};
use crate::observe::{Observer, Side};
use crate::rt::follow::{FILES_EVERY, Follower};

/// What a file says, and goes on to say. Dropping it ends its task.
pub(crate) struct Overrides {
    shared: Arc<Shared>,
    follower: Follower,
}

struct Shared {
    table: ArcSwap<Table>,
    state: Mutex<State>,
    /// What is served; a client does not know.
    services: Vec<&'static ServiceSpec>,
    side: Side,
    observer: Observer,
}

struct State {
    /// What was read last, whatever came of it.
    last: Arc<Result<String, String>>,
    shown: PolicyState,
}

impl Overrides {
    pub(crate) fn new(
        mut loaded: Loaded,
        side: Side,
        observer: Observer,
        services: Vec<&'static ServiceSpec>,
    ) -> Self {
        loaded.warn_of_misspelt(&services);
        let shown = PolicyState::new(loaded.path, loaded.warnings);
        let last = Arc::new(Ok(loaded.text));
        let shared = Arc::new(Shared {
            table: ArcSwap::new(loaded.table),
            state: Mutex::new(State { last, shown }),
            services,
            side,
            observer,
        });
        let overrides = Self {
            shared,
            follower: Follower::default(),
        };
        // Where there is no runtime yet, the first call sees to it.
        overrides.follow();
        overrides
    }

    /// What holds for a call of this method from now on.
    pub(crate) fn of(&self, method: &MethodSpec) -> Override {
        self.follow();
        let table = self.shared.table.load();
        table
            .of(method)
            .map(|(found, _)| *found)
            .unwrap_or_default()
    }

    /// What the file says now, to be shown.
    pub(crate) fn run_time(&self) -> RunTime {
        RunTime {
            path: self.state().path,
            table: self.shared.table.load_full(),
        }
    }

    pub(crate) fn state(&self) -> PolicyState {
        self.shared.lock().shown.clone()
    }

    fn follow(&self) {
        self.follower.start(|| {
            let shared = Arc::clone(&self.shared);
            async move { shared.follow().await }
        });
    }
}

impl Shared {
    async fn follow(&self) {
        let path = self.lock().shown.path.clone();
        loop {
            tokio::time::sleep(FILES_EVERY).await;
            let path = path.clone();
            let last = Arc::clone(&self.lock().last);
            // What reads and parses a megabyte keeps no call waiting.
            let read = tokio::task::spawn_blocking(move || {
                let read = file::text(&path);
                let is_new = read != *last;
                is_new.then(|| {
                    (
                        read.clone(),
                        read.and_then(|text| Loaded::parse(path, text)),
                    )
                })
            });
            // It fails where the runtime ends.
            let Ok(read) = read.await else { return };
            if let Some((read, loaded)) = read {
                self.take(read, loaded);
            }
        }
    }

    fn take(&self, read: Result<String, String>, loaded: Result<Loaded, String>) {
        let mut state = self.lock();
        state.last = Arc::new(read);
        let is_loaded = loaded.is_ok();
        match loaded {
            Ok(mut loaded) => {
                loaded.warn_of_misspelt(&self.services);
                self.table.store(loaded.table);
                state.shown.loads += 1;
                state.shown.refused = None;
                state.shown.warnings = loaded.warnings;
            }
            Err(refused) => state.shown.refused = Some(refused),
        }
        let shown = state.shown.clone();
        drop(state);
        self.observer.policy_file(self.side, is_loaded, &shown);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Overrides({})", self.state())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::call::Method;

    #[test]
    fn a_call_that_looks_a_policy_up_allocates_nothing() {
        static NAMED: Method<(), ()> = Method::unary("/a.A/Get");
        static OF_SERVICE: Method<(), ()> = Method::unary("/a.A/Put");
        static OTHER: Method<(), ()> = Method::unary("/b.B/Get");
        let text = r#"{"methodConfig": [
            {"name": [{"service": "a.A", "method": "Get"}], "timeout": "1s"},
            {"name": [{"service": "a.A"}], "timeout": "2s"},
            {"name": [{}], "timeout": "3s"}
        ]}"#;
        let loaded = Loaded::parse("policy.json".into(), text.to_owned());
        let overrides = Overrides::new(
            loaded.unwrap_or_else(|why| panic!("{why}")),
            Side::Client,
            Observer::default(),
            Vec::new(),
        );
        // The first access of a thread makes what it needs.
        overrides.of(NAMED.spec());
        for (method, want) in [(&NAMED, 1), (&OF_SERVICE, 2), (&OTHER, 3)] {
            let mut found = Override::default();
            let info = allocation_counter::measure(|| found = overrides.of(method.spec()));
            assert_eq!(found.timeout, Some(Duration::from_secs(want)), "{method:?}");
            assert_eq!(info.count_total, 0, "{method:?}");
        }
    }
}
