//! What it costs to choose one of so many nodes, and to count a call there; beside tower's p2c over peak EWMA.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Future, Ready, ready},
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use lab_common::Failure;
use serde_json::json;
use sinew::{balance::Balance, testing::pick::Nodes};
use tower::{
    Service,
    balance::p2c,
    discover::ServiceList,
    load::{CompleteOnResponse, PeakEwma},
};

use crate::Figures;

/// So many picks are timed at once: a clock costs as much as some of them.
const BATCH: usize = 64;

const BATCHES: usize = 2000;

/// Calls that are under way while the next one is placed.
const IN_FLIGHT: usize = 16;

/// Servers say so often how busy they are.
const REPORTS: Duration = Duration::from_millis(100);

/// What tower's own example (`tower-balance.rs`) assumes of a service that was not measured, and how fast it forgets.
const DEFAULT_RTT: Duration = Duration::from_millis(30);
const DECAY: Duration = Duration::from_secs(10);

/// Values: nanoseconds of a pick in each batch, sorted. `bare` reads no clock, `pick` reads it once, as a call does;
/// `ours` also counts the call and measures it when it ends, and so does `tower`.
pub(crate) fn run(count: usize) -> Result<Figures, Failure> {
    let nodes = Nodes::new(count, Balance::default());
    let mut reported = Instant::now();
    let mut refresh = || {
        if reported.elapsed() > REPORTS {
            nodes.report();
            reported = Instant::now();
        }
    };
    let bare = timed(&mut refresh, || {
        black_box(nodes.picks(BATCH));
    });
    let pick = timed(&mut refresh, || {
        for _ in 0..BATCH {
            black_box(nodes.pick());
        }
    });
    let mut held = VecDeque::with_capacity(IN_FLIGHT + 1);
    let ours = timed(&mut refresh, || {
        for _ in 0..BATCH {
            held.push_back(nodes.call());
            let is_full = held.len() > IN_FLIGHT;
            if let Some(Some(call)) = is_full.then(|| held.pop_front()).flatten() {
                call.settle();
            }
        }
    });
    let tower = tower(count)?;
    let mut figures = Figures::new();
    for (name, batches) in [
        ("bare", bare),
        ("pick", pick),
        ("ours", ours),
        ("tower", tower),
    ] {
        figures.insert(name.to_owned(), json!(batches));
    }
    Ok(figures)
}

fn tower(count: usize) -> Result<Vec<f64>, Failure> {
    let completion = CompleteOnResponse::default;
    let decay = DECAY.as_nanos() as f64;
    let service = |_| PeakEwma::new(AtOnce, DEFAULT_RTT, decay, completion());
    let services: Vec<_> = (0..count).map(service).collect();
    let mut balance = p2c::Balance::new(ServiceList::new(services));
    let mut context = Context::from_waker(Waker::noop());
    let mut held = VecDeque::with_capacity(IN_FLIGHT + 1);
    let mut failed = 0;
    let batches = timed(
        || {},
        || {
            for _ in 0..BATCH {
                match balance.poll_ready(&mut context) {
                    Poll::Ready(Ok(())) => held.push_back(balance.call(())),
                    _ => failed += 1,
                }
                if let Some(call) = (held.len() > IN_FLIGHT).then(|| held.pop_front()).flatten() {
                    let is_over = pin!(call).poll(&mut context).is_ready();
                    failed += usize::from(!is_over);
                }
            }
        },
    );
    match failed {
        0 => Ok(batches),
        failed => Err(Failure::new(format!("tower placed {failed} calls nowhere"))),
    }
}

/// A service that is ready at all times, and answers at once.
#[derive(Debug)]
struct AtOnce;

impl Service<()> for AtOnce {
    type Response = ();
    type Error = Infallible;
    type Future = Ready<Result<(), Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(()))
    }
}

/// Nanoseconds of one of each batch; the first tenth of them is not counted.
fn timed(mut before: impl FnMut(), mut batch: impl FnMut()) -> Vec<f64> {
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            before();
            let began = Instant::now();
            batch();
            began.elapsed().as_secs_f64() * 1e9 / BATCH as f64
        })
        .skip(BATCHES / 10)
        .collect();
    batches.sort_by(f64::total_cmp);
    batches
}
