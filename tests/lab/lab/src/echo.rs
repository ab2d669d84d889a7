//! The experiments that put one load on `lab.v1.Echo` of every contender.
//!
//! It times in interleaved repeats (A B C, A B C, …), so that a slow phase of the machine meets all
//! of them, and counts in a pass of its own, so that counting costs the timed ones nothing.

use lab_common::{Failure, Load, Reading};

use crate::{
    bench::{Bench, Effort},
    contender::Contender,
    cores::Placement,
    experiments::Experiment,
    measure::{Measurement, Setup, measure},
    outcome::{Outcome, Row},
    stats::Sample,
    target::Target,
};

/// An experiment of this kind.
pub(crate) struct Echo {
    pub(crate) id: &'static str,
    pub(crate) about: &'static str,
    pub(crate) load: Load,
    pub(crate) placement: Placement,
    /// How many times the usual window to measure.
    pub(crate) windows: u32,
    pub(crate) targets: &'static [(Figure, Target)],
}

/// Something that is measured.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    /// Its name in tables.
    pub(crate) name: &'static str,
    /// Its unit.
    pub(crate) unit: &'static str,
    pass: Pass,
    of: fn(&Measurement) -> Option<f64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Timed,
    Counted,
}

const fn timed(
    name: &'static str,
    unit: &'static str,
    of: fn(&Measurement) -> Option<f64>,
) -> Figure {
    Figure {
        name,
        unit,
        pass: Pass::Timed,
        of,
    }
}

const fn counted(
    name: &'static str,
    unit: &'static str,
    of: fn(&Measurement) -> Option<f64>,
) -> Figure {
    Figure {
        name,
        unit,
        pass: Pass::Counted,
        of,
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
const SERVER_ALLOCATIONS: Figure = counted("server allocations", "1/call", |m| {
    count(m, m.server, |r| r.allocations)
});
const CLIENT_ALLOCATIONS: Figure = counted("client allocations", "1/call", |m| {
    count(m, client(m), |r| r.allocations)
});
const SERVER_WRITES: Figure = counted("server writes", "1/call", |m| {
    count(m, m.server, |r| r.writes)
});
const CLIENT_WRITES: Figure = counted("client writes", "1/call", |m| {
    count(m, client(m), |r| r.writes)
});

/// In the order in which they are printed.
const FIGURES: [Figure; 11] = [
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

impl Experiment for Echo {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        let effort = bench.effort();
        let cores = self.placement.plan(bench.cores());
        let timing = Setup {
            load: self.load,
            cores: cores.clone(),
            warm_up: effort.warm_up,
            window: effort.window * self.windows,
        };
        let counting = Setup {
            load: self.load,
            cores,
            warm_up: effort.counting,
            window: effort.counting,
        };

        let contenders = bench.contenders();
        let mut timed: Vec<Vec<Measurement>> = vec![Vec::new(); contenders.len()];
        let mut counted = timed.clone();
        for repeat in 1..=effort.repeats {
            for (contender, timed) in contenders.iter().zip(&mut timed) {
                let Contender { name, .. } = contender;
                let line = format!("{}: {name}, repeat {repeat} of {}", self.id, effort.repeats);
                bench.progress().show(&line);
                timed.push(measure(&contender.timed, &timing)?);
            }
        }
        for (contender, counted) in contenders.iter().zip(&mut counted) {
            bench
                .progress()
                .show(&format!("{}: {}, counting", self.id, contender.name));
            counted.push(measure(&contender.counted, &counting)?);
        }

        let row = |figure: &Figure| {
            let measured = if figure.pass == Pass::Timed {
                &timed
            } else {
                &counted
            };
            let samples = contenders
                .iter()
                .zip(measured)
                .filter_map(|(contender, measured)| {
                    let repeats = measured.iter().filter_map(figure.of).collect();
                    Sample::of(repeats).map(|sample| (contender.name.clone(), sample))
                });
            let target = self.targets.iter().find(|(of, _)| of.name == figure.name);
            Row {
                figure: figure.name,
                unit: figure.unit,
                samples: samples.collect(),
                target: target.map(|(_, target)| *target),
            }
        };
        let rows = FIGURES
            .iter()
            .map(row)
            .filter(|row| !row.samples.is_empty())
            .collect();
        let others = timed
            .iter()
            .flatten()
            .filter_map(|measured| measured.others);
        Ok(Outcome {
            case: self.case(effort, &timing),
            rows,
            others: others.reduce(f64::max),
        })
    }
}

impl Echo {
    fn case(&self, effort: Effort, timing: &Setup) -> String {
        format!(
            "server on cores {:?}, client on {:?}; {} repeats of {:?} after {:?}",
            timing.cores.server, timing.cores.client, effort.repeats, timing.window, timing.warm_up
        )
    }
}

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

fn micros(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
