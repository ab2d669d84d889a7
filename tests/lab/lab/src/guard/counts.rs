//! Takes the counts: over TCP as the experiments do, in process from a program of its own.
//!
//! It knows no bound.

use std::{process::Command, time::Duration};

use lab_common::{Failure, Load, Work};

use super::{bounds::*, callgrind};
use crate::{
    contender::Contender,
    cores::{self, Placement},
    figure::{CLIENT_ALLOCATIONS, CLIENT_WRITES, Figure, SERVER_ALLOCATIONS, SERVER_WRITES},
    measure::{Setup, measure},
};

/// Load before counting, and while counting: enough for thousands of calls, also on a busy machine.
const WINDOW: Duration = Duration::from_millis(1000);

/// Calls for which allocations are counted in process.
const CALLS: u64 = 1000;

/// The two numbers of calls whose instructions are subtracted from one another, so that what starts
/// and ends a process does not count.
const FEW: u64 = 200;
const MANY: u64 = 1200;

/// The same over TCP, where 64 are in flight.
const FEW_TCP: u64 = 64 * 50;
const MANY_TCP: u64 = 64 * 250;

/// Counts per call over TCP.
pub(super) fn over_tcp(ours: &Contender) -> Result<Vec<(&'static str, f64)>, Failure> {
    let mut counted = Vec::new();
    let lone: &[(&str, Figure)] = &[
        (LONE_SERVER_ALLOCATIONS, SERVER_ALLOCATIONS),
        (LONE_CLIENT_ALLOCATIONS, CLIENT_ALLOCATIONS),
        (LONE_SERVER_WRITES, SERVER_WRITES),
        (LONE_CLIENT_WRITES, CLIENT_WRITES),
    ];
    let many: &[(&str, Figure)] = &[
        (MANY_SERVER_WRITES, SERVER_WRITES),
        (MANY_CLIENT_WRITES, CLIENT_WRITES),
    ];
    for (in_flight, figures) in [(1, lone), (64, many)] {
        let setup = Setup {
            load: Load {
                connections: 1,
                in_flight,
                work: Work::Echo { bytes: 16 },
                ping: false,
            },
            cores: Placement::CoreEach.plan(&cores::available()),
            warm_up: WINDOW,
            window: WINDOW,
        };
        let measured = measure(&ours.counted, &setup)?;
        for (name, figure) in figures {
            let count = figure.of(&measured);
            counted.push((
                *name,
                count.ok_or_else(|| Failure::new("no call completed"))?,
            ));
        }
    }
    Ok(counted)
}

/// Counts per call over the in-process transport.
pub(super) fn in_process(ours: &Contender) -> Result<Vec<(&'static str, f64)>, Failure> {
    let program = ours.timed.with_file_name("lab-peer-ours-in-process");
    let ran = Command::new(&program).arg(CALLS.to_string()).output()?;
    if !ran.status.success() {
        return Err(Failure::new(String::from_utf8_lossy(&ran.stderr)));
    }
    let allocations: u64 = String::from_utf8_lossy(&ran.stdout).trim().parse()?;
    let (few, many) = (
        callgrind::instructions(&program, FEW, &[])?,
        callgrind::instructions(&program, MANY, &[])?,
    );
    let (few_tcp, many_tcp) = (
        callgrind::instructions(&program, FEW_TCP, &["tcp"])?,
        callgrind::instructions(&program, MANY_TCP, &["tcp"])?,
    );
    Ok(vec![
        (IN_PROCESS_ALLOCATIONS, allocations as f64 / CALLS as f64),
        (
            IN_PROCESS_INSTRUCTIONS,
            many.saturating_sub(few) as f64 / (MANY - FEW) as f64,
        ),
        (
            ONE_PROCESS_INSTRUCTIONS,
            many_tcp.saturating_sub(few_tcp) as f64 / (MANY_TCP - FEW_TCP) as f64,
        ),
    ])
}
