//! What came of a run: latencies, errors, who got how many calls, and all that happened.
//! It refuses to judge it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::journal::{Event, Journal};
use super::load::Load;
use super::quantile::quantile;
use super::world::{Notes, World};
use crate::call::Code;

/// A call that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// Whose it was.
    pub client: u32,
    /// Which one of that client's.
    pub number: u32,
    /// When it was made.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub code: Code,
}

/// A call that came to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrived {
    /// When it came.
    pub at: Duration,
    /// Whose it is.
    pub client: u32,
    /// Which one of that client's; 0 of calls that are none of the load.
    pub number: u32,
    /// The node, by its number.
    pub node: u32,
    /// What it is about, where the load has keys.
    pub key: Option<u32>,
}

/// What came of a run. All times are model time.
///
/// What is said of calls is said of those that were made after the load's warm-up.
pub struct Run {
    seed: u64,
    names: Vec<String>,
    /// Those of calls that went well or ran out of time.
    sorted: Vec<Duration>,
    ended: Vec<Ended>,
    unfinished: usize,
    arrivals: Vec<Arrived>,
    warm_up: Duration,
    journal: Journal,
}

impl Run {
    pub(super) fn new(seed: u64, load: &Load, world: &World) -> Self {
        let Notes {
            journal,
            unfinished,
            mut ended,
            mut arrivals,
        } = world.take_notes();
        let unfinished = unfinished.iter().filter(|began| **began >= load.warm_up);
        let unfinished = unfinished.count();
        ended.retain(|ended| ended.began >= load.warm_up);
        arrivals.retain(|arrived: &Arrived| arrived.at >= load.warm_up);
        let mut sorted: Vec<Duration> = ended
            .iter()
            .filter(|ended| matches!(ended.code, Code::Ok | Code::DeadlineExceeded))
            .map(|ended| ended.took)
            .collect();
        sorted.sort_unstable();
        Self {
            seed,
            names: world.sites.iter().map(|site| site.name.clone()).collect(),
            sorted,
            ended,
            unfinished,
            arrivals,
            warm_up: load.warm_up,
            journal,
        }
    }

    /// What it was run with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The latency that this share of calls (0 to 1) were not above, of those that went well or ran out of time.
    pub fn latency(&self, share: f64) -> Duration {
        quantile(&self.sorted, share)
    }

    /// The calls that ended, in the order of their ends.
    pub fn calls(&self) -> &[Ended] {
        &self.ended
    }

    /// Calls that failed, by their codes; those that did not end are `unfinished`.
    pub fn errors(&self) -> BTreeMap<&'static str, usize> {
        let mut errors = BTreeMap::new();
        for ended in self.ended.iter().filter(|ended| ended.code != Code::Ok) {
            *errors.entry(ended.code.as_str()).or_default() += 1;
        }
        if self.unfinished > 0 {
            errors.insert("unfinished", self.unfinished);
        }
        errors
    }

    /// Calls that failed, or did not end.
    pub fn failed(&self) -> usize {
        let failed = self.ended.iter().filter(|ended| ended.code != Code::Ok);
        failed.count() + self.unfinished
    }

    /// Calls that had not ended 60 s after the last moment at which calls were made. They are cut off then, count as
    /// failed, and have no latency.
    pub fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// The share of calls that failed, or did not end, 0 to 1.
    pub fn error_share(&self) -> f64 {
        share(self.failed(), self.ended.len() + self.unfinished)
    }

    /// From the warm-up to the end of the last call.
    pub fn took(&self) -> Duration {
        let last = self.ended.iter().map(|ended| ended.began + ended.took);
        last.max().unwrap_or_default().saturating_sub(self.warm_up)
    }

    /// Nodes, by the numbers that events have.
    pub fn nodes(&self) -> &[String] {
        &self.names
    }

    /// Calls that came to a node.
    pub fn calls_at(&self, node: &str) -> usize {
        let node = self.names.iter().position(|name| name == node);
        let came = self
            .arrivals
            .iter()
            .filter(|arrived| Some(arrived.node as usize) == node);
        came.count()
    }

    /// The share of all calls that came to a node, 0 to 1.
    pub fn share_of(&self, node: &str) -> f64 {
        share(self.calls_at(node), self.arrivals.len())
    }

    /// Calls that came to a node in each second of the run.
    pub fn calls_per_second(&self, node: &str) -> Vec<u32> {
        let node = self.names.iter().position(|name| name == node);
        let mut seconds = Vec::new();
        for arrived in &self.arrivals {
            if Some(arrived.node as usize) == node {
                let second = usize::try_from(arrived.at.as_secs()).unwrap_or(usize::MAX);
                if seconds.len() <= second {
                    seconds.resize(second + 1, 0);
                }
                seconds[second] += 1;
            }
        }
        seconds
    }

    /// The calls that came to nodes, in the order in which they did.
    pub fn arrivals(&self) -> &[Arrived] {
        &self.arrivals
    }

    /// All that happened, warm-up included, in its order.
    pub fn events(&self) -> &[Event] {
        self.journal.events()
    }

    /// One number for all that happened: two runs that are the same have the same one.
    pub fn digest(&self) -> u64 {
        self.journal.digest()
    }

    /// The first event in which another run differs, in words; nothing where all are the same.
    pub fn difference(&self, other: &Self) -> Option<String> {
        self.journal.difference(&other.journal)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A table to read.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: {} calls in {:.3} s, {} events, digest {:016x}",
            self.seed,
            self.ended.len() + self.unfinished,
            self.took().as_secs_f64(),
            self.events().len(),
            self.digest()
        )?;
        f.write_str("latency")?;
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
            let ms = self.latency(share).as_secs_f64() * 1e3;
            write!(f, "  {name} {ms:.3} ms")?;
        }
        writeln!(f)?;
        let errors = self.errors();
        if !errors.is_empty() {
            write!(f, "errors {:.3} %", self.error_share() * 100.0)?;
            for (code, count) in errors {
                write!(f, "  {code} {count}")?;
            }
            writeln!(f)?;
        }
        for name in &self.names {
            let (calls, share) = (self.calls_at(name), self.share_of(name) * 100.0);
            writeln!(f, "{name:<12} {calls:>8} calls {share:>6.2} %")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
