//! Durations as protobuf's JSON spells them: seconds with up to nine digits behind the point, and an `s`.
//! It refuses what is negative, and what protobuf's own bounds exclude.

use std::time::Duration;

/// The longest that a `google.protobuf.Duration` can be: ten thousand years.
const MOST_SECONDS: u64 = 315_576_000_000;

/// Reads `"1.5s"`. As in grpc-go, whose example writes `".01s"`, either side of the point may be empty, not both.
///
/// # Errors
/// Why it is none, and what to write instead.
pub(crate) fn parse(text: &str) -> Result<Duration, (&'static str, String)> {
    const FORM: &str = "write seconds, as in \"1.5s\"";
    if text.starts_with('-') {
        return Err(("it is negative", FORM.to_owned()));
    }
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = text.strip_suffix(unit).unwrap_or(text);
    match unit {
        "s" => {}
        "" if number.parse::<f64>().is_ok() => {
            return Err(("it has no unit", format!("write \"{number}s\"")));
        }
        "ns" | "us" | "ms" | "m" | "h" => {
            return Err(("its unit is not `s`", FORM.to_owned()));
        }
        _ => return Err(("it is no number of seconds", FORM.to_owned())),
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return Err(("it is no number of seconds", FORM.to_owned()));
    }
    if fraction.len() > 9 {
        let help = "nine digits behind the point are the most";
        return Err(("it is finer than a nanosecond", help.to_owned()));
    }
    let nanoseconds = format!("{fraction:0<9}").parse().unwrap_or_default();
    let seconds = match whole {
        "" => Ok(0),
        whole => whole.parse(),
    };
    match seconds {
        Ok(seconds) if seconds < MOST_SECONDS || (seconds == MOST_SECONDS && nanoseconds == 0) => {
            Ok(Duration::new(seconds, nanoseconds))
        }
        _ => {
            let help = format!("the longest is \"{MOST_SECONDS}s\"");
            Err(("it is longer than ten thousand years", help))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn seconds_with_a_fraction() {
        for (text, nanoseconds) in [
            ("1s", 1_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0.000000001s", 1),
            (".01s", 10_000_000),
            ("1.s", 1_000_000_000),
            ("007s", 7_000_000_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
        assert!(parse("315575999999.999999999s").is_ok());
        assert!(parse("315576000000s").is_ok());
        assert!(parse("315576000000.000000001s").is_err());
    }

    #[test]
    fn what_is_no_duration() {
        for (text, why) in [
            ("", "it is no number of seconds"),
            ("5", "it has no unit"),
            ("2m", "its unit is not `s`"),
            ("250ms", "its unit is not `s`"),
            ("5 sec", "it is no number of seconds"),
            ("s", "it is no number of seconds"),
            (".s", "it is no number of seconds"),
            ("1.2.3s", "it is no number of seconds"),
            ("+1s", "it is no number of seconds"),
            ("1e3s", "it is no number of seconds"),
            ("-1s", "it is negative"),
            ("0.0000000001s", "it is finer than a nanosecond"),
            ("315576000001s", "it is longer than ten thousand years"),
            (
                "99999999999999999999999s",
                "it is longer than ten thousand years",
            ),
        ] {
            assert_eq!(parse(text).map_err(|(why, _)| why), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0..MOST_SECONDS, nanoseconds in 0u32..1_000_000_000) {
            let text = format!("{seconds}.{nanoseconds:09}s");
            prop_assert_eq!(parse(&text), Ok(Duration::new(seconds, nanoseconds)));
        }

        #[test]
        fn nothing_panics(text in "[-0-9.smun]{0,30}|.{0,10}") {
            let _ = parse(&text);
        }
    }
}
