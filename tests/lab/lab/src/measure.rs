//! One measurement: a fresh server, a fresh client, one window.
//!
//! Both are new processes each time, so that no repeat inherits another's heap or luck.

use std::{net::SocketAddr, path::Path, time::Duration};

use lab_common::{ClientOrder, ClientReport, Event, Failure, Load, Order, Reading, ServerOrder};

use crate::{
    cores::{Cores, available},
    noise::Machine,
    process::Process,
};

/// What a process may need beyond the time that it is asked to measure: its start, its last calls.
const GRACE: Duration = Duration::from_secs(30);

/// What to measure.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The load.
    pub(crate) load: Load,
    /// The cores of both sides.
    pub(crate) cores: Cores,
    /// Load before the window.
    pub(crate) warm_up: Duration,
    /// The window.
    pub(crate) window: Duration,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measurement {
    /// What the client saw.
    pub(crate) client: ClientReport,
    /// The server's meters at the window's beginning and end.
    pub(crate) server: (Reading, Reading),
    /// The share of the machine that others used, where the system tells.
    pub(crate) others: Option<f64>,
}

/// Measures the peer in `binary`.
///
/// # Errors
/// When a process fails, or any call of the load.
pub(crate) fn measure(binary: &Path, setup: &Setup) -> Result<Measurement, Failure> {
    let (measurement, ()) = beside(binary, setup, |_| Ok(()), Ok)?;
    Ok(measurement)
}

/// As [`measure`], with what `start` has begun to do to the server before its client comes; `end` ends it while the
/// server still runs, and says what became of it.
///
/// # Errors
/// Also those of `start` and `end`.
pub(crate) fn beside<T, U>(
    binary: &Path,
    setup: &Setup,
    start: impl FnOnce(SocketAddr) -> Result<T, Failure>,
    end: impl FnOnce(T) -> Result<U, Failure>,
) -> Result<(Measurement, U), Failure> {
    let lifetime = setup.warm_up + setup.window + GRACE;
    let order = ServerOrder {
        cores: setup.cores.server.clone(),
        lifetime,
    };
    let mut server = Process::start(binary, &Order::Serve(order))?;
    let address = match server.event()? {
        Event::Listening(address) => address,
        other => return Err(server.unexpected(&other)),
    };
    let started = start(address)?;
    let order = ClientOrder {
        server: address,
        cores: setup.cores.client.clone(),
        workers: 1,
        load: setup.load,
        warm_up: setup.warm_up,
        window: setup.window,
        lifetime,
    };
    let mut client = Process::start(binary, &Order::Load(order))?;
    match client.event()? {
        Event::Measuring => {}
        other => return Err(client.unexpected(&other)),
    }
    let (before, machine) = (server.read()?, Machine::read());
    let report = match client.event()? {
        Event::Measured(report) => report,
        other => return Err(client.unexpected(&other)),
    };
    let (after, machine_after) = (server.read()?, Machine::read());
    let ended = end(started)?;
    let own = (after.cpu - before.cpu) + (report.after.cpu - report.before.cpu);
    let others = machine.zip(machine_after).and_then(|(machine, after)| {
        machine.others_since(after, own, report.window, available().len())
    });
    let measurement = Measurement {
        client: report,
        server: (before, after),
        others,
    };
    Ok((measurement, ended))
}
