//! A node as whoever simulates describes it: how long its work takes, and what goes wrong there.
//! It refuses to run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::work::Work;
use crate::transport::memory::{InProcess, InProcessLink};

/// A server that is simulated: unless told otherwise it works on any number of calls at once, for 1 ms each.
///
/// Service times are model time, and those of a node at full speed.
#[derive(Clone)]
pub struct Node {
    pub(super) work: Work,
    /// Added to each service time.
    pub(super) more: Duration,
    /// Calls that are worked on at once; 0 is any number.
    pub(super) workers: usize,
    pub(super) speed: f64,
    pub(super) weight: u16,
    pub(super) bursts: Option<Bursts>,
    pub(super) is_listed: bool,
    pub(super) serves: Option<Arc<dyn Fn() -> InProcessLink + Send + Sync>>,
}

/// Bursts of others on the same machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bursts {
    /// What is lost of its speed, 0 to 1.
    pub(super) lost: f64,
    pub(super) lasting: Duration,
    /// The mean time between two of them.
    pub(super) every: Duration,
}

impl Default for Node {
    fn default() -> Self {
        Self::new()
    }
}

impl Node {
    /// One that takes 1 ms for each call, however many there are.
    pub fn new() -> Self {
        Self {
            work: Work::Constant(Duration::from_millis(1)),
            more: Duration::ZERO,
            workers: 0,
            speed: 1.0,
            weight: crate::discovery::NORMAL_WEIGHT,
            bursts: None,
            is_listed: true,
            serves: None,
        }
    }

    /// A server of one's own, made anew whenever the node starts. It is waited for in tokio's time, which
    /// [`super::Cluster::stretch`] says how much slower is: [`super::sleep`] waits in model time. Of what a node can be
    /// told, workers and service times have no effect on it, and its speed only as far as it hangs.
    pub fn serving<S: InProcess>(serves: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self {
            serves: Some(Arc::new(move || serves().into_link())),
            ..Self::new()
        }
    }

    /// Each call takes this long.
    #[must_use]
    pub fn constant(self, time: Duration) -> Self {
        let work = Work::Constant(time);
        Self { work, ..self }
    }

    /// Calls take this long in the mean, exponentially distributed.
    #[must_use]
    pub fn exponential(self, mean: Duration) -> Self {
        let work = Work::Exponential(mean);
        Self { work, ..self }
    }

    /// Calls take any time up to this.
    #[must_use]
    pub fn up_to(self, most: Duration) -> Self {
        let work = Work::Uniform(most);
        Self { work, ..self }
    }

    /// Each call takes this much longer.
    #[must_use]
    pub fn slower_by(self, more: Duration) -> Self {
        Self { more, ..self }
    }

    /// So many calls are worked on at once; more wait, first come first served.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// It works so many times as fast: at 0.5 all takes twice as long, at 0 it hangs.
    #[must_use]
    pub fn speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// It loses this share of its speed (0 to 1) in bursts of this length, which begin this long after one another in
    /// the mean.
    #[must_use]
    pub fn bursts(self, lost: f64, lasting: Duration, every: Duration) -> Self {
        let bursts = Some(Bursts {
            lost,
            lasting,
            every,
        });
        Self { bursts, ..self }
    }

    /// Whoever lists it says so much of its share; 100 is normal.
    #[must_use]
    pub fn weight(self, weight: u16) -> Self {
        Self { weight, ..self }
    }

    /// It runs, and nobody finds it until [`super::Control::join`].
    #[must_use]
    pub fn unlisted(self) -> Self {
        let is_listed = false;
        Self { is_listed, ..self }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("work", &self.work)
            .field("more", &self.more)
            .field("workers", &self.workers)
            .field("speed", &self.speed)
            .field("bursts", &self.bursts)
            .finish_non_exhaustive()
    }
}
