//! The ring of consistent hashing: whose a key is, and who takes it over.
//! It refuses to know who can take a call: membership makes the ring, health only filters it (`pick.rs`).

mod hash;
mod pick;
#[cfg(test)]
mod tests;

use std::fmt;

use consistent_hash::{Node, StaticHashRing};

use hash::{Canonical, NodeId, xxh64};
pub(crate) use pick::{Choice, Total, pick};

/// Points on the ring of a member of normal weight. It does not depend on how many members there are, or each that
/// joins would move keys between others. With 1,024 the largest of 10 members has 1.04 times its share, of 100 members
/// 1.08 times.
pub(crate) const POINTS: u32 = 1024;

/// The most points on a ring, 16 bytes each. A fleet that would have more gets half as many for each member, or a
/// quarter, and so on.
pub(crate) const MAX_POINTS: u64 = 1 << 20;

/// How many members are looked at for a key, its owner among them: a call that none of them takes is balanced by load.
/// It bounds a walk that would otherwise pass all points when nobody can take a call.
pub(crate) const CANDIDATES: usize = 8;

/// The weight of a member that nothing is said of, in 1/100.
pub(crate) const NORMAL_WEIGHT: u16 = 100;

/// Weights count in sixteenths of the normal one, so that a weight that wavers a little moves no keys.
const STEPS: u32 = 16;

/// One who can own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// Its stable identity, which outlives its process and its address; the address where there is none.
    pub(crate) slot: &'a str,
    /// The identity of its process. Of several members with one slot the first by it owns all keys of the slot.
    pub(crate) id: &'a str,
    /// In 1/100 of the normal weight, as [`NORMAL_WEIGHT`]. A sixteenth of the normal weight is the least.
    pub(crate) weight: u16,
}

/// A ring of members, as of when it was built. It is a function of the set: neither the order of the members nor the
/// history of the set changes anything, so that all clients that know the same members agree.
pub(crate) struct Ring {
    /// It refers to its own nodes, and must not be lent out.
    ring: StaticHashRing<'static, NodeId, u32, Canonical>,
    /// By the index of a member.
    weights: Box<[u16]>,
    digest: u64,
}

impl Ring {
    /// The ring of `members`, which go by their indices, with `points` for each of normal weight: [`POINTS`],
    /// unless a policy says otherwise.
    ///
    /// It costs O(points × log points), some ms for 100 members: not for a call to do.
    pub(crate) fn new(members: &[Member<'_>], points: u32) -> Self {
        let nodes = nodes(members, points);
        let mut summary = Vec::with_capacity(nodes.len() * 12);
        for node in &nodes {
            summary.extend(node.key.0.to_le_bytes());
            summary.extend(
                u32::try_from(node.quantity)
                    .unwrap_or(u32::MAX)
                    .to_le_bytes(),
            );
        }
        Self {
            digest: xxh64(&summary),
            weights: members.iter().map(|member| member.weight).collect(),
            ring: StaticHashRing::new(Canonical, nodes.into_iter()),
        }
    }

    /// The members for a key of this hash, each once, at most [`CANDIDATES`]: the owner, the one that would own it if
    /// the owner left, and so on.
    ///
    /// The first that is taken costs a search and an allocation; those behind it a few points each.
    pub(crate) fn candidates(&self, hash: u64) -> impl Iterator<Item = usize> {
        let nodes = self.ring.calc_candidates(&hash).take(CANDIDATES);
        nodes.map(|node| index(node.value))
    }

    /// The weight of a member as it was given, in 1/100.
    pub(crate) fn weight(&self, member: usize) -> u16 {
        self.weights.get(member).copied().unwrap_or_default()
    }

    /// How many members it was built of, those without points among them.
    pub(crate) fn members(&self) -> usize {
        self.weights.len()
    }

    /// How many points are on it.
    pub(crate) fn points(&self) -> usize {
        self.ring.len()
    }

    /// What two clients compare to know whether they agree: XXH64 of the ids of the nodes, sorted, each with its number
    /// of points, as 8 and 4 bytes, the least first.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// The part of all possible keys, 0 to 1, that each member owns, by its index. It costs as much as building the
    /// ring does.
    // Inline, as explanations are, and nothing else asks.
    #[inline]
    pub(crate) fn shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.members()];
        let points = self.ring.nodes().iter().flat_map(|node| {
            (0..node.quantity).map(|seq| (hash::point(node.key, seq), node.key, node.value))
        });
        let mut points: Vec<_> = points.collect();
        points.sort_unstable();
        let Some((last, ..)) = points.last() else {
            return shares;
        };
        // A point owns what lies between the one before it and itself.
        let mut before = *last;
        let alone = points.len() == 1;
        for (at, _, member) in points {
            let arc = at.wrapping_sub(before) as f64 / TURN;
            if let Some(share) = shares.get_mut(index(member)) {
                *share += if alone { 1.0 } else { arc };
            }
            before = at;
        }
        shares
    }
}

/// All hashes: 2⁶⁴.
const TURN: f64 = 18_446_744_073_709_551_616.0;

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("members", &self.members())
            .field("points", &self.points())
            .field("digest", &format_args!("{:016x}", self.digest))
            .finish()
    }
}

/// The members that get points, by their ids on the ring, each with its number.
fn nodes(members: &[Member<'_>], points: u32) -> Vec<Node<NodeId, u32>> {
    let mut ordered: Vec<_> = (0_u32..)
        .zip(members)
        .map(|(index, member)| {
            (
                NodeId::of(member.slot),
                member.id,
                index,
                steps(member.weight),
            )
        })
        .collect();
    ordered.sort_unstable();
    ordered.dedup_by_key(|(node, ..)| *node);
    ordered.truncate(usize::try_from(MAX_POINTS).unwrap_or(usize::MAX));
    let mut points = points;
    while points > 1
        && ordered
            .iter()
            .map(|one| quantity(one.3, points))
            .sum::<u64>()
            > MAX_POINTS
    {
        points /= 2;
    }
    let nodes = ordered.into_iter().map(|(key, _, value, steps)| Node {
        key,
        value,
        quantity: usize::try_from(quantity(steps, points)).unwrap_or(usize::MAX),
    });
    nodes.collect()
}

/// A weight in sixteenths of the normal one.
fn steps(weight: u16) -> u32 {
    let normal = u32::from(NORMAL_WEIGHT);
    ((u32::from(weight) * STEPS + normal / 2) / normal).max(1)
}

fn quantity(steps: u32, points: u32) -> u64 {
    (u64::from(steps) * u64::from(points) / u64::from(STEPS)).max(1)
}

fn index(member: u32) -> usize {
    usize::try_from(member).unwrap_or(usize::MAX)
}
