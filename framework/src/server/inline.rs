//! Which calls are polled on their connection's own task, and which get a task of their own.
//! It refuses to guess: a method is polled inline only while its measured first poll is short.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// A method is polled inline while its first poll takes less than this: as long as a spawn and the hop to
/// another core cost about a tenth of it, and sixty-four of them in a row stay below a scheduling quantum.
const SHORT: Duration = Duration::from_micros(20);

/// Inline polls of one connection may take this long together in one poll of the connection.
/// What is over it is spawned, so that one connection can use all cores.
const BUDGET: Duration = Duration::from_micros(200);

/// A sample counts for no more than this, so that one preemption does not mark a method as slow for long.
const SAMPLE_CAP: Duration = Duration::from_micros(320);

/// How long the first poll of a method's calls takes: an average that moves by an eighth with each.
#[derive(Debug)]
pub(crate) struct PollCost(AtomicU32);

impl PollCost {
    /// Nothing measured yet: the first calls are spawned.
    pub(crate) const fn unknown() -> Self {
        Self(AtomicU32::new(SHORT.as_nanos() as u32 * 2))
    }

    pub(crate) fn is_short(&self) -> bool {
        u128::from(self.0.load(Ordering::Relaxed)) < SHORT.as_nanos()
    }

    /// A lost update between two cores loses one sample: it is not worth a compare-and-swap.
    fn record(&self, took: Duration) {
        let sample = took.min(SAMPLE_CAP).as_nanos() as u32;
        let average = self.0.load(Ordering::Relaxed);
        self.0
            .store(average - average / 8 + sample / 8, Ordering::Relaxed);
    }
}

/// What the calls of one connection share: whether the next one is polled inline, and what inline polls have cost since the connection was last polled.
#[derive(Debug, Default)]
pub(crate) struct InlineBudget {
    next: AtomicBool,
    spent_ns: AtomicU64,
}

impl InlineBudget {
    /// The connection is about to be polled.
    pub(crate) fn reset(&self) {
        self.spent_ns.store(0, Ordering::Relaxed);
    }

    /// Decides about the call whose future is executed next.
    pub(crate) fn decide(&self, cost: Option<&PollCost>) {
        let within = u128::from(self.spent_ns.load(Ordering::Relaxed)) < BUDGET.as_nanos();
        let inline = within && cost.is_some_and(PollCost::is_short);
        self.next.store(inline, Ordering::Relaxed);
    }
}

/// hyper's executor for the calls of one connection.
#[derive(Clone, Debug)]
pub(crate) struct InlineFirst(pub(crate) Arc<InlineBudget>);

impl<F> hyper::rt::Executor<F> for InlineFirst
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        if !self.0.next.swap(false, Ordering::Relaxed) {
            tokio::spawn(future);
            return;
        }
        // Boxed, so that it can move into a task after it was polled here.
        let mut future = Box::pin(future);
        let started = Instant::now();
        let poll = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.spent_ns.fetch_add(took, Ordering::Relaxed);
        if poll.is_pending() {
            // A new task is polled at once, and then registers the real waker.
            tokio::spawn(future);
        }
    }
}

pin_project_lite::pin_project! {
    /// Measures the first poll of a call, and gives its result as hyper wants it.
    pub(crate) struct Measured<F, C> {
        #[pin]
        future: F,
        cost: Option<C>,
    }
}

impl<F, C> Measured<F, C> {
    pub(crate) fn new(future: F, cost: C) -> Self {
        Self {
            future,
            cost: Some(cost),
        }
    }
}

impl<F: Future, C: FnOnce(Duration)> Future for Measured<F, C> {
    type Output = Result<F::Output, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(record) = this.cost.take() else {
            return this.future.poll(cx).map(Ok);
        };
        let started = Instant::now();
        let poll = this.future.poll(cx);
        record(started.elapsed());
        poll.map(Ok)
    }
}

impl PollCost {
    pub(crate) fn sample(&self, took: Duration) {
        self.record(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_becomes_short_and_long_by_measure() {
        let cost = PollCost::unknown();
        assert!(!cost.is_short(), "nothing is known yet");
        for _ in 0..8 {
            cost.record(Duration::from_micros(2));
        }
        assert!(cost.is_short());
        cost.record(Duration::from_millis(50));
        assert!(!cost.is_short(), "one long poll is noticed");
        for _ in 0..12 {
            cost.record(Duration::from_micros(2));
        }
        assert!(cost.is_short(), "and forgotten");
        for _ in 0..8 {
            cost.record(Duration::from_micros(100));
        }
        assert!(!cost.is_short());
    }

    #[test]
    fn the_budget_of_one_poll_bounds_what_is_inline() {
        let short = PollCost(AtomicU32::new(1000));
        let budget = InlineBudget::default();
        budget.decide(Some(&short));
        assert!(budget.next.load(Ordering::Relaxed));
        budget.spent_ns.store(200_000, Ordering::Relaxed);
        budget.decide(Some(&short));
        assert!(!budget.next.load(Ordering::Relaxed));
        budget.reset();
        budget.decide(Some(&short));
        assert!(budget.next.load(Ordering::Relaxed));
        budget.decide(None);
        assert!(!budget.next.load(Ordering::Relaxed));
    }
}
