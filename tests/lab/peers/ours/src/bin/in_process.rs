//! So many calls over the in-process transport, as the only argument says; prints the allocations
//! that they made. `cargo lab guard` runs it, also under callgrind.

use std::{alloc::System, process::ExitCode};

use lab_common::{Failure, Meter};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    match allocations() {
        Ok(allocations) => {
            println!("{allocations}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn allocations() -> Result<u64, Failure> {
    let calls = std::env::args()
        .nth(1)
        .ok_or_else(|| Failure::new("how many calls?"))?
        .parse()?;
    let meter = Meter::counted(ALLOCATOR);
    let (before, after) = lab_peer_ours::calls_in_process(calls, &meter)?;
    Ok(after.allocations - before.allocations)
}
