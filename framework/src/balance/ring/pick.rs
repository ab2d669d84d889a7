//! Which candidate of a key takes its call: the owner, unless it cannot or has more than its part of the load.
//! It refuses to add loads up: whoever keeps them knows their sum.

use super::Ring;

/// How much more than its part of the load a member may have, as a fraction: 1.25. Less moves more keys from their
/// owners, more lets a hot key load its owner more (Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with
/// bounded loads", 2016; HAProxy and Envoy advise 1.2 to 2).
const BOUND: (u64, u64) = (5, 4);

/// Calls that a member may always have: at low load a bound of one call would send each second one elsewhere.
const ALWAYS: u64 = 2;

/// What is in flight at all members that can take a call, and what these weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    /// The sum of their loads.
    pub(crate) load: u64,
    /// The sum of their weights, in 1/100.
    pub(crate) weight: u64,
}

/// Who takes a call with a key. Members go by their indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The owner of the key.
    Owner(usize),
    /// One behind the owner, and how many were passed over before it: they cannot take a call, or have too much of
    /// the load.
    Candidate(usize, usize),
    /// All candidates that can take a call have too much of the load: the one with the least for its weight.
    Overflow(usize),
    /// No candidate can take a call; another member may, by load.
    None,
}

/// Walks along the ring from `hash`. `load` is a member's number of calls in flight, the more recent of what it
/// reports and what is known here.
pub(crate) fn pick(
    ring: &Ring,
    hash: u64,
    routable: impl Fn(usize) -> bool,
    load: impl Fn(usize) -> u32,
    total: Total,
) -> Choice {
    let mut least: Option<Seen> = None;
    for (rank, member) in ring.candidates(hash).enumerate() {
        if !routable(member) {
            continue;
        }
        let seen = Seen {
            member,
            load: u64::from(load(member)),
            weight: u64::from(ring.weight(member)),
        };
        if seen.load < most(seen.weight, total) {
            return match rank {
                0 => Choice::Owner(member),
                _ => Choice::Candidate(member, rank),
            };
        }
        if least.as_ref().is_none_or(|least| seen.has_less_than(least)) {
            least = Some(seen);
        }
    }
    least.map_or(Choice::None, |seen| Choice::Overflow(seen.member))
}

/// What a member may have in flight, the call to be placed among it: its part by weight of all that is then in flight,
/// times the bound, rounded up.
fn most(weight: u64, total: Total) -> u64 {
    let (times, by) = BOUND;
    let all = total.load.saturating_add(1).saturating_mul(times);
    let part = all.saturating_mul(weight);
    part.div_ceil(total.weight.saturating_mul(by).max(1))
        .max(ALWAYS)
}

/// A candidate that can take a call and has too much of the load.
struct Seen {
    member: usize,
    load: u64,
    weight: u64,
}

impl Seen {
    /// For its weight.
    fn has_less_than(&self, other: &Self) -> bool {
        self.load.saturating_mul(other.weight) < other.load.saturating_mul(self.weight)
    }
}
