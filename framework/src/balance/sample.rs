//! Random choices that a count and a seed repeat, at the price of a multiplication.
//! It refuses to be good enough for secrets.

/// SplitMix64's step (Steele, Lea, Flood 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A random number for the `turn`th choice of a seed.
pub(super) fn random(seed: u64, turn: usize) -> u64 {
    mix(seed.wrapping_add((turn as u64).wrapping_mul(STEP)))
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

/// SplitMix64's finalizer.
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
        let mut counts = [0; 5];
        for turn in 0..10_000 {
            assert_eq!(random(7, turn), random(7, turn));
            counts[one_of(5, random(7, turn))] += 1;
        }
        assert!(
            counts.iter().all(|count| (1800..2200).contains(count)),
            "{counts:?}"
        );
        assert_eq!(one_of(0, u64::MAX), 0);
        assert_eq!(one_of(5, u64::MAX), 4);
        let mut state = 7;
        assert_ne!(following(&mut state), following(&mut state));
    }
}
