//! Why a connection is told to end: with the server, of old age, or for want of calls.
//! It refuses to tell it, and to wait for calls in flight: that is `accept.rs`.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::activity::Activity;
use super::drain::{self, Drain};
use super::settings::Settings;

/// How often it is looked at a connection within the time that it may be idle: it is told to end a sixteenth late at
/// most, and no call pays for a clock.
const LOOKS: u32 = 16;

/// Resolves when the client is to be told that the connection takes no more calls, with the reason.
pub(super) async fn told_to_end(
    drain: watch::Receiver<Option<Drain>>,
    settings: Settings,
    accepted: Instant,
    activity: Arc<Activity>,
) -> &'static str {
    tokio::select! {
        () = drains(drain) => "drain",
        () = is_old(settings.max_age) => "age",
        () = is_idle(settings.max_idle, &activity) => "idle",
        () = never_called(settings.first_call, accepted, &activity) => "no_call",
    }
}

async fn drains(mut drain: watch::Receiver<Option<Drain>>) {
    let told = drain.wait_for(Option::is_some).await;
    let delay = told.ok().and_then(|drain| *drain);
    let delay = delay.map(|drain| drain.delay(fastrand::f64()));
    sleep(delay.unwrap_or_default()).await;
}

async fn is_old(max: Option<Duration>) {
    match max {
        Some(max) => sleep(drain::jittered(max, fastrand::f64())).await,
        None => pending().await,
    }
}

async fn is_idle(max: Option<Duration>, activity: &Activity) {
    let Some(max) = max else {
        return pending().await;
    };
    let between = drain::jittered(max, fastrand::f64()) / LOOKS;
    let mut rest = Rest::default();
    while !rest.is_long(activity.at_rest()) {
        sleep(between).await;
    }
}

async fn never_called(within: Option<Duration>, accepted: Instant, activity: &Activity) {
    match within {
        Some(within) => sleep_until(accepted + within).await,
        None => pending().await,
    }
    if activity.has_begun() {
        pending().await
    }
}

/// For how many looks a connection has been at rest.
#[derive(Debug, Default)]
struct Rest {
    begun: Option<u64>,
    looks: u32,
}

impl Rest {
    /// `now` is how many calls have begun, where none is open.
    fn is_long(&mut self, now: Option<u64>) -> bool {
        let still = now.is_some() && self.begun == now;
        self.looks = if still { self.looks + 1 } else { 0 };
        self.begun = now;
        self.looks >= LOOKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_idle_after_so_many_looks_without_a_call() {
        let looks = |seen: &[Option<u64>]| {
            let mut rest = Rest::default();
            seen.iter().position(|&now| rest.is_long(now))
        };
        let idle = LOOKS as usize;
        assert_eq!(looks(&[Some(0); 20]), Some(idle));
        assert_eq!(looks(&[None; 100]), None, "a call is open");
        let calls: Vec<_> = (0..100).map(|begun| Some(begun / 16)).collect();
        assert_eq!(looks(&calls), None, "one every sixteen looks");
        let one: Vec<_> = (0..100).map(|look| (look != 10).then_some(7)).collect();
        assert_eq!(looks(&one), Some(11 + idle), "a call was open meanwhile");
    }
}
