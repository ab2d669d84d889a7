//! What clients ask for, and how often: arrivals, keys, for how long.
//! It refuses to know who answers.

use std::sync::Arc;
use std::time::Duration;

use super::work::{exponential, unit};

/// The calls that clients make.
#[derive(Clone, Debug)]
pub struct Load {
    pub(super) clients: u32,
    pub(super) arrivals: Arrivals,
    pub(super) lasting: Duration,
    pub(super) warm_up: Duration,
    pub(super) most: Option<u64>,
    pub(super) is_repeatable: bool,
    keys: Option<Arc<[f64]>>,
}

/// When calls are made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrivals {
    /// So many a second by all clients together, whatever becomes of them.
    Poisson(f64),
    /// So many in flight at all clients together: the next one when one has ended.
    Closed(u32),
}

impl Load {
    /// So many calls a second by all clients together, at random moments, whatever becomes of those before: an open
    /// loop.
    pub fn poisson(per_second: f64) -> Self {
        Self::new(Arrivals::Poisson(per_second))
    }

    /// So many calls in flight by all clients together: the next one when one has ended, and half a round trip later
    /// where that took no time.
    pub fn closed(in_flight: u32) -> Self {
        Self::new(Arrivals::Closed(in_flight))
    }

    fn new(arrivals: Arrivals) -> Self {
        Self {
            clients: 1,
            arrivals,
            lasting: Duration::from_secs(10),
            warm_up: Duration::ZERO,
            most: None,
            is_repeatable: false,
            keys: None,
        }
    }

    /// So many clients share it, each with its own channel; one unless set.
    #[must_use]
    pub fn clients(self, clients: u32) -> Self {
        let clients = clients.max(1);
        Self { clients, ..self }
    }

    /// Calls are made for so long; 10 s unless set. They have 60 s more to end ([`super::Run::unfinished`]).
    #[must_use]
    pub fn lasting(self, lasting: Duration) -> Self {
        Self { lasting, ..self }
    }

    /// What happens before this is not counted in latencies, shares and errors.
    #[must_use]
    pub fn warm_up(self, warm_up: Duration) -> Self {
        Self { warm_up, ..self }
    }

    /// No more than so many calls are made, by all clients together.
    #[must_use]
    pub fn most(self, calls: u64) -> Self {
        let most = Some(calls);
        Self { most, ..self }
    }

    /// Calls may be repeated: trials of nodes that were taken out of use may use them at once.
    #[must_use]
    pub fn repeatable(self) -> Self {
        let is_repeatable = true;
        Self {
            is_repeatable,
            ..self
        }
    }

    /// Calls are about so many keys, the n-th of which is asked for as 1 / n to the power of `exponent`: 0 is all
    /// alike, 1 is Zipf's law.
    #[must_use]
    pub fn zipf(self, keys: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let ends = (1..=keys.max(1)).map(|n| {
            sum += f64::from(n).powf(-exponent);
            sum
        });
        let keys = Some(ends.collect());
        Self { keys, ..self }
    }

    /// The key of a call.
    pub(super) fn key(&self, dice: u64) -> Option<u32> {
        let ends = self.keys.as_ref()?;
        let whole = ends.last().copied().unwrap_or_default();
        let drawn = unit(dice) * whole;
        u32::try_from(ends.partition_point(|end| *end <= drawn)).ok()
    }

    /// The time until the next call of one client, in an open loop.
    pub(super) fn gap(&self, per_second: f64, dice: u64) -> Duration {
        let mean = f64::from(self.clients) / per_second;
        Duration::try_from_secs_f64(mean * exponential(dice)).unwrap_or(Duration::MAX)
    }

    /// The calls that one client has in flight, in a closed loop.
    pub(super) fn in_flight(&self, client: u32, all: u32) -> u32 {
        all / self.clients + u32::from(client < all % self.clients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_zipf() {
        let load = Load::poisson(1.0).zipf(100, 1.0);
        let mut rng = fastrand::Rng::with_seed(3);
        let mut counts = [0_u32; 100];
        for _ in 0..50_000 {
            counts[load.key(rng.u64(..)).unwrap() as usize] += 1;
        }
        let ratio = f64::from(counts[0]) / f64::from(counts[9]);
        assert!((8.5..11.5).contains(&ratio), "{ratio}");
        assert_eq!(load.key(u64::MAX), Some(99));
    }

    #[test]
    fn a_closed_loop_is_shared_out() {
        let load = Load::closed(50).clients(8);
        let shares: Vec<u32> = (0..8).map(|client| load.in_flight(client, 50)).collect();
        assert_eq!(shares, [7, 7, 6, 6, 6, 6, 6, 6]);
    }
}
