//! X1: ordinary calls beside a client that attacks the server with a tenth of a core: what do they notice?

use std::{
    path::Path,
    time::{Duration, Instant},
};

use lab_common::{Attack, AttackOrder, Event, Failure, Load, Work};

use crate::{
    bench::Bench,
    compile,
    contender::OURS,
    cores::{Cores, Placement},
    experiments::Experiment,
    measure::{Measurement, Setup, beside},
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
        let attacker = compile::program("lab-attacker")?;
        let effort = bench.effort();
        let cores = Placement::CoreEach.plan(bench.cores());
        let setup = Setup {
            load: LOAD,
            cores: cores.clone(),
            warm_up: effort.warm_up,
            window: effort.window,
        };
        let attacking = attackers(bench.cores(), &cores);

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

        let all = undisturbed.iter().chain(beside_attacks.iter().flatten());
        let others = all.filter_map(|seen| seen.others).reduce(f64::max);
        Ok(Outcome {
            case: format!(
                "server on cores {:?}, client on {:?}, attacker on {attacking:?}; {} repeats of {:?} after {:?}",
                cores.server, cores.client, effort.repeats, setup.window, setup.warm_up
            ),
            rows: rows(&undisturbed, &beside_attacks),
            plot: None,
            others,
        })
    }
}

/// The last core that is not the server's, for what the attacker itself uses must not count as what it does; the
/// client's, where there is no other.
fn attackers(available: &[usize], cores: &Cores) -> Vec<usize> {
    let free = available.iter().rfind(|core| !cores.server.contains(core));
    free.map_or_else(|| cores.client.clone(), |core| vec![*core])
}

/// The figures, each for all attacks; a list of repeats for each of these.
fn rows(undisturbed: &[Seen], beside_attacks: &[Vec<Seen>]) -> Vec<Row> {
    let attacks = || Attack::ALL.into_iter().zip(beside_attacks);
    let p99 = attacks().map(|(attack, seen)| Row {
        figure: format!("p99 beside {}", attack.name()),
        unit: "us",
        samples: samples(seen, undisturbed, |seen| seen.p99_micros),
        target: (attack != Attack::Nothing).then_some(TARGET),
    });
    let cpu = attacks().map(|(attack, seen)| Row {
        figure: format!("server cpu beside {}", attack.name()),
        unit: "us/call",
        samples: samples(seen, undisturbed, |seen| seen.cpu_micros),
        target: None,
    });
    let attacker = attacks().map(|(attack, seen)| Row {
        figure: format!("the attacker's core, {}", attack.name()),
        unit: "%",
        samples: samples(seen, &[], |seen| seen.attacker),
        target: None,
    });
    p99.chain(cpu).chain(attacker).collect()
}

fn samples(beside: &[Seen], undisturbed: &[Seen], of: fn(&Seen) -> f64) -> Vec<(String, Sample)> {
    let columns = [(OURS, beside), (UNDISTURBED, undisturbed)];
    let samples = columns.into_iter().filter_map(|(name, seen)| {
        let sample = Sample::of(seen.iter().map(of).collect())?;
        Some((name.to_owned(), sample))
    });
    samples.collect()
}

impl Seen {
    fn new(measured: &Measurement, attacker: f64) -> Self {
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
    fn start(binary: &Path, order: &AttackOrder) -> Result<Self, Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attacker_never_has_the_servers_core_unless_there_is_one_alone() {
        for (available, core) in [(&[0, 1][..], 1), (&[4, 6, 7], 7), (&[3], 3)] {
            let cores = Placement::CoreEach.plan(available);
            assert_eq!(attackers(available, &cores), [core], "{available:?}");
        }
    }

    #[test]
    fn attacks_have_a_target_and_what_is_none_has_not() {
        let seen = |p99_micros| Seen {
            p99_micros,
            cpu_micros: 1.0,
            attacker: 10.0,
            others: None,
        };
        let beside = vec![vec![seen(160.0)]; Attack::ALL.len()];
        let rows = rows(&[seen(100.0)], &beside);
        assert_eq!(rows.len(), 3 * Attack::ALL.len());
        let missed = rows.iter().filter_map(Row::verdict);
        let missed = missed.filter(|verdict| !verdict.met).count();
        assert_eq!(missed, Attack::ALL.len() - 1);
    }
}
