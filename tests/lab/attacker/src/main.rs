//! A client that does harm to a server, as much as a tenth of a core can.
//!
//! It measures nothing of the server: that is for the ordinary clients beside it.

mod strike;

use std::{process::ExitCode, time::Duration};

use lab_common::{AttackOrder, Event, Failure, Meter, pin, process_cpu, tell, yield_to_all};

use crate::strike::Attacker;

/// CPU time that is used without a pause, system calls included; a strike more at most.
const SLICE: Duration = Duration::from_millis(1);

/// Pauses are so many times as long as the CPU time before them: a tenth of a core in all.
const REST: u32 = 9;

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
            let before = process_cpu();
            while process_cpu() - before < SLICE {
                attacker.strike().await?;
            }
            tokio::time::sleep((process_cpu() - before) * REST).await;
        }
    })
}
