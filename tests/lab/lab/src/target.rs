//! What a figure should come to beside a baseline, and whether it did.
//!
//! It judges medians; the only tolerance is the spread, and only where "not above" is asked.

use crate::stats::Sample;

/// A target for one figure of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// The target in words.
    pub(crate) words: &'static str,
    /// The baseline that it compares with.
    pub(crate) than: &'static str,
    /// The comparison.
    pub(crate) bound: Bound,
}

/// What most figures of builds are held to.
pub(crate) const NOT_ABOVE_TONIC: Target = Target {
    words: "not above tonic's",
    than: "tonic",
    bound: Bound::NotAbove,
};

/// A comparison with a baseline.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// At least so many times the baseline.
    AtLeast(f64),
    /// At most so many times the baseline.
    AtMost(f64),
    /// Below the baseline or equal to it within the spread.
    NotAbove,
    /// None at all, whatever the baseline has.
    Nothing,
}

impl Bound {
    /// Whether `ours` meets it beside `baseline`.
    pub(crate) fn met(self, ours: &Sample, baseline: &Sample) -> bool {
        match self {
            Self::AtLeast(times) => ours.median >= times * baseline.median,
            Self::AtMost(times) => ours.median <= times * baseline.median,
            Self::NotAbove => ours.median <= baseline.median || ours.equals(baseline),
            Self::Nothing => ours.median == 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        let sample = |median| Sample {
            median,
            spread: 2.0,
        };
        let table = [
            (Bound::AtLeast(1.4), 140.0, 100.0, true),
            (Bound::AtLeast(1.4), 139.0, 100.0, false),
            (Bound::AtMost(0.45), 45.0, 100.0, true),
            (Bound::AtMost(0.45), 46.0, 100.0, false),
            (Bound::NotAbove, 99.0, 100.0, true),
            (Bound::NotAbove, 101.0, 100.0, true),
            (Bound::NotAbove, 102.0, 100.0, false),
            (Bound::Nothing, 0.0, 100.0, true),
            (Bound::Nothing, 1.0, 100.0, false),
        ];
        for (bound, ours, baseline, met) in table {
            assert_eq!(
                bound.met(&sample(ours), &sample(baseline)),
                met,
                "{bound:?} {ours}"
            );
        }
    }
}
