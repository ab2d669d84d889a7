//! What sources and registries of others do to themselves: a panic ends one try, and not what follows from it.
//! It refuses to hide one: whoever tries again says why.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

/// The longest wait until something that panicked is run again.
pub(super) const RESTART_AT_MOST: Duration = Duration::from_secs(10);

/// The first wait, at most.
pub(super) const RESTART_AT_FIRST: Duration = Duration::from_millis(100);

/// Runs a future; where it panics, says with what.
pub(super) async fn caught(
    mut future: Pin<Box<dyn Future<Output = ()> + Send + '_>>,
) -> Result<(), String> {
    poll_fn(|cx| {
        // After a panic it is not polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(text_of(&*panic))),
        }
    })
    .await
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("with a value that is no text").to_owned()
}
