//! Order among numbers.
//! It refuses to interpolate: a quantile is something that happened.

use std::time::Duration;

/// The value that `quantile` (0 to 1) of all are not above; `sorted` is. Zero of none.
pub(super) fn quantile(sorted: &[Duration], quantile: f64) -> Duration {
    let Some(last) = sorted.len().checked_sub(1) else {
        return Duration::ZERO;
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a count of calls, and less than that"
    )]
    let index = (sorted.len() as f64 * quantile.clamp(0.0, 1.0)).ceil() as usize;
    sorted[index.saturating_sub(1).min(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<_> = (1..=1000).map(Duration::from_millis).collect();
        for (share, want) in [(0.0, 1), (0.5, 500), (0.99, 990), (0.999, 999), (1.0, 1000)] {
            assert_eq!(
                quantile(&values, share),
                Duration::from_millis(want),
                "{share}"
            );
        }
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
