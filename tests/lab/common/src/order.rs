//! What the driver and a peer process say to each other.
//!
//! A process gets one [`Order`] as its only argument, in JSON, and prints one [`Event`] a line; it
//! answers every line [`READ`] on its standard input with a reading, and ends with that input.
//! Whatever is added here must have a default: a revision compared by `--against` may still speak
//! the older form.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{CallsReport, Latencies, Load, Reading};

/// The line that asks a server process for its meters.
pub const READ: &str = "read";

/// What a process is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// A server on a free port.
    Serve(ServerOrder),
    /// A client that puts load on a server.
    Load(ClientOrder),
}

/// How to serve.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerOrder {
    /// The cores to stay on, one worker for each.
    pub cores: Vec<usize>,
    /// After which time the process ends by itself, whatever happens.
    pub lifetime: Duration,
}

/// Which load to put on which server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientOrder {
    /// The server.
    pub server: SocketAddr,
    /// The cores to stay on.
    pub cores: Vec<usize>,
    /// Workers of the runtime.
    pub workers: usize,
    /// The load.
    pub load: Load,
    /// Load before the measured window.
    pub warm_up: Duration,
    /// The measured window.
    pub window: Duration,
    /// After which time the process ends by itself, whatever happens.
    pub lifetime: Duration,
}

/// What a process tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A server takes connections.
    Listening(SocketAddr),
    /// A server's meters, as asked for.
    Read(Reading),
    /// A client begins the measured window.
    Measuring,
    /// A client is done.
    Measured(ClientReport),
    /// A client of a cluster is done.
    Called(CallsReport),
    /// The process gives up.
    Failed(String),
}

/// What a client saw within the measured window.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ClientReport {
    /// The window as it was.
    pub window: Duration,
    /// The calls of the load.
    pub calls: Latencies,
    /// The pings beside it, when the load has them.
    pub pings: Option<Latencies>,
    /// The client's meters at the window's beginning.
    pub before: Reading,
    /// The client's meters at its end.
    pub after: Reading,
}
