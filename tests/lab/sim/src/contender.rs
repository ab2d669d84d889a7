//! Who balances: ours as channels have it, its switches, and tower's.
//!
//! All call the same nodes with the same calls.

use sinew::{balance::Balance, testing::sim::Cluster};

use crate::rivals;

/// Somebody who balances.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Contender {
    /// A channel as it is.
    Ours,
    /// A channel set to take turns.
    RoundRobin,
    /// tower's two random choices, of which the one with the lower peak EWMA is taken.
    Tower,
}

impl Contender {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::RoundRobin => "round robin",
            Self::Tower => "tower",
        }
    }

    /// Sets a cluster up for it.
    pub(crate) fn of(self, cluster: Cluster) -> Cluster {
        match self {
            Self::Ours => cluster,
            Self::RoundRobin => cluster.channel(|channel| channel.balance(Balance::round_robin())),
            Self::Tower => cluster.calling(rivals::tower),
        }
    }
}

/// All of them.
pub(crate) const ALL: [Contender; 3] = [Contender::Ours, Contender::Tower, Contender::RoundRobin];
