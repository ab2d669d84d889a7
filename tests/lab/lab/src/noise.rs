//! How much of the machine others used meanwhile.
//!
//! It explains figures and changes none. Linux only; elsewhere it says nothing.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// Above this share of the machine in other hands, figures suffer.
pub(crate) const NOISY: f64 = 0.10;

/// How long to look before calling the machine quiet: some ticks of `/proc/stat`.
const LOOK: Duration = Duration::from_millis(150);

/// Waits until others leave the machine alone, for `patience` at most.
pub(crate) fn wait_for_quiet(patience: Duration) {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        let Some(before) = Machine::read() else {
            return;
        };
        thread::sleep(LOOK);
        let others =
            Machine::read().and_then(|after| before.others_since(after, Duration::ZERO, LOOK, 1));
        if others.is_none_or(|others| others < NOISY) {
            return;
        }
    }
}

/// The machine's CPU time so far, in ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Machine {
    busy: u64,
    total: u64,
}

impl Machine {
    /// Reads it now.
    pub(crate) fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line of `/proc/stat` (proc_stat(5)): user, nice, system, idle, iowait, irq,
    /// softirq, steal; guest time is part of user time already.
    fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = line
            .split_whitespace()
            .take(8)
            .map(|word| word.parse().ok())
            .collect::<Option<_>>()?;
        let total = ticks.iter().sum::<u64>();
        let idle = ticks.get(3)? + ticks.get(4)?;
        Some(Self {
            busy: total - idle,
            total,
        })
    }

    /// The share of the machine, 0 to 1, that was busy since `self` and not for `own`, which is
    /// measured over the wall time `window` on `cores` cores.
    pub(crate) fn others_since(
        self,
        now: Self,
        own: Duration,
        window: Duration,
        cores: usize,
    ) -> Option<f64> {
        let total = now
            .total
            .checked_sub(self.total)
            .filter(|total| *total > 0)?;
        let busy = now.busy.checked_sub(self.busy)? as f64 / total as f64;
        let own = own.as_secs_f64() / (window.as_secs_f64() * cores as f64);
        Some((busy - own).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_idle_nor_own_is_others() {
        let before = Machine::parse("cpu  100 0 50 1000 50 0 0 0 7 0\ncpu0 1 2").unwrap();
        let after = Machine::parse("cpu  200 0 100 1040 60 0 0 0 9 0\n").unwrap();
        // 150 of 200 ticks busy; half of the machine was ours.
        let others = before
            .others_since(after, Duration::from_secs(1), Duration::from_secs(1), 2)
            .unwrap();
        assert!((others - 0.25).abs() < 1e-9, "{others}");
        assert_eq!(Machine::parse("intr 1 2"), None);
    }
}
