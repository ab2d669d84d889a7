//! Medians, spreads, and when two figures are equal.
//!
//! Pure: it knows numbers, not what they stand for.

/// Repeats of one figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// The middle one of the repeats.
    pub(crate) median: f64,
    /// Half the distance between the lowest and the highest repeat; from five repeats on without
    /// the one lowest and the one highest, so that a single disturbed repeat does not decide.
    pub(crate) spread: f64,
}

impl Sample {
    /// Of `repeats`; `None` when there are none.
    pub(crate) fn of(mut repeats: Vec<f64>) -> Option<Self> {
        repeats.sort_by(f64::total_cmp);
        let middle = repeats.len() / 2;
        let median = match repeats.len() {
            0 => return None,
            odd if odd % 2 == 1 => repeats[middle],
            _ => f64::midpoint(repeats[middle - 1], repeats[middle]),
        };
        let kept = if repeats.len() < 5 {
            &repeats[..]
        } else {
            &repeats[1..repeats.len() - 1]
        };
        let spread = match kept {
            [lowest, .., highest] => (highest - lowest) / 2.0,
            _ => 0.0,
        };
        Some(Self { median, spread })
    }

    /// Whether the difference to `other` is below the larger of the two spreads.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let difference = (self.median - other.median).abs();
        difference == 0.0 || difference < self.spread.max(other.spread)
    }

    /// How many times `other` this is; `None` when `other` is zero.
    pub(crate) fn ratio(&self, other: &Self) -> Option<f64> {
        (other.median != 0.0).then(|| self.median / other.median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_spreads() {
        let table: [(&[f64], f64, f64); 5] = [
            (&[3.0], 3.0, 0.0),
            (&[3.0, 1.0], 2.0, 1.0),
            (&[9.0, 1.0, 2.0], 2.0, 4.0),
            (&[1.0, 2.0, 3.0, 100.0, 5.0], 3.0, 1.5),
            (&[1.0, 2.0, 4.0, 5.0, 6.0, 90.0], 4.5, 2.0),
        ];
        for (repeats, median, spread) in table {
            assert_eq!(
                Sample::of(repeats.to_vec()),
                Some(Sample { median, spread }),
                "{repeats:?}"
            );
        }
        assert_eq!(Sample::of(Vec::new()), None);
    }

    #[test]
    fn a_difference_below_the_larger_spread_is_none() {
        let sample = |median, spread| Sample { median, spread };
        assert!(sample(100.0, 1.0).equals(&sample(104.0, 5.0)));
        assert!(sample(104.0, 5.0).equals(&sample(100.0, 1.0)));
        assert!(!sample(100.0, 1.0).equals(&sample(105.0, 5.0)));
        assert!(sample(2.0, 0.0).equals(&sample(2.0, 0.0)));
    }
}
