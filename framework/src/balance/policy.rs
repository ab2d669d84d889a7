//! The ways in which a channel may choose among its endpoints, as users name them.
//! It refuses to know how each of them does it.

use std::fmt;
use std::sync::Arc;

use super::Balancer;

/// How a channel chooses the endpoint of a call that has no key: `ChannelBuilder::balance`.
///
/// Whatever it is, endpoints that are not connected, that drain or that were ejected come last.
#[derive(Clone, Default)]
pub struct Balance(pub(super) Kind);

#[derive(Clone, Default)]
pub(super) enum Kind {
    #[default]
    ShortestDelay,
    PeakEwma,
    RoundRobin,
    PickFirst,
    Custom(Arc<dyn Balancer>),
}

impl Balance {
    /// The endpoint that is expected to answer first: what a call takes there, times the calls that are there already,
    /// by its weight. The default.
    ///
    /// A server of this framework says both of itself in what it answers, at most every 10 ms, and so knows of the
    /// calls of all its clients. Of others it is what this channel measures, as with [`Balance::peak_ewma`].
    ///
    /// All endpoints are compared where there are few (16), and of more eight random ones.
    pub fn shortest_delay() -> Self {
        Self(Kind::ShortestDelay)
    }

    /// The same by what this channel measures alone: the round trips of its calls, which count up at once and down in
    /// ten seconds, times its calls that are under way.
    pub fn peak_ewma() -> Self {
        Self(Kind::PeakEwma)
    }

    /// One after the other, whatever their load.
    pub fn round_robin() -> Self {
        Self(Kind::RoundRobin)
    }

    /// The first one that can take a call, in the order in which they were given or, where they are discovered, of
    /// their ids. The others are there for when it fails.
    pub fn pick_first() -> Self {
        Self(Kind::PickFirst)
    }

    /// One's own.
    pub fn custom(balancer: impl Balancer) -> Self {
        Self(Kind::Custom(Arc::new(balancer)))
    }

    /// Does what servers say of themselves count?
    pub(crate) fn uses_reports(&self) -> bool {
        !matches!(self.0, Kind::PeakEwma)
    }

    /// As explanations spell it.
    pub(crate) fn as_str(&self) -> &'static str {
        match &self.0 {
            Kind::ShortestDelay => "shortest_delay",
            Kind::PeakEwma => "peak_ewma",
            Kind::RoundRobin => "round_robin",
            Kind::PickFirst => "pick_first",
            Kind::Custom(_) => "custom",
        }
    }
}

impl fmt::Debug for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
