//! What a channel knows and thinks of its endpoints, for people and programs that look.
//! It refuses to change anything, and to be read by what decides.
//!
//! What is not generic is inline, so that programs that ask for it compile it, and not every build of this crate.

mod data;
mod json;
mod samples;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::time::Instant;

use super::Channel;
use super::place::{Place, Wants};
use crate::balance::{Asks, Considered};
use crate::call::key::HashKeyField;
use crate::call::key::hash::KeyHash;
use crate::endpoint::{EndpointSet, Readiness, Vitals};

pub use data::{ExplainedCandidate, ExplainedEndpoint, ExplainedPick, Explanation, KeyExplanation};
use data::{Looked, seconds};
pub(super) use samples::Samples;

impl Channel {
    /// What this channel knows of its endpoints, and of the calls that it sampled: displays as a table, and
    /// [`Explanation::to_json`] gives it as data.
    ///
    /// ```
    /// let channel = sinew::Channel::to("static:127.0.0.1:50051,127.0.0.1:50052").unwrap();
    /// println!("{}", channel.explain());
    /// ```
    #[inline]
    pub fn explain(&self) -> Explanation {
        self.0.core.place.explain()
    }

    /// Where a call with this key goes now, and where it would if its owner could not take it.
    #[inline]
    pub fn explain_key(&self, key: &(impl HashKeyField + ?Sized)) -> KeyExplanation {
        self.0.core.place.explain_key(KeyHash::of(key))
    }
}

impl Place {
    #[inline]
    fn explain(&self) -> Explanation {
        let set = self.table.now();
        let asks = self.asks(Wants::default());
        let considered = self.picker.consider(&set, &asks);
        let shares = self.picker.placed().shares(&set);
        let endpoints = considered.iter().map(|considered| {
            let share = shares
                .as_ref()
                .and_then(|shares| shares.get(considered.index));
            endpoint(&set, considered, share.copied())
        });
        Explanation {
            name: match &self.members {
                Some(members) => members.name().to_owned(),
                None => "given endpoints".to_owned(),
            },
            balance: self.picker.balance().as_str(),
            looked: self.members.as_ref().map(|members| {
                let found = members.latest();
                let now = Instant::now().into_std();
                Looked {
                    is_known: found.is_known,
                    age: found.age(now),
                    held: found.held(),
                    when_empty: members.when_empty().map(str::to_owned),
                    stale: found.stale.as_ref().map(|stale| {
                        let since = now.saturating_duration_since(stale.since);
                        (since, stale.why.to_string())
                    }),
                }
            }),
            digest: self.picker.placed().digest(),
            panics: asks.panics,
            endpoints: endpoints.collect(),
            picks: self.samples.all(),
        }
    }

    #[inline]
    fn explain_key(&self, key: Option<KeyHash>) -> KeyExplanation {
        let set = self.table.now();
        let asks = self.asks(Wants::default());
        // Kept from call to call only where calls have keys.
        let vitals = || set.vitals().iter();
        let takes_keys = |vitals: &&Arc<Vitals>| vitals.facts(&asks.now).takes_keys(asks.panics);
        let loads = vitals().filter(takes_keys).map(|it| it.load(&asks.now));
        let weights = vitals().filter(takes_keys).map(|it| it.percent());
        let asks = Asks {
            load: loads.map(u64::from).sum(),
            weight: weights.map(u64::from).sum(),
            ..asks
        };
        let considered = self.picker.consider(&set, &asks);
        let candidates = match key {
            Some(key) => self.picker.placed().candidates(&set, key.get()),
            None => Vec::new(),
        };
        let goes_to = key.and_then(|key| self.picker.owner(&set, key.get(), &asks));
        let mut is_before = goes_to.is_some();
        KeyExplanation {
            hash: key.map(KeyHash::get),
            digest: self.picker.placed().digest(),
            candidates: candidates
                .iter()
                .filter_map(|&index| considered.get(index))
                .map(|considered| {
                    let is_picked = goes_to == Some(considered.index);
                    is_before &= !is_picked;
                    let full = is_before.then_some("it has its part of the load already");
                    ExplainedCandidate {
                        endpoint: set.nodes()[considered.index].name().to_string(),
                        slot: set.nodes()[considered.index].slot().to_owned(),
                        is_picked,
                        passed_over: considered.passed_over.or(full),
                        in_flight: considered.facts.in_flight,
                    }
                })
                .collect(),
        }
    }
}

fn endpoint(set: &EndpointSet, considered: &Considered, share: Option<f64>) -> ExplainedEndpoint {
    let node = &set.nodes()[considered.index];
    let facts = &considered.facts;
    ExplainedEndpoint {
        id: node.id().to_owned(),
        name: node.name().to_string(),
        slot: node.slot().to_owned(),
        state: facts.phase.as_str(),
        reason: node.cause().as_str(),
        since: seconds(facts.in_phase),
        connection: match facts.readiness {
            Readiness::Ready => "connected",
            Readiness::Pending => "connecting",
            Readiness::Failing => "failing",
        },
        failure: node.failure().map(|failure| failure.to_string()),
        passed_over: considered.passed_over,
        in_flight: facts.in_flight,
        round_trip: facts.rtt.map(seconds),
        success: facts.success,
        weight: facts.weight,
        expected_delay: seconds(considered.cost),
        share,
    }
}

/// A pick that was sampled, as it is told.
pub(super) fn picked(
    set: &EndpointSet,
    considered: &[Considered],
    picked: Option<usize>,
    key: Option<u64>,
) -> ExplainedPick {
    ExplainedPick {
        at: Instant::now(),
        key,
        picked: picked.map(|index| set.nodes()[index].name().to_string()),
        considered: considered
            .iter()
            .take(MOST_CONSIDERED)
            .map(|considered| endpoint(set, considered, None))
            .collect(),
    }
}

/// Endpoints that a sampled pick remembers.
const MOST_CONSIDERED: usize = 64;
