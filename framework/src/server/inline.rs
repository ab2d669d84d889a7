//! Which calls are polled on their connection's own task, and which get a task of their own.
//! It refuses to guess: a method is polled inline only while its measured first poll is short.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::activity::{Activity, Open};
use super::route::Routes;
use crate::call::RouteId;

/// A method is polled inline while its first poll takes less than this: some times what a call costs its connection
/// anyway (5 µs in W1 of the lab), so that a task of its own would be a small part of the price. Chosen, not tuned:
/// W12 and W13 of the lab show that calls of 100 µs and 1 ms are spawned in time.
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

/// What the calls of one connection share: what becomes of the next one, and what inline polls have cost since the
/// connection was last polled.
#[derive(Debug)]
pub(crate) struct InlineBudget {
    routes: Arc<Routes>,
    /// The route of the call whose future is executed next, plus one; zero when it has none.
    next: AtomicUsize,
    spent_ns: AtomicU64,
}

impl InlineBudget {
    pub(crate) fn new(routes: Arc<Routes>) -> Self {
        Self {
            routes,
            next: AtomicUsize::new(0),
            spent_ns: AtomicU64::new(0),
        }
    }

    /// The connection is about to be polled.
    pub(crate) fn reset(&self) {
        self.spent_ns.store(0, Ordering::Relaxed);
    }

    /// Says which call's future is executed next: hyper makes the one and executes the other on the same task, one
    /// after the other.
    pub(crate) fn next(&self, route: Option<RouteId>) {
        let next = route.map_or(0, |route| route.entry + 1);
        self.next.store(next, Ordering::Relaxed);
    }

    fn take_next(&self) -> Option<Costed> {
        let entry = self.next.swap(0, Ordering::Relaxed).checked_sub(1)?;
        let routes = Arc::clone(&self.routes);
        Some(Costed { routes, entry })
    }

    fn allows(&self, cost: &PollCost) -> bool {
        cost.is_short() && u128::from(self.spent_ns.load(Ordering::Relaxed)) < BUDGET.as_nanos()
    }
}

/// A method whose calls are measured.
struct Costed {
    routes: Arc<Routes>,
    entry: usize,
}

impl Costed {
    fn cost(&self) -> Option<&PollCost> {
        self.routes.cost(self.entry)
    }

    fn record(&self, took: Duration) {
        if let Some(cost) = self.cost() {
            cost.record(took);
        }
    }
}

/// hyper's executor for the calls of one connection.
#[derive(Clone, Debug)]
pub(crate) struct InlineFirst {
    budget: Arc<InlineBudget>,
    activity: Arc<Activity>,
}

impl InlineFirst {
    pub(crate) fn new(budget: &Arc<InlineBudget>, activity: &Arc<Activity>) -> Self {
        Self {
            budget: Arc::clone(budget),
            activity: Arc::clone(activity),
        }
    }

    /// Gives a call a task of its own.
    fn spawn<F>(&self, call: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _open = self.activity.open();
        tokio::spawn(OnItsOwn { call, _open });
    }
}

impl<F> hyper::rt::Executor<F> for InlineFirst
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let Some(method) = self.budget.take_next() else {
            self.spawn(future);
            return;
        };
        if !method.cost().is_some_and(|cost| self.budget.allows(cost)) {
            self.spawn(Measured {
                future,
                method: Some(method),
            });
            return;
        }
        // Boxed, so that it can move into a task after it was polled here.
        let mut future = Box::pin(future);
        let started = Instant::now();
        let poll = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let took = started.elapsed();
        method.record(took);
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.budget.spent_ns.fetch_add(took_ns, Ordering::Relaxed);
        if poll.is_pending() {
            // A new task is polled at once, and then registers the real waker.
            self.spawn(future);
        }
    }
}

pin_project_lite::pin_project! {
    /// A call in a task, which is open as long as it is there.
    struct OnItsOwn<F> {
        #[pin]
        call: F,
        _open: Open,
    }
}

impl<F: Future> Future for OnItsOwn<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().call.poll(cx)
    }
}

pin_project_lite::pin_project! {
    /// Measures the first poll of a call that has a task of its own.
    struct Measured<F> {
        #[pin]
        future: F,
        method: Option<Costed>,
    }
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(method) = this.method.take() else {
            return this.future.poll(cx);
        };
        let started = Instant::now();
        let poll = this.future.poll(cx);
        method.record(started.elapsed());
        poll
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::frame::Limit;
    use crate::server::handle::Limits;

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
        let (short, long) = (PollCost(AtomicU32::new(1000)), PollCost::unknown());
        let limit = Limit::DEFAULT;
        let limits = Limits {
            request: limit,
            reply: limit,
        };
        let budget = InlineBudget::new(Arc::new(Routes::new(limits, None, None)));
        assert!(budget.allows(&short));
        assert!(!budget.allows(&long));
        budget.spent_ns.store(200_000, Ordering::Relaxed);
        assert!(!budget.allows(&short));
        budget.reset();
        assert!(budget.allows(&short));
    }

    #[test]
    fn a_call_without_a_route_has_no_cost() {
        let limit = Limit::DEFAULT;
        let limits = Limits {
            request: limit,
            reply: limit,
        };
        let budget = InlineBudget::new(Arc::new(Routes::new(limits, None, None)));
        budget.next(Some(RouteId { entry: 3, index: 0 }));
        assert_eq!(budget.take_next().map(|method| method.entry), Some(3));
        assert!(budget.take_next().is_none(), "each call says it anew");
        budget.next(None);
        assert!(budget.take_next().is_none());
    }
}
