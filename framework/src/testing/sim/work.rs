//! How long a call takes at a node: a time drawn by the call's own dice.
//! It refuses to know of queues and of a node's speed.

use std::time::Duration;

/// A service time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Work {
    Constant(Duration),
    /// With this mean.
    Exponential(Duration),
    /// From nothing to this.
    Uniform(Duration),
}

impl Work {
    pub(super) fn draw(self, dice: u64) -> Duration {
        match self {
            Self::Constant(time) => time,
            Self::Exponential(mean) => mean.mul_f64(exponential(dice)),
            Self::Uniform(most) => most.mul_f64(unit(dice)),
        }
    }
}

/// From 0 to 1, without 1.
pub(super) fn unit(dice: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what it has")]
    let unit = (dice >> 11) as f64 / (1_u64 << 53) as f64;
    unit
}

/// An exponential draw with the mean 1.
pub(super) fn exponential(dice: u64) -> f64 {
    -(1.0 - unit(dice)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_their_mean_and_repeat() {
        for (work, mean, most) in [
            (Work::Constant(Duration::from_millis(10)), 0.010, 0.010),
            (Work::Exponential(Duration::from_millis(10)), 0.010, 1.0),
            (Work::Uniform(Duration::from_millis(20)), 0.010, 0.020),
        ] {
            let mut rng = fastrand::Rng::with_seed(1);
            let draws: Vec<f64> = (0..20_000)
                .map(|_| work.draw(rng.u64(..)).as_secs_f64())
                .collect();
            let found = draws.iter().sum::<f64>() / 20_000.0;
            assert!((found / mean - 1.0).abs() < 0.02, "{work:?}: {found}");
            assert!(draws.iter().all(|draw| *draw <= most), "{work:?}");
        }
    }
}
