//! Where a member's points lie on the ring: the same for every process, machine and language (`docs/routing.md`).
//! It refuses to hash what `std::hash` makes of a value: that is specified nowhere.

use std::hash::{Hash, Hasher};

use consistent_hash::RingHash;
use twox_hash::XxHash64;

/// A member on the ring: XXH64 of the bytes of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(pub(super) u64);

impl NodeId {
    pub(super) fn of(slot: &str) -> Self {
        Self(xxh64(slot.as_bytes()))
    }
}

/// XXH64 with seed 0.
pub(super) fn xxh64(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

/// The place of a member's point number `seq`.
pub(super) fn point(node: NodeId, seq: usize) -> u64 {
    mix64(node.0 ^ mix64(seq as u64))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): a
/// permutation of 64 bits in which each bit of the input changes half of the output's.
fn mix64(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// How the crate is told our hashes: keys come hashed, and are their own place.
pub(super) struct Canonical;

impl RingHash for Canonical {
    fn hash_item<T: Hash>(&self, item: &T) -> u64 {
        let mut own = Own(0);
        item.hash(&mut own);
        own.0
    }

    fn hash_vnode<K: Hash>(&self, node_key: &K, vnode_seq: usize) -> u64 {
        point(NodeId(self.hash_item(node_key)), vnode_seq)
    }
}

/// Takes the one number that a hash or a node is for its hash.
struct Own(u64);

impl Hasher for Own {
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    /// Nothing on a ring comes here; whatever did would be hashed in the same way everywhere.
    fn write(&mut self, bytes: &[u8]) {
        self.0 = XxHash64::oneshot(self.0, bytes);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_that_others_compute() {
        // From the specification of xxHash, and of the first outputs of SplitMix64 with the seeds 0 and 1.
        assert_eq!(xxh64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"abc"), 0x44bc_2cf5_ad77_0999);
        assert_eq!(mix64(0), 0);
        assert_eq!(mix64(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn what_is_hashed_already_is_not_hashed_again() {
        assert_eq!(Canonical.hash_item(&7_u64), 7);
        assert_eq!(Canonical.hash_item(&NodeId(7)), 7);
        assert_eq!(Canonical.hash_vnode(&NodeId(7), 0), mix64(7));
    }
}
