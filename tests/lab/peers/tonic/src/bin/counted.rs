//! The peer under a counting allocator and behind counting sockets.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> std::process::ExitCode {
    lab_peer_tonic::main(lab_common::Meter::counted(ALLOCATOR))
}
