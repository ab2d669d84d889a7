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

pin_project_lite::pin_project! {
    /// One request that is waited for. Made when it first is: most are there at once.
    #[derive(Debug)]
    pub(crate) struct Taking {
        held: Held,
        received: usize,
        // Bytes that had come when `due` was reckoned.
        reckoned: usize,
        due: Option<Instant>,
        #[pin]
        timer: Option<Sleep>,
    }
}

impl Taking {
    pub(crate) fn new(intake: Arc<Intake>) -> Pin<Box<Self>> {
        Box::pin(Self {
            held: Held { intake, bytes: 0 },
            received: 0,
            reckoned: 0,
            due: None,
            timer: None,
        })
    }

    /// So many bytes are held of it while more is waited for.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED: all requests together hold too many.
    pub(crate) fn hold(self: Pin<&mut Self>, bytes: usize) -> Result<(), Status> {
        self.project().held.set(bytes)
    }

    /// So many bytes more have come.
    pub(crate) fn received(self: Pin<&mut Self>, bytes: usize) {
        *self.project().received += bytes;
    }

    /// Ready when it comes too slowly.
    pub(crate) fn poll_pace(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Status> {
        let mut this = self.project();
        let Some(pace) = this.held.intake.pace else {
            return Poll::Pending;
        };
        let due = match *this.due {
            None => {
                let due = Instant::now() + pace.grace;
                this.timer.set(Some(sleep_until(due)));
                due
            }
            Some(due) if this.received == this.reckoned => due,
            Some(due) => pace.extended(due, *this.received - *this.reckoned, Instant::now()),
        };
        *this.due = Some(due);
        *this.reckoned = *this.received;
        while let Some(mut timer) = this.timer.as_mut().as_pin_mut()
            && timer.as_mut().poll(cx).is_ready()
        {
            if timer.deadline() >= due {
                return Poll::Ready(pace.too_slow());
            }
            timer.reset(due);
        }
        Poll::Pending
    }
}

/// Bytes that are held of one request, among those of all.
#[derive(Debug)]
struct Held {
    intake: Arc<Intake>,
    bytes: usize,
}

impl Held {
    fn set(&mut self, bytes: usize) -> Result<(), Status> {
        let Intake { held, most, .. } = &*self.intake;
        let before = std::mem::replace(&mut self.bytes, bytes);
        if bytes <= before {
            held.fetch_sub(before - bytes, Ordering::Relaxed);
            return Ok(());
        }
        let more = bytes - before;
        let all = held.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        if all > *most {
            return Err(self.intake.exceeded());
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.intake.held.fetch_sub(self.bytes, Ordering::Relaxed);
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
            one.as_mut().hold(bytes).unwrap();
            assert_eq!(held(), bytes);
        }
        two.as_mut().hold(300).unwrap();
        let status = two.as_mut().hold(301).unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.message().contains("1000 bytes"), "{status}");
        // It is given back with the request that was too much, not before.
        assert_eq!(held(), 1001);
        drop(two);
        assert_eq!(held(), 700);
        one.as_mut().hold(0).unwrap();
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
            let mut slow = None;
            for _ in 0..2000 {
                let pace = std::future::poll_fn(|cx| taking.as_mut().poll_pace(cx));
                let waited = tokio::time::timeout(Duration::from_millis(every_ms), pace);
                if let Ok(status) = waited.await {
                    assert_eq!(status.code(), Code::DeadlineExceeded);
                    slow = Some(start.elapsed().as_secs());
                    break;
                }
                taking.as_mut().received(bytes);
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
