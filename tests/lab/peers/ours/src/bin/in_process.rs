//! So many calls over the in-process transport, as the first argument says; prints the allocations that they made. With
//! a second one, `tcp`, they go over a connection, and nothing is printed. `cargo lab guard` runs it, also under
//! callgrind.

use std::{alloc::System, process::ExitCode};

use lab_common::{Failure, Meter};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    match allocations() {
        Ok(allocations) => {
            if let Some(allocations) = allocations {
                println!("{allocations}");
            }
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn allocations() -> Result<Option<u64>, Failure> {
    let mut arguments = std::env::args().skip(1);
    let calls = arguments
        .next()
        .ok_or_else(|| Failure::new("how many calls?"))?
        .parse()?;
    match arguments.next().as_deref() {
        None => {}
        Some("tcp") => return lab_peer_ours::calls_over_tcp(calls).map(|()| None),
        Some(other) => return Err(Failure::new(format!("{other:?} is no way to call"))),
    }
    let meter = Meter::counted(ALLOCATOR);
    let (before, after) = lab_peer_ours::calls_in_process(calls, &meter)?;
    Ok(Some(after.allocations - before.allocations))
}
