//! The task beside something that follows what happens outside: it lives as long as its owner, and is started anew
//! where a runtime has ended with it.
//! It refuses to know what is followed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

/// How often files are read. They are read and compared, not asked for their time: a file that was replaced, a link
/// that leads elsewhere (as in a ConfigMap of Kubernetes) and an edit within a tick of the clock are all the same then.
/// Such files have a few kilobytes.
pub(crate) const FILES_EVERY: Duration = Duration::from_secs(2);

/// Owns a task. Dropping it ends the task.
#[derive(Default)]
pub(crate) struct Follower(Arc<Life>);

#[derive(Default)]
struct Life {
    is_running: AtomicBool,
    dropped: Notify,
}

impl Follower {
    /// Starts the task, where there is none and can be one; says whether it did.
    pub(crate) fn start<F>(&self, task: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.0.is_running.load(Ordering::Relaxed) {
            return false;
        }
        let Ok(runtime) = Handle::try_current() else {
            return false;
        };
        if self.0.is_running.swap(true, Ordering::AcqRel) {
            return false;
        }
        let (running, task) = (Running(Arc::clone(&self.0)), task());
        runtime.spawn(async move {
            tokio::select! {
                () = running.0.dropped.notified() => {}
                () = task => {}
            }
        });
        true
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

/// Says when the task is gone: a runtime that ends drops it, and whoever asks on another one starts it anew.
struct Running(Arc<Life>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn a_task_goes_with_its_runtime_and_comes_back_on_another() {
        let follower = Follower::default();
        let ticks = Arc::new(AtomicU32::new(0));
        let start = || {
            let ticks = Arc::clone(&ticks);
            follower.start(|| async move {
                loop {
                    ticks.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(FILES_EVERY).await;
                }
            })
        };
        assert!(!start(), "there is no runtime");
        for round in 1..=2 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build();
            runtime.unwrap().block_on(async {
                assert!(start(), "{round}");
                assert!(!start(), "it runs");
                tokio::time::sleep(FILES_EVERY / 2).await;
            });
            assert_eq!(ticks.load(Ordering::Relaxed), round);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_ends_with_its_owner() {
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let follower = Follower::default();
        assert!(follower.start(std::future::pending::<()>));
        assert_eq!(tasks(), 1);
        drop(follower);
        tokio::task::yield_now().await;
        assert_eq!(tasks(), 0);
    }
}
