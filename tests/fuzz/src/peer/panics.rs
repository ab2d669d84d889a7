//! Panics that somebody else catches: tokio does so for each task, and the connection of an input is one.
//! It refuses to catch any itself.

use std::cell::Cell;
use std::panic;
use std::sync::Once;

thread_local! {
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// Runs what stays on this thread; also how many panics there were in it.
pub(crate) fn counted<T>(run: impl FnOnce() -> T) -> (T, usize) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            PANICS.set(PANICS.get() + 1);
            before(what);
        }));
    });
    let before = PANICS.get();
    let done = run();
    (done, PANICS.get() - before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_that_was_caught_counts_on_its_own_thread() {
        let caught = || panic::catch_unwind(|| panic!("expected, by a test"));
        assert!(matches!(counted(caught), (Err(_), 1)));
        let elsewhere = || std::thread::spawn(caught).join();
        assert_eq!(counted(elsewhere).1, 0);
        assert_eq!(counted(|| 7), (7, 0));
    }
}
