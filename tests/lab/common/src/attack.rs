//! The attacks on a server that an attacker knows.
//!
//! What is sent for each stands with the attacker; the driver only names them.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

/// What an attacker does, over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attack {
    /// Nothing to the server: it uses as much CPU time as the others, to show what that alone costs.
    Nothing,
    /// Calls that are reset behind their heads (CVE-2023-44487).
    Resets,
    /// PING.
    Pings,
    /// SETTINGS, each with another window.
    Settings,
    /// Heads that do not end, in CONTINUATION frames without anything in them.
    Continuations,
    /// Messages in frames of a byte.
    TinyData,
    /// Heads that come byte by byte, on several connections.
    SlowHeads,
    /// Calls with replies that nobody reads, on several connections.
    SlowReaders,
}

impl Attack {
    /// All of them, the harmless one first.
    pub const ALL: [Self; 8] = [
        Self::Nothing,
        Self::Resets,
        Self::Pings,
        Self::Settings,
        Self::Continuations,
        Self::TinyData,
        Self::SlowHeads,
        Self::SlowReaders,
    ];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Resets => "rapid resets",
            Self::Pings => "pings",
            Self::Settings => "settings",
            Self::Continuations => "continuations",
            Self::TinyData => "1-byte data",
            Self::SlowHeads => "slow heads",
            Self::SlowReaders => "slow readers",
        }
    }
}

/// How to attack which server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttackOrder {
    /// The server.
    pub server: SocketAddr,
    /// What to do to it.
    pub attack: Attack,
    /// The cores to stay on.
    pub cores: Vec<usize>,
    /// After which time the process ends by itself, whatever happens.
    pub lifetime: Duration,
}
