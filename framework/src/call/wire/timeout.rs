//! `grpc-timeout`: at most eight digits and a unit.
//! It neither reads a clock nor knows deadlines.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;

/// The most digits that gRPC allows.
const MAX_DIGITS: usize = 8;
const MAX_VALUE: u128 = 99_999_999;

/// The units from fine to coarse, with their length in nanoseconds.
const UNITS: [(u8, u128); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60 * 1_000_000_000),
    (b'H', 3_600 * 1_000_000_000),
];

/// A `grpc-timeout` that is not one to eight digits and one of `n u m S M H`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidTimeout;

impl fmt::Display for InvalidTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed grpc-timeout: expected 1 to 8 digits and one of n, u, m, S, M, H")
    }
}

impl std::error::Error for InvalidTimeout {}

/// Digits of a timeout that are not zero. The first call of a chain has its whole timeout left but for some
/// microseconds: with all of its digits each call would send another value, which HPACK would have to code in full and
/// would put into its table to push out what repeats. gRPC's C core rounds for the same reason.
const SIGNIFICANT: u128 = 1_000;

/// The finest unit that holds `timeout` in eight digits, rounded down to three significant ones, so that the
/// peer never sees more time than there is, and at most about a hundredth less; at most 99,999,999 hours. One
/// allocation.
pub(crate) fn timeout_to_header(timeout: Duration) -> HeaderValue {
    let nanos = rounded_timeout(timeout).as_nanos();
    let (unit, mut value) = UNITS
        .iter()
        .map(|(unit, length)| (*unit, nanos / length))
        .find(|(_, value)| *value <= MAX_VALUE)
        .unwrap_or((b'H', MAX_VALUE));

    let mut text = [b'0'; MAX_DIGITS + 1];
    text[MAX_DIGITS] = unit;
    let mut start = MAX_DIGITS;
    loop {
        start -= 1;
        // A remainder of ten is a digit; value ≤ MAX_VALUE ends this within eight of them.
        text[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 || start == 0 {
            break;
        }
    }
    // Digits and a letter are never refused: the fallback is never taken.
    HeaderValue::from_bytes(&text[start..]).unwrap_or(HeaderValue::from_static("0n"))
}

/// `timeout` as a peer is told it, but for the unit.
pub(crate) fn rounded_timeout(timeout: Duration) -> Duration {
    let nanos = timeout.as_nanos();
    let mut step = 1;
    while nanos / step >= SIGNIFICANT {
        step *= 10;
    }
    let rounded = nanos / step * step;
    // Not above `timeout`, so its seconds fit.
    let secs = u64::try_from(rounded / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(secs, (rounded % 1_000_000_000) as u32)
}

/// The time that a peer gave.
///
/// # Errors
/// When the value is not one to eight digits and a unit.
pub(crate) fn timeout_from_header(value: &HeaderValue) -> Result<Duration, InvalidTimeout> {
    let (unit, digits) = value.as_bytes().split_last().ok_or(InvalidTimeout)?;
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return Err(InvalidTimeout);
    }
    let value = digits
        .iter()
        .fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    Ok(match unit {
        b'n' => Duration::from_nanos(value),
        b'u' => Duration::from_micros(value),
        b'm' => Duration::from_millis(value),
        b'S' => Duration::from_secs(value),
        b'M' => Duration::from_secs(value * 60),
        b'H' => Duration::from_secs(value * 3_600),
        _ => return Err(InvalidTimeout),
    })
}
