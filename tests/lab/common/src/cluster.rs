//! What the driver and the processes of a cluster say to each other: servers whose calls take time in worker slots, and
//! clients that choose among them.
//!
//! What chooses how stands with the client; the driver only names it.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Latencies;

/// What a process of a cluster is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ClusterOrder {
    /// A server on a free port.
    Serve {
        /// How it serves.
        slots: Slots,
        /// After which time the process ends by itself, whatever happens.
        lifetime: Duration,
    },
    /// A client of servers.
    Call {
        /// What it calls.
        calls: Calls,
        /// After which time the process ends by itself, whatever happens.
        lifetime: Duration,
    },
}

/// How a server spends the time of a call: asleep in one of its slots, for which others wait in turn.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Slots {
    /// How many calls are served at once.
    pub count: usize,
    /// What each takes at least.
    pub least: Duration,
    /// What comes on top, on average: an exponential distribution. Where both are zero, calls take no slot.
    pub mean: Duration,
    /// So long after its first call it begins to fail, at once and always.
    pub fails_after: Option<Duration>,
    /// What its random times begin with.
    pub seed: u64,
}

/// The calls of one client: they come at random (Poisson), however long those before them take.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Calls {
    /// Whom it calls.
    pub servers: Vec<SocketAddr>,
    /// Who chooses among them.
    pub chooser: Chooser,
    /// Calls per second.
    pub per_second: f64,
    /// Load before the measured window.
    pub warm_up: Duration,
    /// The measured window: of the calls that begin in it all are counted.
    pub window: Duration,
    /// What its random times begin with.
    pub seed: u64,
}

/// Who chooses the server of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chooser {
    /// A channel of ours, as it is.
    Ours,
    /// A channel of ours that goes by what it measures alone.
    PeakEwma,
    /// tower's p2c over peak EWMA.
    Tower,
    /// A channel of ours that takes them in turn.
    RoundRobin,
}

/// What a client of a cluster saw.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CallsReport {
    /// Of the calls that went well.
    pub latencies: Latencies,
    /// The other ones.
    pub failed: u64,
    /// CPU time of the client within the window.
    pub used: Duration,
}
