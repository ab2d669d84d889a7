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

/// Between two slices it rests for so long, or as much longer as the runtime's timer and the system make it.
const REST: Duration = Duration::from_millis(1);

/// Of a rest so much is CPU time of the slice after it, system calls included: a tenth of a core in all.
const PART: u32 = 9;

/// A slice is no longer, and a strike more at most. On the core of the ordinary client it keeps that from running: with
/// slices of a millisecond one call in a hundred waited for one, which was p99, and said nothing of the server.
const SLICE: Duration = Duration::from_micros(400);

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
        loop {
            let rested = Instant::now();
            tokio::time::sleep(REST).await;
            let slice = (rested.elapsed() / PART).min(SLICE);
            let before = process_cpu();
            while process_cpu() - before < slice {
                attacker.strike().await?;
            }
        }
    })
}
