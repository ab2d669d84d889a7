//! Random choices that cost one atomic step, and that a seed repeats.
//! It refuses to be good enough for secrets.

use std::sync::atomic::{AtomicU64, Ordering};

/// SplitMix64 (Steele, Lea, Flood 2014) over a counter that all threads share.
#[derive(Debug)]
pub(super) struct Sample(AtomicU64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Sample {
    pub(super) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(super) fn next(&self) -> u64 {
        mix(self.0.fetch_add(STEP, Ordering::Relaxed))
    }
}

/// The next number of a sequence that `state` is in.
pub(super) fn following(state: &mut u64) -> u64 {
    *state = state.wrapping_add(STEP);
    mix(*state)
}

/// One of `count`, as even as a multiplication makes it (Lemire 2016); 0 of nothing.
pub(super) fn one_of(count: usize, random: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "less than `count`")]
    let index = ((u128::from(random) * count as u128) >> 64) as usize;
    index
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_even_and_repeats() {
        let (one, two) = (Sample::new(7), Sample::new(7));
        let mut counts = [0; 5];
        for _ in 0..10_000 {
            let random = one.next();
            assert_eq!(random, two.next());
            counts[one_of(5, random)] += 1;
        }
        assert!(
            counts.iter().all(|count| (1800..2200).contains(count)),
            "{counts:?}"
        );
        assert_eq!(one_of(0, u64::MAX), 0);
        assert_eq!(one_of(5, u64::MAX), 4);
    }
}
