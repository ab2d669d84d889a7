//! What a reading has that the one before had not, and the other way round: told by the very records, so that those
//! that are as they were cost a comparison of two pointers each.
//! It refuses to say what becomes of those that are new or gone.

use std::sync::Arc;

use crate::discovery::found::Member;
use crate::discovery::instance::Instance;

/// So many that were put in or taken out side by side are stepped over in place; more cost a sort of pointers.
const AHEAD: usize = 8;

/// The reading that was taken last, in the order of its source.
#[derive(Debug, Default)]
pub(super) struct Read {
    instances: Vec<Arc<Instance>>,
    /// Some id was in it twice.
    has_twins: bool,
}

/// What differs between two readings. Both lists are in the order of ids, and none is in one of them twice.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Those that only the earlier one had.
    pub(super) left: Vec<Arc<Instance>>,
    /// Those that only the later one has: new, changed, or written anew as they were.
    pub(super) came: Vec<Arc<Instance>>,
}

impl Read {
    /// Takes the next reading. Those of `members` that are not held are those that the last one had.
    pub(super) fn next(&mut self, set: Vec<Arc<Instance>>, members: &[Member]) -> Difference {
        let before = std::mem::replace(&mut self.instances, set);
        let mut differs = Difference::between(&before, &self.instances);
        differs.sort();
        if self.has_twins || has_twins(&differs, members) {
            // Which of those with one id counts is told by all of them.
            let whole = self.instances.clone();
            differs = Difference {
                left: before,
                came: whole,
            };
            differs.sort();
            dedup(&mut differs.left);
            dedup(&mut differs.came);
            self.has_twins = differs.came.len() != self.instances.len();
        }
        differs
    }

    /// Compares all of the next reading, as if nothing of it were known.
    #[cfg(test)]
    pub(super) fn doubt(&mut self) {
        self.has_twins = true;
    }
}

impl Difference {
    /// In no order.
    fn between(before: &[Arc<Instance>], after: &[Arc<Instance>]) -> Self {
        let (mut left, mut came) = (Vec::new(), Vec::new());
        let (mut old, mut new) = (before, after);
        while let ([first, rest @ ..], [other, others @ ..]) = (old, new) {
            if Arc::ptr_eq(first, other) {
                (old, new) = (rest, others);
            } else if let Some(gone) = place(rest, other) {
                left.extend_from_slice(&old[..=gone]);
                old = &rest[gone..];
            } else if let Some(put_in) = place(others, first) {
                came.extend_from_slice(&new[..=put_in]);
                new = &others[put_in..];
            } else {
                left.push(Arc::clone(first));
                came.push(Arc::clone(other));
                (old, new) = (rest, others);
            }
        }
        left.extend_from_slice(old);
        came.extend_from_slice(new);
        let mut differs = Self { left, came };
        differs.cancel();
        differs
    }

    /// Takes out what is in both: it has moved.
    fn cancel(&mut self) {
        if self.left.is_empty() || self.came.is_empty() {
            return;
        }
        self.left.sort_unstable_by_key(Arc::as_ptr);
        self.came.sort_unstable_by_key(Arc::as_ptr);
        let mut left = Vec::new();
        let mut came = std::mem::take(&mut self.came).into_iter().peekable();
        for old in self.left.drain(..) {
            while let Some(new) = came.next_if(|new| Arc::as_ptr(new) < Arc::as_ptr(&old)) {
                self.came.push(new);
            }
            if came.next_if(|new| Arc::ptr_eq(new, &old)).is_none() {
                left.push(old);
            }
        }
        self.came.extend(came);
        self.left = left;
    }

    /// Of one id the newer stands first.
    fn sort(&mut self) {
        for list in [&mut self.left, &mut self.came] {
            list.sort_by(|a, b| {
                a.id()
                    .cmp(b.id())
                    .then(b.incarnation().cmp(&a.incarnation()))
            });
        }
    }
}

/// Where `one` stands, if that is near.
fn place(list: &[Arc<Instance>], one: &Arc<Instance>) -> Option<usize> {
    let mut near = list.iter().take(AHEAD);
    near.position(|other| Arc::ptr_eq(other, one))
}

/// Is the id of one that came there twice? The reading before had none twice.
fn has_twins(differs: &Difference, members: &[Member]) -> bool {
    let Difference { left, came } = differs;
    let stays = |id: &str| {
        let at = members.binary_search_by(|member| member.instance.id().cmp(id));
        at.is_ok_and(|at| members[at].held.is_none())
            && left.binary_search_by(|old| old.id().cmp(id)).is_err()
    };
    came.windows(2).any(|two| two[0].id() == two[1].id()) || came.iter().any(|new| stays(new.id()))
}

fn dedup(list: &mut Vec<Arc<Instance>>) {
    list.dedup_by(|b, a| a.id() == b.id());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transport::target::Target;

    fn pool() -> Vec<Arc<Instance>> {
        let target: Target = "http://a:1".parse().unwrap();
        let one = |id: u32| Arc::new(Instance::new(target.clone()).with_id(id.to_string()));
        (0..40).map(one).collect()
    }

    /// How often each of the pool is in a list.
    fn counts(list: &[Arc<Instance>], pool: &[Arc<Instance>]) -> Vec<isize> {
        let count = |one: &Arc<Instance>| list.iter().filter(|it| Arc::ptr_eq(it, one)).count();
        pool.iter().map(|one| count(one).cast_signed()).collect()
    }

    proptest! {
        /// In whatever order both are: what is in one alone is found, and nothing else.
        #[test]
        fn the_difference_is_what_only_one_of_them_has(
            before in prop::collection::vec(0_usize..40, 0..60),
            edits in prop::collection::vec((any::<bool>(), 0_usize..60, 0_usize..40), 0..12),
            shuffled in prop::option::of(any::<u64>()),
        ) {
            let pool = pool();
            let mut after = before.clone();
            for (puts_in, at, which) in edits {
                let at = at.min(after.len());
                if puts_in {
                    after.insert(at, which);
                } else if at < after.len() {
                    after.remove(at);
                }
            }
            if let Some(seed) = shuffled {
                fastrand::Rng::with_seed(seed).shuffle(&mut after);
            }
            let list = |of: &[usize]| of.iter().map(|at| Arc::clone(&pool[*at])).collect::<Vec<_>>();
            let (before, after) = (list(&before), list(&after));
            let Difference { left, came } = Difference::between(&before, &after);
            let [before, after, left, came] =
                [before, after, left, came].map(|list| counts(&list, &pool));
            for at in 0..pool.len() {
                prop_assert_eq!(left[at], (before[at] - after[at]).max(0));
                prop_assert_eq!(came[at], (after[at] - before[at]).max(0));
            }
        }
    }
}
