//! X1: ordinary calls beside a client that attacks the server with a tenth of a core: what do they notice?

use std::time::{Duration, Instant};

use lab_common::{Attack, AttackOrder, Event, Failure, Load, Work};

use crate::{
    bench::Bench,
    compile,
    contender::OURS,
    cores::Placement,
    experiments::Experiment,
    measure::{Setup, beside},
    noise::wait_for_quiet,
    outcome::{Outcome, Row},
    process::Process,
    stats::Sample,
    target::{Bound, Target},
};

pub(super) static EXPERIMENT: Attacked = Attacked;

/// The column of what is measured without an attacker.
const UNDISTURBED: &str = "undisturbed";

const LOAD: Load = Load {
    connections: 4,
    in_flight: 16,
    work: Work::Echo { bytes: 16 },
    ping: false,
};

const TARGET: Target = Target {
    words: "at most 1.5 x the undisturbed",
    than: UNDISTURBED,
    bound: Bound::AtMost(1.5),
};

/// Longer than any measurement: the driver ends it.
const LIFETIME: Duration = Duration::from_secs(60);

/// Calls beside attacks.
pub(super) struct Attacked;

/// One measurement.
#[derive(Clone, Copy)]
struct Seen {
    p99_micros: f64,
    /// Of the server for each call of the ordinary clients; what the attack costs it is in it.
    cpu_micros: f64,
    /// The share of a core that the attacker used, in percent.
    attacker: f64,
    others: Option<f64>,
}

impl Experiment for Attacked {
    fn id(&self) -> &'static str {
        "X1"
    }

    fn about(&self) -> &'static str {
        "16 echo calls in flight on 4 connections, beside a client that attacks with a tenth of a core"
    }

    fn run(&self, bench: &Bench) -> Result<Outcome, Failure> {
        bench.progress().show("X1: building");
        let server = compile::peer(compile::home(), None, OURS)?.timed;
        let attacker = compile::program(compile::home(), "lab-attacker")?;
        let effort = bench.effort();
        let cores = Placement::CoreEach.plan(bench.cores());
        let setup = Setup {
            load: LOAD,
            cores: cores.clone(),
            warm_up: effort.warm_up,
            window: effort.window,
        };
        // Never the server's: what the attacker itself uses must not count as what it does.
        let others = bench.cores().iter();
        let third = others
            .filter(|core| !cores.server.contains(core))
            .next_back();
        let attacking = third.map_or_else(|| cores.client.clone(), |core| vec![*core]);

        let mut undisturbed = Vec::new();
        let mut beside_attacks: Vec<Vec<Seen>> = vec![Vec::new(); Attack::ALL.len()];
        for repeat in 1..=effort.repeats {
            let show = |what: &str| {
                let line = format!("X1: {what}, repeat {repeat} of {}", effort.repeats);
                bench.progress().show(&line);
                wait_for_quiet(effort.patience);
            };
            show(UNDISTURBED);
            let (seen, ()) = beside(&server, &setup, |_| Ok(()), Ok)?;
            undisturbed.push(Seen::new(&seen, 0.0));
            for (attack, seen) in Attack::ALL.into_iter().zip(&mut beside_attacks) {
                show(attack.name());
                let start = |server| {
                    let order = AttackOrder {
                        server,
                        attack,
                        cores: attacking.clone(),
                        lifetime: LIFETIME,
                    };
                    Attacking::start(&attacker, &order)
                };
                let (measured, share) = beside(&server, &setup, start, Attacking::share)?;
                seen.push(Seen::new(&measured, share));
            }
        }

        let mut rows = Vec::new();
        let figures: [(&str, &str, fn(&Seen) -> f64, Option<Target>); 2] = [
            ("p99", "us", |seen| seen.p99_micros, Some(TARGET)),
            ("server cpu", "us/call", |seen| seen.cpu_micros, None),
        ];
        for (figure, unit, of, target) in figures {
            for (attack, seen) in Attack::ALL.into_iter().zip(&beside_attacks) {
                let columns = [(OURS, seen), (UNDISTURBED, &undisturbed)];
                let name = format!("{figure} beside {}", attack.name());
                let target = target.filter(|_| attack != Attack::Nothing);
                rows.push(row(name, unit, &columns, of, target));
            }
        }
        for (attack, seen) in Attack::ALL.into_iter().zip(&beside_attacks) {
            let name = format!("the attacker's core, {}", attack.name());
            rows.push(row(name, "%", &[(OURS, seen)], |seen| seen.attacker, None));
        }
        let all = undisturbed.iter().chain(beside_attacks.iter().flatten());
        Ok(Outcome {
            case: format!(
                "server on cores {:?}, client on {:?}, attacker on {attacking:?}; {} repeats of {:?} after {:?}",
                cores.server, cores.client, effort.repeats, setup.window, setup.warm_up
            ),
            rows,
            others: all.filter_map(|seen| seen.others).reduce(f64::max),
        })
    }
}

fn row(
    figure: String,
    unit: &'static str,
    columns: &[(&str, &Vec<Seen>)],
    of: fn(&Seen) -> f64,
    target: Option<Target>,
) -> Row {
    let samples = columns.iter().filter_map(|(name, seen)| {
        let sample = Sample::of(seen.iter().map(of).collect())?;
        Some(((*name).to_owned(), sample))
    });
    Row {
        figure,
        unit,
        samples: samples.collect(),
        target,
    }
}

impl Seen {
    fn new(measured: &crate::measure::Measurement, attacker: f64) -> Self {
        let calls = measured.client.calls;
        let cpu = measured.server.1.cpu - measured.server.0.cpu;
        Self {
            p99_micros: calls.p99.as_secs_f64() * 1e6,
            cpu_micros: cpu.as_secs_f64() * 1e6 / calls.calls as f64,
            attacker: attacker * 100.0,
            others: measured.others,
        }
    }
}

/// An attacker at work.
struct Attacking {
    process: Process,
    before: Duration,
    since: Instant,
}

impl Attacking {
    fn start(binary: &std::path::Path, order: &AttackOrder) -> Result<Self, Failure> {
        let mut process = Process::start(binary, order)?;
        match process.event()? {
            Event::Measuring => {}
            other => return Err(process.unexpected(&other)),
        }
        let (before, since) = (process.read()?.cpu, Instant::now());
        Ok(Self {
            process,
            before,
            since,
        })
    }

    /// The share of a core that it used since it began; it ends.
    fn share(mut self) -> Result<f64, Failure> {
        let used = self.process.read()?.cpu - self.before;
        Ok(used.as_secs_f64() / self.since.elapsed().as_secs_f64())
    }
}
