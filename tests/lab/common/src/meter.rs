//! What one process has used so far: CPU time, allocations, write calls.
//!
//! It takes no differences; whoever reads twice subtracts.

use std::{alloc::System, time::Duration};

use serde::{Deserialize, Serialize};
use stats_alloc::StatsAlloc;

use crate::{Writes, process_cpu};

/// The meters of a process.
#[derive(Clone, Debug, Default)]
pub struct Meter(Option<Counters>);

#[derive(Clone, Debug)]
struct Counters {
    allocator: &'static StatsAlloc<System>,
    writes: Writes,
}

/// The meters, read at one moment.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// User and system time of the process.
    pub cpu: Duration,
    /// Calls of the allocator that gave memory, reallocations included; 0 when not counted.
    pub allocations: u64,
    /// Write calls on sockets; 0 when not counted.
    pub writes: u64,
}

impl Meter {
    /// Of a process that is timed: CPU time only.
    #[must_use]
    pub fn timed() -> Self {
        Self(None)
    }

    /// Of a process that counts, with `allocator` as its global one.
    #[must_use]
    pub fn counted(allocator: &'static StatsAlloc<System>) -> Self {
        Self(Some(Counters {
            allocator,
            writes: Writes::default(),
        }))
    }

    /// Where sockets are to count their write calls, in a process that counts.
    #[must_use]
    pub fn writes(&self) -> Option<Writes> {
        self.0.as_ref().map(|counters| counters.writes.clone())
    }

    /// Reads all meters.
    #[must_use]
    pub fn read(&self) -> Reading {
        let (allocations, writes) = self.0.as_ref().map_or((0, 0), |counters| {
            let stats = counters.allocator.stats();
            (
                (stats.allocations + stats.reallocations) as u64,
                counters.writes.count(),
            )
        });
        Reading {
            cpu: process_cpu(),
            allocations,
            writes,
        }
    }
}
