//! Cores and CPU time, as the operating system sees them.
//!
//! It never measures wall time: on a shared machine only CPU time belongs to a process.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Failure;

/// The last place there is (setpriority(2)).
#[cfg(target_os = "linux")]
const NICEST: i32 = 19;

/// Keeps the calling thread, and every thread that it starts later, on `cores`.
///
/// Linux only; elsewhere a no-op, so figures there are noisier.
///
/// # Errors
/// When the machine lacks one of the cores.
pub fn pin(cores: &[usize]) -> Result<(), Failure> {
    #[cfg(target_os = "linux")]
    {
        let mut set = rustix::thread::CpuSet::new();
        for &core in cores {
            set.set(core);
        }
        rustix::thread::sched_setaffinity(None, &set)
            .map_err(|error| Failure::from(error).during(format!("pinning to cores {cores:?}")))?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = cores;
    Ok(())
}

/// Lets every other process that wants its core go first.
///
/// Linux only; elsewhere a no-op.
///
/// # Errors
/// When the system does not let it.
pub fn yield_to_all() -> Result<(), Failure> {
    #[cfg(target_os = "linux")]
    rustix::process::nice(NICEST).map_err(|error| Failure::from(error).during("being nice"))?;
    Ok(())
}

/// The user and system time of this process so far.
#[must_use]
pub fn process_cpu() -> Duration {
    clock(ClockId::ProcessCPUTime)
}

/// Keeps the calling thread busy until it has used `cpu` of CPU time.
///
/// CPU time and not wall time: a handler that is preempted must still do all of its work, or a
/// stack that schedules badly would look fast.
pub fn burn(cpu: Duration) {
    let until = clock(ClockId::ThreadCPUTime) + cpu;
    while clock(ClockId::ThreadCPUTime) < until {
        std::hint::spin_loop();
    }
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burning_uses_the_cpu_time_asked_for() {
        let before = process_cpu();
        burn(Duration::from_millis(5));
        assert!(process_cpu() - before >= Duration::from_millis(5));
    }
}
