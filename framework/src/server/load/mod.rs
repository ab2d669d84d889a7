//! How busy a server is: calls counted as they come and go, and what is measured of them.
//! It refuses to say who is told, and when (`due.rs`).

mod due;
mod handle;
mod rates;
mod service_time;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

pub(crate) use due::{Due, Pace, Reports, To};
pub use handle::ServerLoad;
use rates::{Counted, Window};
use service_time::Samples;

use crate::call::body::StreamEnd;
use crate::call::{Code, LoadReport, Payload, RawReply, Status};

/// One that comes, in [`Meter::calls`].
const ONE_CALL: u64 = 1 << 32;

/// Counts the calls of one server.
#[derive(Debug)]
pub(crate) struct Meter {
    since: Instant,
    epoch: u32,
    /// Calls in flight in the lower half, and in the upper those that have come, which wrap: one step for both.
    calls: AtomicU64,
    failed: AtomicU32,
    /// What unary calls took, together, in nanoseconds.
    busy_ns: AtomicU64,
    /// One call of so many is timed, a power of two; none, and no clock is read, before somebody wants to know.
    timed: AtomicU32,
    service_times: Samples,
    /// What the user says, as bits of a float; not a number unless said.
    utilization: AtomicU32,
    window: Mutex<Window>,
    /// Seconds of the clock in one second of what is measured: more than one in a simulation.
    #[cfg(feature = "testing")]
    stretch: AtomicU32,
}

impl Meter {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            since: now,
            epoch: new_epoch(),
            calls: AtomicU64::new(0),
            failed: AtomicU32::new(0),
            busy_ns: AtomicU64::new(0),
            timed: AtomicU32::new(0),
            service_times: Samples::default(),
            utilization: AtomicU32::new(f32::NAN.to_bits()),
            window: Mutex::new(Window::from(Counted::default())),
            #[cfg(feature = "testing")]
            stretch: AtomicU32::new(1),
        }
    }

    /// From now on it is measured how long calls take.
    pub(crate) fn time(&self) {
        // Read first: what is set already is not written again and again.
        if self.timed.load(Ordering::Relaxed) == 0 {
            self.timed.store(1, Ordering::Relaxed);
        }
    }

    /// What is known now; who reads it says whether the server is about to end.
    pub(crate) fn report(&self, now: Instant, draining: bool) -> LoadReport {
        let at = self.elapsed(self.since, now);
        let (calls, rates) = {
            let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
            // Read in here: of two who look at once, the later one must not see less.
            let calls = self.calls.load(Ordering::Relaxed);
            let rates = window.rates(Counted {
                at,
                calls: (calls >> 32) as u32,
                failed: self.failed.load(Ordering::Relaxed),
                busy_ns: self.busy_ns.load(Ordering::Relaxed),
            });
            (calls, rates)
        };
        self.timed.store(timed_of(rates.qps), Ordering::Relaxed);
        let said = f32::from_bits(self.utilization.load(Ordering::Relaxed));
        let utilization = if said.is_nan() {
            rates.busy / cores()
        } else {
            said
        };
        LoadReport {
            in_flight: calls as u32,
            service_time: self.service_times.median(at),
            epoch: self.epoch,
            draining,
            utilization: (utilization > 0.0).then_some(utilization),
            qps: rates.qps,
            eps: rates.eps,
        }
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.calls.load(Ordering::Relaxed) as u32
    }
}

/// A call that a server has admitted, for as long as it lives.
#[derive(Debug)]
pub(crate) struct InFlight<'a> {
    meter: &'a Arc<Meter>,
    /// When it came, where that is measured, and how many calls it stands for.
    since: Option<(Instant, u32)>,
    /// Calls in flight when it came, itself among them.
    beside: u32,
}

impl<'a> InFlight<'a> {
    pub(crate) fn enter(meter: &'a Arc<Meter>) -> Self {
        let before = meter.calls.fetch_add(ONE_CALL + 1, Ordering::Relaxed);
        let timed = meter.timed.load(Ordering::Relaxed);
        let is_timed = is_timed((before >> 32) as u32, timed);
        Self {
            since: is_timed.then(|| (Instant::now(), timed)),
            beside: (before as u32).wrapping_add(1),
            meter,
        }
    }

    /// The result is here; a stream goes on being counted to its end. Only calls that went well say how long one takes:
    /// those that fail at once would make a broken server look like a fast one.
    pub(crate) fn finish(self, result: &mut Result<RawReply, Status>) {
        match result {
            Err(status) => self.meter.ended(status.code()),
            Ok(reply) => match &mut reply.payload {
                Payload::Whole(_) => {
                    if let Some((since, calls)) = self.since {
                        self.meter.took(since, Instant::now(), calls, self.beside);
                    }
                }
                Payload::Stream(body) => {
                    let watch = Box::new(StreamInFlight::enter(self.meter));
                    *body = std::mem::take(body).watched(watch);
                }
            },
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.meter.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that goes on after its head is there.
struct StreamInFlight(Arc<Meter>);

impl StreamInFlight {
    fn enter(meter: &Arc<Meter>) -> Self {
        meter.calls.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(meter))
    }
}

impl StreamEnd for StreamInFlight {
    fn end(self: Box<Self>, code: Code, _: Option<&Status>) {
        self.0.ended(code);
    }
}

impl Drop for StreamInFlight {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Meter {
    /// From `since` to `now`, in the time that is simulated where one is.
    fn elapsed(&self, since: Instant, now: Instant) -> Duration {
        let elapsed = now.saturating_duration_since(since);
        #[cfg(feature = "testing")]
        return elapsed / self.stretch.load(Ordering::Relaxed);
        #[cfg(not(feature = "testing"))]
        elapsed
    }

    /// From now on `by` seconds of the clock are one of what is measured.
    #[cfg(feature = "testing")]
    pub(crate) fn stretch(&self, by: u32) {
        self.stretch.store(by.max(1), Ordering::Relaxed);
    }

    fn took(&self, since: Instant, now: Instant, calls: u32, beside: u32) {
        let took = self.elapsed(since, now);
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let busy_ns = took_ns.saturating_mul(calls.into());
        self.busy_ns.fetch_add(busy_ns, Ordering::Relaxed);
        let at = self.elapsed(self.since, now);
        self.service_times.push(at, took / beside.max(1));
    }

    fn ended(&self, code: Code) {
        if is_fault(code) {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Calls per second that are timed, so many or up to twice as many: ten times those that a report looks at. To time
/// each of a hundred thousand would cost a percent of the server and tell no more.
const TIMED_PER_SECOND: f32 = 256.0;

/// One call of so many is timed where so many come per second.
fn timed_of(qps: f32) -> u32 {
    let calls = (qps / TIMED_PER_SECOND).clamp(1.0, 1024.0) as u32;
    1 << calls.ilog2()
}

/// Is this call one of those that are timed? Which of them it is follows no pattern that calls could have.
fn is_timed(call: u32, timed: u32) -> bool {
    // The golden ratio: its multiples are spread evenly.
    timed != 0 && (call.wrapping_mul(0x9e37_79b9) >> 16) & (timed - 1) == 0
}

/// Codes by which a server fails, rather than its caller. One that has too much to do is busy, and says so elsewhere.
fn is_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

/// A number that no other server of this process has, and none of the process that had its place before.
fn new_epoch() -> u32 {
    static NEXT: OnceLock<AtomicU32> = OnceLock::new();
    let start = || {
        // Of a clock that stands before 1970 any other start is as good.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        // What is cut off comes again after seven weeks.
        AtomicU32::new(since.map_or(1, |since| since.as_millis() as u32))
    };
    let epoch = NEXT.get_or_init(start).fetch_add(1, Ordering::Relaxed);
    epoch.max(1)
}

/// Cores that this process may use. It is asked once: that takes reading files.
fn cores() -> f32 {
    static CORES: OnceLock<f32> = OnceLock::new();
    *CORES.get_or_init(|| {
        let cores = std::thread::available_parallelism();
        cores.map_or(1.0, |cores| cores.get() as f32)
    })
}
