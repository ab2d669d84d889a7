//! Registrations with a registry of the test's own, on paused time.

use std::sync::Mutex;

use tokio::time::Instant;

use super::*;

/// A registry that takes its time, and what was written in it.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Vec<(InstanceState, Instant)>>>);

/// How long it takes to write there.
const WRITE: Duration = Duration::from_millis(400);

impl Register for Slow {
    async fn register(&self, mut registration: Registration) {
        while let Some(instance) = registration.wanted() {
            sleep(WRITE).await;
            self.0
                .lock()
                .unwrap()
                .push((instance.state(), Instant::now()));
            registration.done();
            let _ = timeout(WRITE, registration.changed()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wanted_while_something_else_is_written_is_not_done_yet() {
    let slow = Slow::default();
    let written = || slow.0.lock().unwrap().clone();
    let instance = Instance::new("http://a:1".parse().unwrap());
    let registry = Registry::new("slow", slow.clone());
    let registered = Registered::start(&registry, Arc::new(instance));
    while written().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    // It is written for the second time.
    sleep(WRITE + WRITE / 2).await;
    registered.leave().await;
    let ready = InstanceState::Ready;
    let (states, times): (Vec<_>, Vec<_>) = written().into_iter().unzip();
    assert_eq!(states, [ready, ready, InstanceState::Draining]);
    let shown = times[2].elapsed();
    assert!(shown >= LEAVE, "{shown:?}");
}
