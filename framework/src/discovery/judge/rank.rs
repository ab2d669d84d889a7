//! Who of those in one slot has it: the newest that takes calls, and the others are superseded.
//! It refuses to look at slots that nothing has happened to.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::discovery::found::Member;

/// What is compared of those in one slot: told from what all clients see alike, so that they agree.
type Rank<'a> = (bool, bool, u64, &'a str);

fn rank(member: &Member) -> Rank<'_> {
    let Member { instance, held, .. } = member;
    let takes_calls = instance.state().takes_calls();
    (
        takes_calls,
        held.is_none(),
        instance.incarnation(),
        instance.id(),
    )
}

/// A number of a slot, the same for all members in it, so that a slot is found among many members without a look at
/// their records.
pub(super) fn slot_hash(slot: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    slot.hash(&mut hasher);
    hasher.finish()
}

/// Says of the members in these slots who is superseded.
pub(super) fn supersede(members: &mut [Member], mut slots: Vec<u64>) {
    slots.sort_unstable();
    slots.dedup();
    let is_touched = |member: &Member| slots.binary_search(&member.slot_hash).is_ok();
    let touched: Vec<usize> = (members.iter().enumerate())
        .filter(|(_, member)| is_touched(member))
        .map(|(index, _)| index)
        .collect();
    let mut best: HashMap<&str, Rank<'_>> = HashMap::with_capacity(touched.len());
    for &index in &touched {
        let rank = rank(&members[index]);
        let best = best.entry(members[index].instance.slot()).or_default();
        *best = rank.max(*best);
    }
    let is_best = |member: &Member| best.get(member.instance.slot()).copied() == Some(rank(member));
    let superseded: Vec<bool> = touched
        .iter()
        .map(|&index| !is_best(&members[index]))
        .collect();
    for (index, is_superseded) in touched.into_iter().zip(superseded) {
        members[index].is_superseded = is_superseded;
    }
}
