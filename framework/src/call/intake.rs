//! What a server takes in of requests that are not whole yet: how many bytes all of them hold together, and how slowly
//! one that is waited for may come.
//! It refuses to read, and to bound what one request may be: that is `frame.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::Status;

/// What the requests of a server share.
#[derive(Debug)]
pub(crate) struct Intake {
    held: AtomicUsize,
    most: usize,
    pace: Option<Pace>,
}

impl Intake {
    /// Together they hold `most` bytes, and each comes at this pace at least.
    pub(crate) fn new(most: usize, pace: Option<Pace>) -> Self {
        Self {
            held: AtomicUsize::new(0),
            most,
            pace,
        }
    }

    fn exceeded(&self) -> Status {
        Status::resource_exhausted(format!(
            "requests that are not whole yet hold the {} bytes that this server has for them; raise it with \
             `Server::max_partial_request_bytes`",
            self.most
        ))
    }
}

/// How slowly a request may come: its time runs out, and each byte adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) bytes_per_second: u32,
    /// The time that it has at first, and at most: no pause is longer.
    pub(crate) grace: Duration,
}

impl Pace {
    /// Until when more has to come, after `bytes` came by `now` which had to by `due`.
    fn extended(self, due: Instant, bytes: usize, now: Instant) -> Instant {
        let paid = bytes as f64 / f64::from(self.bytes_per_second);
        let paid = Duration::try_from_secs_f64(paid).unwrap_or(self.grace);
        (due + paid.min(self.grace)).min(now + self.grace)
    }

    fn too_slow(self) -> Status {
        Status::deadline_exceeded(format!(
            "the request came too slowly: fewer than {} bytes a second, or none for {:?} \
             (`Server::min_request_rate`)",
            self.bytes_per_second, self.grace
        ))
    }
}

/// One request that is taken in.
#[derive(Debug)]
pub(crate) struct Taking {
    intake: Arc<Intake>,
    held: usize,
    /// Made when it is first waited for: most requests are there at once.
    wait: Option<Pin<Box<Wait>>>,
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    struct Wait {
        due: Instant,
        // Bytes that had come when `due` was reckoned.
        received: usize,
        #[pin]
        timer: Sleep,
    }
}

impl Taking {
    pub(crate) fn new(intake: Arc<Intake>) -> Self {
        Self {
            intake,
            held: 0,
            wait: None,
        }
    }

    /// So many bytes are held of it while more is waited for.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED: all requests together hold too many.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Status> {
        if bytes > self.held {
            let more = bytes - self.held;
            let before = self.intake.held.fetch_add(more, Ordering::Relaxed);
            self.held = bytes;
            if before.saturating_add(more) > self.intake.most {
                return Err(self.intake.exceeded());
            }
        } else if bytes < self.held {
            self.release(self.held - bytes);
        }
        Ok(())
    }

    /// Ready when it comes too slowly; `received` is how many bytes have come in all.
    pub(crate) fn poll_pace(&mut self, cx: &mut Context<'_>, received: usize) -> Poll<Status> {
        let Some(pace) = self.intake.pace else {
            return Poll::Pending;
        };
        let wait = self.wait.get_or_insert_with(|| {
            let due = Instant::now() + pace.grace;
            Box::pin(Wait {
                due,
                received,
                timer: sleep_until(due),
            })
        });
        let mut wait = wait.as_mut().project();
        if received > *wait.received {
            let bytes = received - *wait.received;
            *wait.due = pace.extended(*wait.due, bytes, Instant::now());
            *wait.received = received;
        }
        while wait.timer.as_mut().poll(cx).is_ready() {
            if wait.timer.deadline() >= *wait.due {
                return Poll::Ready(pace.too_slow());
            }
            wait.timer.as_mut().reset(*wait.due);
        }
        Poll::Pending
    }

    fn release(&mut self, bytes: usize) {
        self.held -= bytes;
        self.intake.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.release(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Code;

    const PACE: Pace = Pace {
        bytes_per_second: 100,
        grace: Duration::from_secs(10),
    };

    #[test]
    fn bytes_add_time_and_no_pause_is_longer_than_the_grace() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        for (due, bytes, now, expected) in [
            (10.0, 0, 1.0, 10.0),
            (10.0, 100, 1.0, 11.0),
            (10.0, 50, 9.0, 10.5),
            (10.0, 1000, 1.0, 11.0),
            (10.0, 500, 9.0, 15.0),
            (10.0, usize::MAX, 3.0, 13.0),
            (12.5, 1, 4.0, 12.51),
        ] {
            let due = PACE.extended(at(due), bytes, at(now));
            assert_eq!(due, at(expected), "{bytes} bytes at {now}");
        }
    }

    #[test]
    fn what_is_held_is_counted_once_and_given_back() {
        let intake = Arc::new(Intake::new(1000, None));
        let held = || intake.held.load(Ordering::Relaxed);
        let mut one = Taking::new(Arc::clone(&intake));
        let mut two = Taking::new(Arc::clone(&intake));
        for bytes in [10, 600, 600, 400, 700] {
            one.hold(bytes).unwrap();
            assert_eq!(held(), bytes);
        }
        two.hold(300).unwrap();
        let status = two.hold(301).unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("1000 bytes"), "{status}");
        // It is given back with the request that was too much, not before.
        assert_eq!(held(), 1001);
        drop(two);
        assert_eq!(held(), 700);
        one.hold(0).unwrap();
        drop(one);
        assert_eq!(held(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_waited_for_as_long_as_it_comes_fast_enough() {
        for (bytes, every_ms, slow_after) in [
            (100, 1000, None),
            (99, 1000, Some(901)),
            (1, 1000, Some(10)),
            (0, 1000, Some(10)),
            (10_000, 9_900, None),
        ] {
            let mut taking = Taking::new(Arc::new(Intake::new(0, Some(PACE))));
            let start = Instant::now();
            let mut received = 0;
            let mut slow = None;
            for _ in 0..2000 {
                let pace = std::future::poll_fn(|cx| taking.poll_pace(cx, received));
                let waited = tokio::time::timeout(Duration::from_millis(every_ms), pace);
                if let Ok(status) = waited.await {
                    assert_eq!(status.code(), Code::DeadlineExceeded);
                    slow = Some(start.elapsed().as_secs());
                    break;
                }
                received += bytes;
            }
            match (slow, slow_after) {
                (None, None) => {}
                (Some(slow), Some(after)) => {
                    assert!(slow.abs_diff(after) <= 2, "{bytes}: {slow} s")
                }
                other => panic!("{bytes} bytes: {other:?}"),
            }
        }
    }
}
