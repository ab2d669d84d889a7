//! What a handler's calls to others inherit, carried beside the code that runs: deadline and trace.
//! It is only carried, never read to decide anything but the start of an outgoing call.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Deadline, Trace};

thread_local! {
    static CURRENT: RefCell<Ambient> = const { RefCell::new(Ambient::NONE) };
}

/// What is inherited.
#[derive(Clone, Debug)]
pub(crate) struct Ambient {
    pub(crate) deadline: Option<Deadline>,
    pub(crate) trace: Option<Trace>,
}

impl Default for Ambient {
    fn default() -> Self {
        Self::NONE
    }
}

impl Ambient {
    pub(crate) const NONE: Self = Self {
        deadline: None,
        trace: None,
    };

    /// What the code that runs right now has inherited.
    pub(crate) fn current() -> Self {
        CURRENT.with(|current| match current.try_borrow() {
            Ok(current) => current.clone(),
            Err(_) => Self::NONE,
        })
    }
}

pin_project_lite::pin_project! {
    /// A future that runs with an [`Ambient`] of its own: set around each poll, restored after it, also when the poll
    /// panics.
    ///
    /// A `std` thread-local, not a task-local of one runtime: it works on any executor, and costs two swaps a poll.
    #[derive(Debug)]
    pub(crate) struct Scoped<F> {
        ambient: Ambient,
        #[pin]
        future: F,
    }
}

impl<F> Scoped<F> {
    pub(crate) fn new(ambient: Ambient, future: F) -> Self {
        Self { ambient, future }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _swapped = Swapped::new(this.ambient);
        this.future.poll(cx)
    }
}

/// While it lives, the thread's ambient and `theirs` are exchanged.
struct Swapped<'a> {
    theirs: &'a mut Ambient,
}

impl<'a> Swapped<'a> {
    fn new(theirs: &'a mut Ambient) -> Self {
        swap(theirs);
        Self { theirs }
    }
}

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        swap(self.theirs);
    }
}

fn swap(theirs: &mut Ambient) {
    // The thread-local is gone only while its thread ends, when nobody polls any more.
    let _ = CURRENT.try_with(|current| {
        if let Ok(mut current) = current.try_borrow_mut() {
            std::mem::swap(&mut *current, theirs);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::Instant;

    fn within(after: u64) -> Ambient {
        Ambient {
            deadline: Some(Deadline::after(Duration::from_secs(after))),
            trace: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn inner_scopes_hide_outer_ones_and_a_panic_restores() {
        let now = Instant::now();
        let seconds = || {
            Ambient::current()
                .deadline
                .map(|d| d.remaining(now).as_secs())
        };
        assert_eq!(seconds(), None);
        Scoped::new(within(9), async {
            assert_eq!(seconds(), Some(9));
            Scoped::new(within(3), async {
                tokio::task::yield_now().await;
                assert_eq!(seconds(), Some(3));
            })
            .await;
            assert_eq!(seconds(), Some(9));
            let panics = Scoped::new(within(1), async { panic!("on purpose") });
            let mut panics = Box::pin(panics);
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let waker = std::task::Waker::noop();
                let _ = panics.as_mut().poll(&mut Context::from_waker(waker));
            }));
            assert!(caught.is_err());
            assert_eq!(seconds(), Some(9));
        })
        .await;
        assert_eq!(seconds(), None);
    }
}
