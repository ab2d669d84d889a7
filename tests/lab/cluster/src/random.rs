//! Random times that a seed repeats: SplitMix64 (Steele, Lea, Flood 2014).

use std::time::Duration;

/// A source of them.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Of an exponential distribution.
    pub(crate) fn exponential(&mut self, mean: Duration) -> Duration {
        // 53 bits, as many as the number has; never 1, of which the rest has no logarithm.
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        mean.mul_f64(-(1.0 - share).ln())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_mean_is_the_one_that_was_asked_for() {
        let mut random = Random::new(7);
        let total: Duration = (0..10_000)
            .map(|_| random.exponential(Duration::from_millis(10)))
            .sum();
        let mean = total / 10_000;
        assert!(
            mean.abs_diff(Duration::from_millis(10)) < Duration::from_micros(300),
            "{mean:?}"
        );
    }
}
