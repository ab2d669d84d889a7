//! The clock of the model: tokio's paused one, of which many seconds are one.
//! It refuses to be read outside of a run.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

thread_local! {
    /// The clock of the run in this thread: a run has its thread for itself.
    static CLOCK: Cell<Option<Clock>> = const { Cell::new(None) };
}

/// When a run began, and how many seconds of tokio's clock are one of its own.
#[derive(Clone, Copy, Debug)]
struct Clock {
    began: Instant,
    stretch: u32,
}

/// Starts the clock of this thread.
pub(super) fn start(stretch: u32) {
    let began = Instant::now();
    CLOCK.set(Some(Clock { began, stretch }));
}

/// Model time since the run began; zero outside of one.
pub fn now() -> Duration {
    let clock = CLOCK.get();
    clock.map_or(Duration::ZERO, |clock| {
        clock.began.elapsed() / clock.stretch
    })
}

/// The smallest step of model time: timers of tokio step by 1 ms.
pub(super) fn tick() -> Duration {
    let stretch = CLOCK.get().map_or(1, |clock| clock.stretch);
    Duration::from_millis(1) / stretch
}

/// Waits so long in model time. Outside of a run it is tokio's own time.
///
/// # Cancel safety
/// Dropping it loses nothing.
pub async fn sleep(time: Duration) {
    let stretch = CLOCK.get().map_or(1, |clock| clock.stretch);
    tokio::time::sleep(time.saturating_mul(stretch)).await;
}

/// Waits until so much of the run is over.
pub(super) async fn sleep_until(at: Duration) {
    if let Some(clock) = CLOCK.get() {
        let at = clock.began + at.saturating_mul(clock.stretch);
        tokio::time::sleep_until(at).await;
    }
}
