//! What is counted of one method on one side.
//! It refuses to let cores contend: each thread counts in a part of its own, as far as parts go round.

use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::reasons::Reasons;
use crate::call::Code;
use crate::observe::{CallEnd, MethodMetrics};

const CODES: usize = Code::ALL.len();

/// The upper bounds of the classes of durations, in seconds: two a decade, from what a call costs between two processes
/// on one machine to the default drain timeout; the default timeout of calls, 10 s, is one of them. Twelve, as the text
/// of each method has a line for each.
pub(super) const BOUNDS: [f64; 12] = [
    0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0,
];

const BOUNDS_NS: [u64; 12] = {
    let mut bounds = [0; BOUNDS.len()];
    let mut at = 0;
    while at < BOUNDS.len() {
        // A microsecond apart from any rounding of the fraction.
        bounds[at] = (BOUNDS[at] * 1e6 + 0.5) as u64 * 1000;
        at += 1;
    }
    bounds
};

/// Durations are added up in units of this many nanoseconds: fine enough for calls of some microseconds, and coarse
/// enough for ten thousand streams that go on for years.
const TICK_NS: u64 = 100;

/// Parts above this number are for cores that few machines have, and cost memory for each method.
const MAX_PARTS: usize = 16;

/// As many parts as the machine runs threads at once.
static PARTS: LazyLock<usize> = LazyLock::new(|| {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .clamp(1, MAX_PARTS)
});

/// The part of the current thread. Threads take turns.
fn part() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    // A thread that ends has none any more, and counts where others do.
    let mine = MINE.try_with(|mine| {
        if mine.get() == usize::MAX {
            mine.set(NEXT.fetch_add(1, Ordering::Relaxed) % *PARTS);
        }
        mine.get()
    });
    mine.unwrap_or(0)
}

/// What is counted of one method on one side.
pub(super) struct Tally {
    parts: Box<[Part]>,
    pub(super) again: Reasons,
    pub(super) refused: Reasons,
}

/// Alone in its cache lines, of which processors fetch two at once.
#[repr(align(128))]
#[derive(Default)]
struct Part {
    started: AtomicU64,
    ended: [AtomicU64; CODES],
    durations: [AtomicU64; BOUNDS.len() + 1],
    ticks: AtomicU64,
    attempts: AtomicU64,
    waiting: AtomicU64,
    waited: AtomicU64,
}

/// All parts together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) in_flight: u64,
    pub(super) ended: [u64; CODES],
    /// By class, not cumulative.
    pub(super) durations: [u64; BOUNDS.len() + 1],
    pub(super) seconds: f64,
    pub(super) attempts: u64,
    pub(super) waiting: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            parts: (0..*PARTS).map(|_| Part::default()).collect(),
            again: Reasons::default(),
            refused: Reasons::default(),
        }
    }
}

impl Tally {
    fn part(&self) -> &Part {
        &self.parts[part()]
    }

    pub(super) fn sums(&self) -> Sums {
        let sum = |of: fn(&Part) -> &AtomicU64| {
            let counts = self
                .parts
                .iter()
                .map(|part| of(part).load(Ordering::Relaxed));
            counts.fold(0, u64::wrapping_add)
        };
        let mut sums = Sums::default();
        // Ends before starts, so that none has ended that has not begun.
        for part in &self.parts {
            add(&mut sums.ended, &part.ended);
            add(&mut sums.durations, &part.durations);
        }
        let waited = sum(|part| &part.waited);
        let ended = sums.ended.iter().sum();
        sums.in_flight = sum(|part| &part.started).saturating_sub(ended);
        sums.waiting = sum(|part| &part.waiting).saturating_sub(waited);
        sums.attempts = sum(|part| &part.attempts);
        let ticks = sum(|part| &part.ticks);
        sums.seconds = Duration::from_nanos(TICK_NS).as_secs_f64() * ticks as f64;
        sums
    }
}

fn add<const N: usize>(sums: &mut [u64; N], counts: &[AtomicU64; N]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count.load(Ordering::Relaxed);
    }
}

impl MethodMetrics for Tally {
    fn started(&self) {
        self.part().started.fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self, end: &CallEnd) {
        let part = self.part();
        part.ended[end.code as usize].fetch_add(1, Ordering::Relaxed);
        if let Some(reason) = end.refused {
            self.refused.add(reason);
            return;
        }
        let ns = u64::try_from(end.elapsed.as_nanos()).unwrap_or(u64::MAX);
        let class = BOUNDS_NS.partition_point(|bound| *bound < ns);
        part.durations[class].fetch_add(1, Ordering::Relaxed);
        part.ticks.fetch_add(ns / TICK_NS, Ordering::Relaxed);
    }

    fn attempt(&self) {
        self.part().attempts.fetch_add(1, Ordering::Relaxed);
    }

    fn sent_again(&self, reason: &'static str) {
        self.again.add(reason);
    }

    fn waiting(&self) {
        self.part().waiting.fetch_add(1, Ordering::Relaxed);
    }

    fn waited(&self, _: Duration) {
        self.part().waited.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(code: Code, elapsed: Duration) -> CallEnd {
        CallEnd {
            code,
            elapsed,
            refused: None,
        }
    }

    #[test]
    fn a_bound_belongs_to_the_class_below_it() {
        let ns = Duration::from_nanos;
        for (elapsed, class) in [
            (Duration::ZERO, 0),
            (ns(100_000), 0),
            (ns(100_001), 1),
            (ns(300_000), 1),
            (ns(300_001), 2),
            (Duration::from_secs(10), 10),
            (Duration::from_secs(30), 11),
            (ns(30_000_000_001), 12),
            (Duration::MAX, 12),
        ] {
            let tally = Tally::default();
            tally.started();
            tally.ended(&end(Code::Ok, elapsed));
            let mut want = [0; BOUNDS.len() + 1];
            want[class] = 1;
            assert_eq!(tally.sums().durations, want, "{elapsed:?}");
        }
    }

    #[test]
    fn many_threads_lose_no_count() {
        const CALLS: u64 = 10_000;
        let tally = Tally::default();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let tally = &tally;
                scope.spawn(move || {
                    for n in 0..CALLS {
                        tally.started();
                        tally.attempt();
                        let code = Code::ALL[(n % 17) as usize];
                        tally.ended(&end(code, Duration::from_micros(thread * 100)));
                        tally.again.add(["a", "b", "c"][(n % 3) as usize]);
                    }
                    tally.started();
                    tally.waiting();
                });
            }
        });
        let sums = tally.sums();
        assert_eq!(sums.ended.iter().sum::<u64>(), 8 * CALLS);
        assert_eq!(sums.durations.iter().sum::<u64>(), 8 * CALLS);
        assert_eq!(sums.durations[..3], [2 * CALLS, 2 * CALLS, 4 * CALLS]);
        assert_eq!(sums.attempts, 8 * CALLS);
        assert_eq!((sums.in_flight, sums.waiting), (8, 8));
        let seconds = (0..8).sum::<u64>() * CALLS / 10_000;
        assert!((sums.seconds - seconds as f64).abs() < 1e-6);
        assert_eq!(tally.again.counts().values().sum::<u64>(), 8 * CALLS);
    }

    #[test]
    fn counting_allocates_nothing() {
        let tally = Tally::default();
        let call = || {
            tally.started();
            tally.attempt();
            tally.ended(&end(Code::Ok, Duration::from_millis(1)));
            tally.ended(&CallEnd {
                refused: Some("expired"),
                ..end(Code::DeadlineExceeded, Duration::ZERO)
            });
        };
        call();
        assert_eq!(allocation_counter::measure(call).count_total, 0);
    }
}
