//! What is measured about a load of calls, and how it follows from a measurement.
//!
//! One measurement in, one number out; medians are taken elsewhere.

use std::time::Duration;

use lab_common::Reading;

use crate::measure::Measurement;

/// Something that is measured.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    /// Its name in tables.
    pub(crate) name: &'static str,
    /// Its unit.
    pub(crate) unit: &'static str,
    pass: Pass,
    value: fn(&Measurement) -> Option<f64>,
}

impl Figure {
    /// Whether it is taken from the timed repeats, and not from the counting pass.
    pub(crate) fn is_timed(&self) -> bool {
        self.pass == Pass::Timed
    }

    /// The figure of one measurement; `None` when the load has no such calls.
    pub(crate) fn of(&self, measured: &Measurement) -> Option<f64> {
        (self.value)(measured)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Timed,
    Counted,
}

const fn timed(
    name: &'static str,
    unit: &'static str,
    value: fn(&Measurement) -> Option<f64>,
) -> Figure {
    Figure {
        name,
        unit,
        pass: Pass::Timed,
        value,
    }
}

const fn counted(
    name: &'static str,
    unit: &'static str,
    value: fn(&Measurement) -> Option<f64>,
) -> Figure {
    Figure {
        name,
        unit,
        pass: Pass::Counted,
        value,
    }
}

/// Calls of the load that completed in a second.
pub(crate) const CALLS: Figure = timed("calls", "calls/s", |m| {
    Some(m.client.calls.calls as f64 / m.client.window.as_secs_f64())
});
/// The median latency of the load's calls.
pub(crate) const P50: Figure = timed("p50", "us", |m| Some(micros(m.client.calls.p50)));
const P99: Figure = timed("p99", "us", |m| Some(micros(m.client.calls.p99)));
const PING_P50: Figure = timed("ping p50", "us", |m| {
    m.client.pings.map(|pings| micros(pings.p50))
});
/// The 99th percentile of the pings beside the load.
pub(crate) const PING_P99: Figure = timed("ping p99", "us", |m| {
    m.client.pings.map(|pings| micros(pings.p99))
});
/// CPU time of the server process for each call.
pub(crate) const SERVER_CPU: Figure = timed("server cpu", "us/call", |m| cpu(m, m.server));
const CLIENT_CPU: Figure = timed("client cpu", "us/call", |m| cpu(m, client(m)));
/// Allocations of the server process for each call.
pub(crate) const SERVER_ALLOCATIONS: Figure = counted("server allocations", "1/call", |m| {
    count(m, m.server, |r| r.allocations)
});
/// Allocations of the client process for each call.
pub(crate) const CLIENT_ALLOCATIONS: Figure = counted("client allocations", "1/call", |m| {
    count(m, client(m), |r| r.allocations)
});
/// Write calls on the server's sockets for each call.
pub(crate) const SERVER_WRITES: Figure = counted("server writes", "1/call", |m| {
    count(m, m.server, |r| r.writes)
});
/// Write calls on the client's sockets for each call.
pub(crate) const CLIENT_WRITES: Figure = counted("client writes", "1/call", |m| {
    count(m, client(m), |r| r.writes)
});

/// In the order in which they are printed.
pub(crate) const FIGURES: [Figure; 11] = [
    CALLS,
    P50,
    P99,
    PING_P50,
    PING_P99,
    SERVER_CPU,
    CLIENT_CPU,
    SERVER_ALLOCATIONS,
    CLIENT_ALLOCATIONS,
    SERVER_WRITES,
    CLIENT_WRITES,
];

fn client(measured: &Measurement) -> (Reading, Reading) {
    (measured.client.before, measured.client.after)
}

/// Pings are calls as well.
fn all_calls(measured: &Measurement) -> Option<f64> {
    let calls = measured.client.calls.calls + measured.client.pings.map_or(0, |pings| pings.calls);
    (calls > 0).then_some(calls as f64)
}

fn cpu(measured: &Measurement, (before, after): (Reading, Reading)) -> Option<f64> {
    Some(micros(after.cpu - before.cpu) / all_calls(measured)?)
}

fn count(
    measured: &Measurement,
    (before, after): (Reading, Reading),
    of: fn(&Reading) -> u64,
) -> Option<f64> {
    Some((of(&after) - of(&before)) as f64 / all_calls(measured)?)
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
