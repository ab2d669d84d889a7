//! The ring of a channel's endpoints, kept as they change, and the pick of a call with a key.
//! It refuses to make a ring for a channel whose calls have no keys.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use super::class::{Class, class};
use super::pick::Asks;
use super::ring::{self, Choice, Member, Ring, Total};
use crate::endpoint::EndpointSet;

/// The ring of the endpoints that were there last.
#[derive(Default)]
pub(crate) struct Placed {
    latest: ArcSwapOption<Rostered>,
    /// There was a call with a key.
    is_used: AtomicBool,
    /// Rings that were made.
    made: AtomicU64,
}

/// The ring of the sets with one roster.
struct Rostered {
    roster: u64,
    ring: Ring,
}

impl Placed {
    /// Makes the ring of a set that is about to be published, where one is needed and the last one is not of the same
    /// members. It takes milliseconds where there are many members.
    pub(crate) fn prepare(&self, set: &EndpointSet) {
        if self.is_used() && !self.is_prepared(set) {
            self.latest.store(Some(self.make(set)));
        }
    }

    /// Is the ring of a set made?
    pub(crate) fn is_prepared(&self, set: &EndpointSet) -> bool {
        let latest = self.latest.load();
        latest.as_ref().is_some_and(|it| it.roster == set.roster())
    }

    /// Was there a call with a key?
    pub(crate) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// What two clients compare to know whether they agree on owners.
    pub(crate) fn digest(&self) -> Option<u64> {
        Some(self.latest.load().as_ref()?.ring.digest())
    }

    /// The part of all keys that each node of the set owns, where the ring is made.
    // Inline, as explanations are, and nothing else asks.
    #[inline]
    pub(crate) fn shares(&self, set: &EndpointSet) -> Option<Vec<f64>> {
        let latest = self.latest.load();
        let latest = latest.as_ref().filter(|it| it.roster == set.roster())?;
        Some(latest.ring.shares())
    }

    /// The nodes for a key, its owner first. It makes the ring where there is none.
    pub(crate) fn candidates(&self, set: &EndpointSet, key: u64) -> Vec<usize> {
        self.of(set).ring.candidates(key).collect()
    }

    /// Who takes a call with this key.
    pub(super) fn pick(&self, set: &EndpointSet, key: u64, asks: &Asks) -> Choice {
        let latest = self.latest.load();
        let of_set = latest.as_ref().filter(|it| it.roster == set.roster());
        let made;
        let ring = match of_set {
            Some(latest) => &latest.ring,
            // The first call with a key of this channel: later ones find it made.
            None => {
                made = self.of(set);
                &made.ring
            }
        };
        let vitals = set.vitals();
        let facts = |index: usize| vitals.get(index).map(|vitals| vitals.facts(&asks.now));
        ring::pick(
            ring,
            key,
            |index| {
                let class = facts(index).and_then(|facts| class(&facts, asks.panics, false));
                // One that is only suspected keeps its keys: most of those that are asked answer.
                matches!(class, Some(Class::Routable | Class::Suspect))
            },
            |index| {
                vitals
                    .get(index)
                    .map_or(u32::MAX, |vitals| vitals.load(&asks.now))
            },
            Total {
                load: asks.load,
                weight: asks.weight,
            },
        )
    }

    /// How many rings were made.
    #[cfg(feature = "testing")]
    pub(crate) fn rings_made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    fn make(&self, set: &EndpointSet) -> Arc<Rostered> {
        self.made.fetch_add(1, Ordering::Relaxed);
        made(set)
    }

    fn of(&self, set: &EndpointSet) -> Arc<Rostered> {
        self.is_used.store(true, Ordering::Relaxed);
        let latest = self.latest.load_full();
        if let Some(latest) = latest.filter(|it| it.roster == set.roster()) {
            return latest;
        }
        let made = self.make(set);
        self.latest.store(Some(Arc::clone(&made)));
        made
    }
}

fn made(set: &EndpointSet) -> Arc<Rostered> {
    let ids: Vec<String> = set
        .nodes()
        .iter()
        .zip(set.standing())
        .map(|(node, standing)| {
            // Of those in one slot the first by its id has it: one that was replaced comes last.
            let last = if standing.is_superseded {
                "\u{10ffff}"
            } else {
                ""
            };
            format!("{last}{}", node.id())
        })
        .collect();
    let members: Vec<Member<'_>> = (set.nodes().iter().zip(set.standing()).zip(&ids))
        .map(|((node, standing), id)| Member {
            slot: node.slot(),
            id,
            weight: u16::try_from(standing.weight).unwrap_or(u16::MAX),
        })
        .collect();
    Arc::new(Rostered {
        roster: set.roster(),
        ring: Ring::new(&members, ring::POINTS),
    })
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.digest();
        f.debug_struct("Placed").field("digest", &digest).finish()
    }
}
