//! Changes of a few among many members, which are in the order of their ids: where they are, and the list that follows.
//! It refuses to look at those that nothing happens to.

use std::sync::Arc;

use crate::discovery::found::Member;
use crate::rt::fetch::{BLOCK, fetch};

/// What becomes of one place among the members.
#[derive(Debug)]
pub(super) struct Edit {
    /// The place, in the list as it was.
    pub(super) at: usize,
    pub(super) kind: Kind,
    /// Who is there then, if anybody is.
    pub(super) member: Option<Member>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// In front of the one that was there.
    PutIn,
    /// In place of the one that was there.
    InPlace,
}

impl Edit {
    /// One that changes nothing yet of the member with this id, looked for from `from` on, where it is left.
    pub(super) fn of(members: &[Member], from: &mut usize, id: &str) -> Option<Self> {
        *from = seek(members, *from, id);
        let member = members.get(*from)?;
        (member.instance.id() == id).then(|| Self {
            at: *from,
            kind: Kind::InPlace,
            member: Some(member.clone()),
        })
    }
}

/// The first place from `from` on whose id is not less. It looks at a few of those in between: at one where it is the
/// next, at twice the logarithm of the way to it elsewhere.
pub(super) fn seek(members: &[Member], from: usize, id: &str) -> usize {
    let is_less = |member: &Member| member.instance.id() < id;
    let (mut low, mut step) = (from, 1);
    while members.get(low + step - 1).is_some_and(is_less) {
        low += step;
        step *= 2;
    }
    let high = members.len().min(low + step - 1);
    let between = members.get(low..high).unwrap_or_default();
    low + between.partition_point(is_less)
}

/// The members after some edits, in any order but those of one place, and a number of each slot that they are about.
pub(super) fn edited(members: &[Member], mut edits: Vec<Edit>) -> (Vec<Member>, Vec<u64>) {
    edits.sort_by_key(|edit| (edit.at, edit.kind));
    let mut slots = Vec::with_capacity(2 * edits.len());
    let mut next = Vec::with_capacity(members.len() + edits.len());
    let mut from = 0;
    for Edit { at, kind, member } in edits {
        extend(&mut next, &members[from..at]);
        from = at;
        if kind == Kind::InPlace {
            slots.push(members[at].slot_hash);
            from += 1;
        }
        slots.extend(member.as_ref().map(|member| member.slot_hash));
        next.extend(member);
    }
    extend(&mut next, &members[from..]);
    (next, slots)
}

fn extend(next: &mut Vec<Member>, members: &[Member]) {
    for block in members.chunks(BLOCK) {
        fetch(block, |member| Arc::strong_count(&member.instance));
        next.extend_from_slice(block);
    }
}
