//! The ring of a channel's endpoints, kept as they change, and the pick of a call with a key.
//! It refuses to make a ring for a channel whose calls have no keys.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::class::Class;
use super::pick::Asks;
use super::ring::{self, Choice, Member, Ring, Total};
use crate::endpoint::EndpointSet;

/// The rings of a channel's endpoints.
#[derive(Default)]
pub(crate) struct Placed {
    rings: ArcSwapOption<Rings>,
    /// Held while one is made: others wait for it, as it takes as long to make it again.
    making: Mutex<()>,
    /// There was a call with a key.
    is_used: AtomicBool,
    /// Rings that were made.
    made: AtomicU64,
}

/// Those that are of use.
struct Rings {
    /// The one of the newest set.
    latest: Arc<Rostered>,
    /// The one before it: that of the set that calls see, while a newer one is about to be published.
    before: Option<Arc<Rostered>>,
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
        if self.is_used() {
            self.of(set);
        }
    }

    /// Is the ring of a set made?
    pub(crate) fn is_prepared(&self, set: &EndpointSet) -> bool {
        let rings = self.rings.load();
        rings.as_ref().is_some_and(|it| it.of(set).is_some())
    }

    /// Was there a call with a key?
    pub(crate) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// What two clients compare to know whether they agree on owners.
    pub(crate) fn digest(&self) -> Option<u64> {
        Some(self.rings.load().as_ref()?.latest.ring.digest())
    }

    /// The part of all keys that each node of the set owns, where the ring is made.
    // Inline, as explanations are, and nothing else asks.
    #[inline]
    pub(crate) fn shares(&self, set: &EndpointSet) -> Option<Vec<f64>> {
        let rings = self.rings.load();
        Some(rings.as_ref()?.of(set)?.ring.shares())
    }

    /// The nodes for a key, its owner first. It makes the ring where there is none.
    pub(crate) fn candidates(&self, set: &EndpointSet, key: u64) -> Vec<usize> {
        self.of(set).ring.candidates(key).collect()
    }

    /// Who takes a call with this key.
    pub(super) fn pick(&self, set: &EndpointSet, key: u64, asks: &Asks) -> Choice {
        let rings = self.rings.load();
        let made;
        let ring = match rings.as_ref().and_then(|rings| rings.of(set)) {
            Some(rostered) => &rostered.ring,
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
                let class = facts(index).and_then(|facts| asks.class(&facts));
                // One that is only suspected keeps its keys: most of those that are asked answer. One on trial has them
                // to be tried with: a channel may have no other calls.
                matches!(class, Some(Class::Trial | Class::Routable | Class::Suspect))
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

    /// The ring of a set, made where it is not there.
    fn of(&self, set: &EndpointSet) -> Arc<Rostered> {
        self.is_used.store(true, Ordering::Relaxed);
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let rings = self.rings.load_full();
        if let Some(ring) = rings.as_ref().and_then(|rings| rings.of(set)) {
            return Arc::clone(ring);
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        let ring = made(set);
        self.rings.store(Some(Arc::new(Rings::with(rings, &ring))));
        ring
    }
}

impl Rings {
    /// The rings when one more is made: it may be that of an older set, of which somebody still has a picture.
    fn with(rings: Option<Arc<Self>>, made: &Arc<Rostered>) -> Self {
        let latest = rings.map(|rings| Arc::clone(&rings.latest));
        let (latest, before) = match latest {
            Some(latest) if latest.roster > made.roster => (latest, Some(Arc::clone(made))),
            latest => (Arc::clone(made), latest),
        };
        Self { latest, before }
    }

    /// That of this set.
    #[inline]
    fn of(&self, set: &EndpointSet) -> Option<&Arc<Rostered>> {
        let roster = set.roster();
        if self.latest.roster == roster {
            return Some(&self.latest);
        }
        self.before.as_ref().filter(|ring| ring.roster == roster)
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

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::balance::pick::tests::{asks, nodes};
    use crate::endpoint::{InFlight, Phase};

    #[test]
    fn the_ring_of_the_set_that_calls_see_stays_while_the_next_is_made() {
        let placed = Placed::default();
        let (first, _fleet) = nodes(5);
        let next = |set: &EndpointSet, count| {
            let mut next = set.followed(count);
            next.keep(0..count);
            next.finish()
        };
        let (second, same) = (next(&first, 4), next(&first, 5));
        placed.prepare(&first);
        assert_eq!(placed.made.load(Ordering::Relaxed), 0, "no key yet");
        placed.candidates(&first, 7);
        // The next one is made before it is published; calls still have the first.
        placed.prepare(&second);
        for set in [&first, &second, &same, &first, &second] {
            placed.candidates(set, 7);
        }
        assert_eq!(placed.made.load(Ordering::Relaxed), 2);
        // Of those who are late the newest has its ring all the same.
        let third = next(&second, 3);
        placed.prepare(&third);
        placed.candidates(&first, 7);
        placed.candidates(&third, 7);
        assert_eq!(placed.made.load(Ordering::Relaxed), 4);
        assert!(placed.is_prepared(&third));
    }

    #[test]
    fn a_node_on_trial_is_tried_with_its_own_keys() {
        let (set, fleet) = nodes(3);
        let placed = Placed::default();
        let now = Instant::now();
        let mut keys = (0..1000).map(|n: u64| n.wrapping_mul(u64::MAX / 1000));
        let mut owned_by = |node| keys.find(|key| placed.candidates(&set, *key)[0] == node);
        let key = owned_by(1).unwrap();
        let asks = asks(&fleet, now);
        let picked = || placed.pick(&set, key, &asks);
        // A stream is under way there from before.
        let stream = InFlight::begin(Arc::clone(&set.nodes()[1]), now, None, false);
        set.vitals()[1].enter(Phase::Ejected, fleet.stamp(now));
        assert!(matches!(picked(), Choice::Candidate(_, 1)));
        set.vitals()[1].enter(Phase::Trial, fleet.stamp(now));
        assert_eq!(picked(), Choice::Owner(1));
        let trial = InFlight::begin(Arc::clone(&set.nodes()[1]), now, None, true);
        assert!(matches!(picked(), Choice::Candidate(_, 1)), "one at a time");
        drop(trial);
        assert_eq!(picked(), Choice::Owner(1));
        drop(stream);
    }
}
