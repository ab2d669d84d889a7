//! A client that does harm to a server, as much as a tenth of a core can.
//!
//! It measures nothing of the server: that is for the ordinary clients beside it.

mod strike;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use lab_common::{AttackOrder, Event, Failure, Meter, pin, process_cpu, tell, yield_to_all};

use crate::strike::Attacker;

/// Between two slices it rests at least so long; longer where others have the core.
const REST: Duration = Duration::from_micros(300);

/// A slice of CPU time is no longer, system calls included, and a strike more at most. On the core of the ordinary
/// client it keeps that from running: with slices of a millisecond one call in a hundred waited for one, which was p99,
/// and said nothing of the server.
const SLICE: Duration = Duration::from_micros(150);

/// So much as a part of all time it may use: a tenth of a core.
const PART: u32 = 10;

/// What it may make up for where it had less, as others had the core.
const MOST_OWED: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    lab_common::obey(attack)
}

fn attack(order: AttackOrder) -> Result<(), Failure> {
    pin(&order.cores)?;
    // Where it shares the ordinary client's core, that would have to wait for it, and nothing be said of the server.
    yield_to_all()?;
    lab_common::end_in_time(order.lifetime, &Meter::timed());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut attacker = Attacker::new(order.server, order.attack);
        attacker.strike().await?;
        tell(&Event::Measuring);
        let begun = process_cpu();
        let (mut since, mut earned, mut used) = (Instant::now(), Duration::ZERO, Duration::ZERO);
        loop {
            // Precise, as the runtime's timer is not; nothing else runs on it.
            std::thread::sleep(REST);
            let now = Instant::now();
            earned = (earned + (now - since) / PART).min(used + MOST_OWED);
            since = now;
            let until = earned.min(used + SLICE);
            while used < until {
                attacker.strike().await?;
                used = process_cpu() - begun;
            }
        }
    })
}
