//! Runs a cluster of `lab-cluster` processes: servers whose calls take time in worker slots, and clients that choose
//! among them.
//!
//! What is asked of the figures is the experiment's business.

use std::{path::PathBuf, time::Duration};

use lab_common::{Calls, CallsReport, Chooser, ClusterOrder, Event, Failure, Slots};

use crate::{
    bench::Bench,
    compile,
    contender::OURS,
    cores::available,
    noise::{Machine, wait_for_quiet},
    outcome::Row,
    process::Process,
    stats::Sample,
    target::Target,
};

/// Who chooses, each with its column.
pub(crate) const CHOOSERS: [(Chooser, &str); 4] = [
    (Chooser::Ours, OURS),
    (Chooser::Tower, TOWER),
    (Chooser::PeakEwma, "ours by peak ewma"),
    (Chooser::RoundRobin, "round robin"),
];

/// The column of tower's p2c.
pub(crate) const TOWER: &str = "tower";

/// What a process may need beyond the time that it is asked to measure: its start, its last calls.
const GRACE: Duration = Duration::from_secs(60);

/// A server that has four slots, and whose calls take none of them.
pub(crate) const ECHO: Slots = Slots {
    count: 4,
    least: Duration::ZERO,
    mean: Duration::ZERO,
    fails_after: None,
    seed: 0,
};

/// What to measure.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The servers.
    pub(crate) servers: Vec<Slots>,
    /// Client processes, which share the calls.
    pub(crate) clients: usize,
    /// Calls per second of all clients.
    pub(crate) per_second: f64,
    /// Load before the window.
    pub(crate) warm_up: Duration,
    /// The window.
    pub(crate) window: Duration,
}

/// The program, built.
#[derive(Debug)]
pub(crate) struct Cluster<'a> {
    binary: PathBuf,
    bench: &'a Bench,
}

/// What the clients saw; of several, the middle of their percentiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// In milliseconds.
    pub(crate) p50: f64,
    /// In milliseconds.
    pub(crate) p99: f64,
    /// In milliseconds.
    pub(crate) p999: f64,
    /// In percent of all calls.
    pub(crate) errors: f64,
    /// The share of the machine that others used, where the system tells.
    pub(crate) others: Option<f64>,
}

impl<'a> Cluster<'a> {
    /// Builds it.
    ///
    /// # Errors
    /// When it does not build.
    pub(crate) fn build(bench: &'a Bench) -> Result<Self, Failure> {
        bench.progress().show("building the cluster");
        let binary = compile::program("lab-cluster")?;
        Ok(Self { binary, bench })
    }

    /// Measures each chooser under each setup so often, in turn: for each setup, of each chooser what it saw.
    ///
    /// # Errors
    /// When a process fails.
    pub(crate) fn compare(
        &self,
        id: &str,
        setups: &[(&str, Setup)],
        repeats: usize,
    ) -> Result<Vec<Vec<Vec<Seen>>>, Failure> {
        let mut seen = vec![vec![Vec::new(); CHOOSERS.len()]; setups.len()];
        for repeat in 1..=repeats {
            for ((case, setup), seen) in setups.iter().zip(&mut seen) {
                for ((chooser, name), seen) in CHOOSERS.iter().zip(seen) {
                    let line = format!("{id}: {case}, {name}, repeat {repeat} of {repeats}");
                    self.bench.progress().show(&line);
                    wait_for_quiet(self.bench.effort().patience);
                    seen.push(self.run(setup, *chooser, repeat as u64)?);
                }
            }
        }
        Ok(seen)
    }

    fn run(&self, setup: &Setup, chooser: Chooser, seed: u64) -> Result<Seen, Failure> {
        let lifetime = setup.warm_up + setup.window + GRACE;
        let (mut servers, mut addresses) = (Vec::new(), Vec::new());
        for (number, slots) in (1_u64..).zip(&setup.servers) {
            let slots = Slots {
                seed: seed * 1_000 + number,
                ..*slots
            };
            servers.push(self.start(&ClusterOrder::Serve { slots, lifetime })?);
        }
        for server in &mut servers {
            match server.event()? {
                Event::Listening(address) => addresses.push(address),
                other => return Err(server.unexpected(&other)),
            }
        }
        let mut clients = Vec::new();
        for number in 0..setup.clients {
            let calls = Calls {
                servers: addresses.clone(),
                chooser,
                per_second: setup.per_second / setup.clients as f64,
                warm_up: setup.warm_up,
                window: setup.window,
                seed: seed * 1_000_000 + number as u64,
            };
            clients.push(self.start(&ClusterOrder::Call { calls, lifetime })?);
        }
        for client in &mut clients {
            match client.event()? {
                Event::Measuring => {}
                other => return Err(client.unexpected(&other)),
            }
        }
        let (before, machine) = (cpu(&mut servers)?, Machine::read());
        let mut reports = Vec::new();
        for client in &mut clients {
            match client.event()? {
                Event::Called(report) => reports.push(report),
                other => return Err(client.unexpected(&other)),
            }
        }
        let (after, machine_after) = (cpu(&mut servers)?, Machine::read());
        let used: Duration = reports.iter().map(|report| report.used).sum();
        let others = machine.zip(machine_after).and_then(|(machine, now)| {
            machine.others_since(now, after - before + used, setup.window, available().len())
        });
        Ok(Seen::new(&reports, others))
    }

    fn start(&self, order: &ClusterOrder) -> Result<Process, Failure> {
        Process::start(&self.binary, order)
    }
}

fn cpu(servers: &mut [Process]) -> Result<Duration, Failure> {
    let read = |server: &mut Process| Ok(server.read()?.cpu);
    servers.iter_mut().map(read).sum()
}

impl Seen {
    fn new(reports: &[CallsReport], others: Option<f64>) -> Self {
        let middle = |of: fn(&CallsReport) -> Duration| {
            let millis = |report| of(report).as_secs_f64() * 1e3;
            let sample = Sample::of(reports.iter().map(millis).collect());
            sample.map_or(f64::NAN, |sample| sample.median)
        };
        let failed: u64 = reports.iter().map(|report| report.failed).sum();
        let well: u64 = reports.iter().map(|report| report.latencies.calls).sum();
        Self {
            p50: middle(|report| report.latencies.p50),
            p99: middle(|report| report.latencies.p99),
            p999: middle(|report| report.latencies.p999),
            errors: 100.0 * failed as f64 / (failed + well).max(1) as f64,
            others,
        }
    }
}

/// The share of the machine that others used at most.
pub(crate) fn others(seen: &[Vec<Vec<Seen>>]) -> Option<f64> {
    let all = seen.iter().flatten().flatten();
    all.filter_map(|seen| seen.others).reduce(f64::max)
}

/// A row of what each chooser saw.
pub(crate) fn row(
    figure: impl Into<String>,
    unit: &'static str,
    seen: &[Vec<Seen>],
    of: fn(&Seen) -> f64,
    target: Option<Target>,
) -> Row {
    let columns = CHOOSERS.iter().zip(seen);
    let samples = columns.filter_map(|((_, name), seen)| {
        let sample = Sample::of(seen.iter().map(of).collect())?;
        Some(((*name).to_owned(), sample))
    });
    Row {
        figure: figure.into(),
        unit,
        samples: samples.collect(),
        target,
    }
}
