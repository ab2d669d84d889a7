//! Durations as policies spell them: one number and one unit, `250ms`.
//! It refuses what means nothing as the time of a call: zero, and more than a day.

use std::{fmt, time::Duration};

/// The longest that a policy may name: a call that may take longer wants no bound at all.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The units, each in nanoseconds.
const UNITS: [(&str, u64); 5] = [
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// It is no number with a unit behind it.
    Malformed,
    /// It would be a duration without the spaces: this is how.
    Spaced(String),
    /// The unit is missing.
    NoUnit(String),
    /// There is no such unit.
    UnknownUnit(String),
    /// It is finer than a nanosecond.
    TooFine,
    /// It is zero.
    Zero,
    /// It is longer than [`LONGEST`].
    TooLong,
}

/// Reads a duration.
///
/// # Errors
/// Why it is none.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let close: String = text.split_whitespace().collect();
    if close != text {
        return Err(match parse(&close) {
            Ok(_) => DurationError::Spaced(close),
            Err(error) => error,
        });
    }
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(DurationError::Malformed);
    }
    if unit.is_empty() {
        return Err(DurationError::NoUnit(number.to_owned()));
    }
    let Some((_, nanoseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(DurationError::UnknownUnit(unit.to_owned()));
    };
    let nanoseconds = u128::from(*nanoseconds);
    // More digits than that are more than a day in any unit.
    let whole: u128 = match whole.trim_start_matches('0') {
        "" => 0,
        digits if digits.len() > 18 => return Err(DurationError::TooLong),
        digits => digits.parse().map_err(|_| DurationError::Malformed)?,
    };
    let fraction = fraction.trim_end_matches('0');
    let (fraction, scale) = match (fraction.len(), u32::try_from(fraction.len())) {
        (0, _) => (0, 1),
        (1..=18, Ok(length)) => {
            let fraction: u128 = fraction.parse().map_err(|_| DurationError::Malformed)?;
            (fraction, 10_u128.pow(length))
        }
        _ => return Err(DurationError::TooFine),
    };
    if (fraction * nanoseconds) % scale != 0 {
        return Err(DurationError::TooFine);
    }
    let total = whole * nanoseconds + fraction * nanoseconds / scale;
    match total {
        0 => Err(DurationError::Zero),
        total if total > LONGEST.as_nanos() => Err(DurationError::TooLong),
        total => Ok(Duration::from_nanos(
            u64::try_from(total).unwrap_or(u64::MAX),
        )),
    }
}

/// A duration as [`parse`] reads it, in the largest unit that needs no fraction.
#[must_use]
pub fn spell(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    for (name, unit) in UNITS.iter().rev() {
        let unit = u128::from(*unit);
        if nanoseconds >= unit && nanoseconds.is_multiple_of(unit) {
            return format!("{}{name}", nanoseconds / unit);
        }
    }
    let fraction = format!("{:03}", nanoseconds % 1_000);
    format!(
        "{}.{}us",
        nanoseconds / 1_000,
        fraction.trim_end_matches('0')
    )
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("it is no number with a unit"),
            Self::Spaced(_) => f.write_str("there are spaces in it"),
            Self::NoUnit(_) => f.write_str("it has no unit"),
            Self::UnknownUnit(unit) => write!(f, "`{unit}` is no unit"),
            Self::TooFine => f.write_str("it is finer than a nanosecond"),
            Self::Zero => f.write_str("it is zero"),
            Self::TooLong => f.write_str("it is longer than a day"),
        }
    }
}

impl std::error::Error for DurationError {}

impl DurationError {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Spaced(close) => format!("write \"{close}\""),
            Self::NoUnit(number) => format!("write \"{number}ms\" or \"{number}s\""),
            Self::UnknownUnit(_) => "the units are us, ms, s, m and h".to_owned(),
            Self::Zero => "leave the option out where there is to be no bound".to_owned(),
            Self::TooLong => "the longest is \"24h\"".to_owned(),
            Self::Malformed | Self::TooFine => "write \"250ms\", \"1.5s\", \"2m\"".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_with_a_unit() {
        for (text, nanoseconds) in [
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("2m", 120_000_000_000),
            ("24h", 86_400_000_000_000),
            ("0.001us", 1),
            ("007s", 7_000_000_000),
            ("1.0000000000000000000000s", 1_000_000_000),
            ("0.25h", 900_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn everything_else_says_why() {
        use DurationError::{Malformed, NoUnit, Spaced, TooFine, TooLong, UnknownUnit, Zero};
        for (text, why) in [
            ("", Malformed),
            ("ms", Malformed),
            ("-1s", Malformed),
            (".5s", Malformed),
            ("1.s", Malformed),
            ("1.2.3s", Malformed),
            ("250 ms", Spaced("250ms".into())),
            (" 1s ", Spaced("1s".into())),
            ("250", NoUnit("250".into())),
            ("2 5", NoUnit("25".into())),
            ("1d", UnknownUnit("d".into())),
            ("1S", UnknownUnit("S".into())),
            ("1m30s", UnknownUnit("m30s".into())),
            ("1e3ms", UnknownUnit("e3ms".into())),
            ("0.0001us", TooFine),
            ("0.1234567890123456789s", TooFine),
            ("0s", Zero),
            ("0.000s", Zero),
            ("24.0001h", TooLong),
            ("99999999999999999999999999999999999999999h", TooLong),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_spelt_is_read(nanoseconds in 1..=LONGEST.as_nanos() as u64, round in 0..=4_usize) {
            let unit = UNITS[round].1;
            let duration = Duration::from_nanos((nanoseconds / unit * unit).max(unit));
            prop_assert_eq!(parse(&spell(duration)), Ok(duration));
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(parse(&spell(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse(&text).map_err(|error| error.help());
        }

        #[test]
        fn no_number_panics(text in "[0-9. ]{0,60}(us|ms|s|m|h)?") {
            let _ = parse(&text);
        }
    }
}
