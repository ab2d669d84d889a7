//! `lab-model-counted picks N` prints the allocations of picks among N nodes.
//!
//! It measures no time.

use std::{alloc::System, env, process::ExitCode};

use lab_common::{Failure, Meter};
use serde_json::json;
use sinew::{balance::Balance, testing::pick::Nodes};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PICKS: usize = 10_000;

fn main() -> ExitCode {
    match allocations() {
        Ok(allocations) => {
            println!(
                "{}",
                json!({ "allocations": [allocations], "picks": [PICKS] })
            );
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn allocations() -> Result<u64, Failure> {
    let mut arguments = env::args().skip(1);
    let (Some("picks"), Some(count)) = (arguments.next().as_deref(), arguments.next()) else {
        return Err(Failure::new("picks among how many?"));
    };
    let nodes = Nodes::new(count.parse()?, Balance::default());
    let meter = Meter::counted(ALLOCATOR);
    let before = meter.read().allocations;
    for _ in 0..PICKS {
        nodes.pick();
    }
    Ok(meter.read().allocations - before)
}
