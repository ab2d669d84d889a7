//! An axis: from values to places on paper, and the round numbers that are written beside it.
//!
//! Pure: it draws nothing.

/// About so many numbers are written beside an axis.
const STEPS: f64 = 5.0;

/// From the values of an axis to its length.
#[derive(Debug)]
pub(super) struct Axis {
    least: f64,
    most: f64,
    is_log: bool,
}

impl Axis {
    /// From zero to the next round number above all of `values`.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>) -> Self {
        let most = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        let step = step(most);
        Self {
            least: 0.0,
            most: (most / step).ceil() * step,
            is_log: false,
        }
    }

    /// From the least to the largest of `values`; on a logarithmic one of those above zero.
    pub(super) fn along(values: impl Iterator<Item = f64> + Clone, is_log: bool) -> Self {
        let values = values.filter(|value| value.is_finite() && (!is_log || *value > 0.0));
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(f64::NEG_INFINITY, f64::max);
        if least < most {
            return Self {
                least,
                most,
                is_log,
            };
        }
        let least = if least.is_finite() { least } else { 1.0 };
        Self {
            least,
            most: least + 1.0,
            is_log: false,
        }
    }

    /// Where a value is, 0 to 1; what does not belong there is at the edge.
    pub(super) fn place(&self, value: f64) -> f64 {
        let at = if self.is_log {
            let value = value.max(self.least);
            (value / self.least).ln() / (self.most / self.least).ln()
        } else {
            (value - self.least) / (self.most - self.least)
        };
        at.clamp(0.0, 1.0)
    }

    /// The numbers beside it.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.is_log {
            let first = self.least.log10().ceil() as i32;
            let last = self.most.log10().floor() as i32;
            let tens: Vec<_> = (first..=last).map(|power| 10_f64.powi(power)).collect();
            return match tens.len() {
                0 | 1 => vec![self.least, self.most],
                _ => tens,
            };
        }
        let step = step(self.most - self.least);
        let first = (self.least / step).ceil();
        let count = ((self.most / step) - first + 1e-9).floor() as usize;
        (0..=count)
            .map(|index| (first + index as f64) * step)
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten.
fn step(range: f64) -> f64 {
    let rough = range / STEPS;
    let power = 10_f64.powf(rough.log10().floor());
    let round = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|times| times * power >= rough);
    round.unwrap_or(10.0) * power
}

/// A number as it stands beside an axis.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{}M", trimmed(value / 1e6)),
        size if size >= 1e4 => format!("{}k", trimmed(value / 1e3)),
        _ => trimmed(value),
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beside_an_axis_are_round() {
        let table: [(&[f64], &[f64]); 3] = [
            (&[0.9, 4.2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
            (&[87.0], &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]),
            (&[], &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ];
        for (values, want) in table {
            let ticks = Axis::from_zero(values.iter().copied()).ticks();
            let near = ticks
                .iter()
                .zip(want)
                .all(|(one, other)| (one - other).abs() < 1e-9);
            assert!(near && ticks.len() == want.len(), "{values:?}: {ticks:?}");
        }
        let decades = Axis::along([4.0, 1200.0].into_iter(), true);
        assert_eq!(decades.ticks(), [10.0, 100.0, 1000.0]);
    }

    #[test]
    fn places_are_within_the_axis() {
        let plain = Axis::along([2.0, 4.0].into_iter(), false);
        for (value, want) in [(2.0, 0.0), (3.0, 0.5), (4.0, 1.0), (9.0, 1.0), (0.0, 0.0)] {
            assert_eq!(plain.place(value), want, "{value}");
        }
        let log = Axis::along([1.0, 100.0].into_iter(), true);
        assert!((log.place(10.0) - 0.5).abs() < 1e-9);
        assert_eq!(log.place(0.0), 0.0);
        let one = Axis::along([7.0].into_iter(), true);
        assert_eq!(one.place(7.0), 0.0, "one value alone is no axis");
    }

    #[test]
    fn large_numbers_are_short() {
        let table = [
            (0.0, "0"),
            (0.25, "0.25"),
            (9000.0, "9000"),
            (12_500.0, "12.5k"),
            (2e6, "2M"),
        ];
        for (value, text) in table {
            assert_eq!(number(value), text);
        }
    }
}
