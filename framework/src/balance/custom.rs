//! The trait of a balancer of one's own, and what it is shown.
//! It refuses to show what a pick must not depend on: messages and connections.

use std::sync::Arc;
use std::time::Duration;

use super::cost::{self, Common};
use crate::endpoint::{Facts, Moment, Vitals};

/// Chooses the endpoint of a call in a way of its own: `Balance::custom`.
///
/// It is asked for each call that has no key, on the call path: it must be quick and must not block.
///
/// ```
/// use sinew::balance::{Balance, Balancer, Candidates};
///
/// /// The endpoint with the fewest calls under way.
/// struct LeastBusy;
///
/// impl Balancer for LeastBusy {
///     fn pick(&self, candidates: &Candidates<'_>) -> Option<usize> {
///         let in_flight = |&index: &usize| candidates.get(index).map(|c| c.in_flight());
///         (0..candidates.len()).min_by_key(in_flight)
///     }
/// }
///
/// let channel = sinew::Channel::builder("http://127.0.0.1:50051")
///     .endpoint("http://127.0.0.1:50052")
///     .balance(Balance::custom(LeastBusy));
/// ```
pub trait Balancer: Send + Sync + 'static {
    /// The index of the endpoint that the call goes to. Where there is none, or that one takes no call after all, the
    /// endpoint with the shortest expected delay is taken.
    fn pick(&self, candidates: &Candidates<'_>) -> Option<usize>;
}

/// The endpoints that can take a call.
pub struct Candidates<'a> {
    pub(super) vitals: &'a [Arc<Vitals>],
    /// Indices of those of the best class.
    pub(super) routable: &'a [usize],
    pub(super) names: &'a dyn Fn(usize) -> &'a str,
    pub(super) common: &'a Common,
    pub(super) now: Moment,
}

/// One of the endpoints that can take a call.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    name: &'a str,
    facts: Facts,
    delay: f32,
}

impl<'a> Candidates<'a> {
    /// How many there are: one at least.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.routable.len()
    }

    /// One of them; nothing past the end.
    pub fn get(&self, index: usize) -> Option<Candidate<'a>> {
        let node = *self.routable.get(index)?;
        let facts = self.vitals.get(node)?.facts(&self.now);
        Some(Candidate {
            name: (self.names)(node),
            facts,
            delay: cost::expected_delay(&facts, self.common),
        })
    }
}

impl<'a> Candidate<'a> {
    /// Its target, as it is written.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Calls of this channel that are under way there.
    pub fn in_flight(&self) -> u32 {
        self.facts.in_flight
    }

    /// What a call takes there: it follows what is measured up at once, and down in seconds. Nothing before the first
    /// call has ended.
    pub fn round_trip(&self) -> Option<Duration> {
        self.facts.rtt.map(Duration::from_secs_f32)
    }

    /// How long a call sent now is expected to take there, as the default balancer sees it.
    pub fn expected_delay(&self) -> Duration {
        Duration::try_from_secs_f32(self.delay).unwrap_or(Duration::MAX)
    }

    /// The share of its calls that went well in the last seconds.
    pub fn success(&self) -> f32 {
        self.facts.success
    }

    /// 1 unless whoever lists the endpoint says otherwise.
    pub fn weight(&self) -> f32 {
        self.facts.weight
    }
}
