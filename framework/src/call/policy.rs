//! What a method declares for its calls: each value with the place that it was declared at.
//! It refuses to say what holds for one call: the two sides weigh it against what they are set to, and what the call
//! says.

use std::fmt;
use std::time::Duration;

use super::Code;
pub use super::key::routing::Routing;

/// Where a value stands. The later wins, in this order: `Service`, `Method`, `ServiceConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// `(sinew.service)` in the IDL.
    Service,
    /// The method in the IDL: `(sinew.method)`, or an annotation that says the same.
    Method,
    /// The service config that was given when the IDL was compiled.
    ServiceConfig,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Method => "method",
            Self::ServiceConfig => "service config",
        })
    }
}

/// A value, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub source: Source,
}

/// What a method declares for its calls. What is not declared is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// How long a call may take, streams included.
    pub timeout: Option<Declared<Duration>>,
    /// The longest silence in a stream of replies.
    pub idle_timeout: Option<Declared<Duration>>,
    /// The largest request, or message of a stream of requests, in bytes.
    pub max_request_bytes: Option<Declared<u32>>,
    /// The largest reply, or message of a stream of replies, that a client takes, in bytes.
    pub max_reply_bytes: Option<Declared<u32>>,
    /// Whether calls wait for a connection also while connecting fails.
    pub wait_for_ready: Option<Declared<bool>>,
    /// Attempts one after the other. Nobody acts on it yet.
    pub retry: Option<Declared<Retry>>,
    /// Attempts side by side. Nobody acts on it yet.
    pub hedge: Option<Declared<Hedge>>,
    /// The path of the field that calls are placed by.
    pub hash_key: Option<Declared<&'static str>>,
    /// The rule that makes the key that calls are placed by, in place of a field.
    pub routing: Option<Declared<Routing>>,
    /// How much a call matters when not all can be served. Nobody acts on it yet.
    pub criticality: Option<Declared<Criticality>>,
    /// Whom a call is for: the path of a field, or `metadata:` and a key. Nobody acts on it yet.
    pub user_key: Option<Declared<&'static str>>,
    /// The messages that come as details of the method's statuses, each with its code.
    pub errors: &'static [(&'static str, Code)],
}

impl Policy {
    /// Nothing.
    pub const NONE: Self = Self {
        timeout: None,
        idle_timeout: None,
        max_request_bytes: None,
        max_reply_bytes: None,
        wait_for_ready: None,
        retry: None,
        hedge: None,
        hash_key: None,
        routing: None,
        criticality: None,
        user_key: None,
        errors: &[],
    };
}

/// Attempts one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// In all, the first among them.
    pub max_attempts: Option<u32>,
    /// The ceiling of the first wait.
    pub initial_backoff: Option<Duration>,
    /// The ceiling of all waits.
    pub max_backoff: Option<Duration>,
    /// By how much the ceiling grows.
    pub multiplier: Option<f64>,
    /// After which codes.
    pub codes: Codes,
}

impl Retry {
    /// With nothing said.
    pub const fn new() -> Self {
        Self {
            max_attempts: None,
            initial_backoff: None,
            max_backoff: None,
            multiplier: None,
            codes: Codes::NONE,
        }
    }

    /// In all, the first among them.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// The ceiling of the first wait.
    #[must_use]
    pub const fn initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = Some(backoff);
        self
    }

    /// The ceiling of all waits.
    #[must_use]
    pub const fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = Some(backoff);
        self
    }

    /// By how much the ceiling grows.
    #[must_use]
    pub const fn multiplier(mut self, multiplier: f64) -> Self {
        self.multiplier = Some(multiplier);
        self
    }

    /// After which codes.
    #[must_use]
    pub const fn codes(mut self, codes: &[Code]) -> Self {
        self.codes = Codes::of(codes);
        self
    }
}

/// As in a table of policies: `3 attempts, backoff 50ms to 1s, × 2, after UNAVAILABLE`.
impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.max_attempts.map(|n| format!("{n} attempts")));
        parts.extend(match (self.initial_backoff, self.max_backoff) {
            (Some(first), Some(most)) => Some(format!("backoff {first:?} to {most:?}")),
            (Some(first), None) => Some(format!("backoff from {first:?}")),
            (None, Some(most)) => Some(format!("backoff to {most:?}")),
            (None, None) => None,
        });
        parts.extend(self.multiplier.map(|by| format!("\u{d7} {by}")));
        parts.extend((!self.codes.is_empty()).then(|| format!("after {}", self.codes)));
        write_parts(f, &parts)
    }
}

/// Attempts side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hedge {
    /// In all, the first among them.
    pub max_attempts: Option<u32>,
    /// How long to wait before the next.
    pub delay: Option<Delay>,
    /// Which codes do not end the call.
    pub codes: Codes,
}

/// How long a hedge waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// So long.
    After(Duration),
    /// As long as so many per cent of the calls take.
    Quantile(u8),
}

impl Hedge {
    /// With nothing said.
    pub const fn new() -> Self {
        Self {
            max_attempts: None,
            delay: None,
            codes: Codes::NONE,
        }
    }

    /// In all, the first among them.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// How long to wait before the next.
    #[must_use]
    pub const fn delay(mut self, delay: Delay) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Which codes do not end the call.
    #[must_use]
    pub const fn codes(mut self, codes: &[Code]) -> Self {
        self.codes = Codes::of(codes);
        self
    }
}

/// As in a table of policies: `2 attempts, one each 20ms, through UNAVAILABLE`.
impl fmt::Display for Hedge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.max_attempts.map(|n| format!("{n} attempts")));
        parts.extend(self.delay.map(|delay| match delay {
            Delay::After(Duration::ZERO) => "all at once".to_owned(),
            Delay::After(delay) => format!("one each {delay:?}"),
            Delay::Quantile(quantile) => format!("one each p{quantile}"),
        }));
        parts.extend((!self.codes.is_empty()).then(|| format!("through {}", self.codes)));
        write_parts(f, &parts)
    }
}

fn write_parts(f: &mut fmt::Formatter<'_>, parts: &[String]) -> fmt::Result {
    f.write_str(match parts {
        [] => "declared",
        _ => "",
    })?;
    f.write_str(&parts.join(", "))
}

/// How much a call matters when not all can be served; the first matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criticality {
    /// The last to be refused.
    CriticalPlus,
    /// The default.
    Critical,
    /// Its caller can wait.
    SheddablePlus,
    /// Its caller can do without.
    Sheddable,
}

impl fmt::Display for Criticality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CriticalPlus => "CRITICAL_PLUS",
            Self::Critical => "CRITICAL",
            Self::SheddablePlus => "SHEDDABLE_PLUS",
            Self::Sheddable => "SHEDDABLE",
        })
    }
}

/// A set of codes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Codes(u32);

impl Codes {
    /// No code.
    pub const NONE: Self = Self(0);

    /// These.
    pub const fn of(codes: &[Code]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < codes.len() {
            set |= 1 << (codes[at] as u32);
            at += 1;
        }
        Self(set)
    }

    /// Is it among them?
    pub const fn contains(self, code: Code) -> bool {
        self.0 & (1 << (code as u32)) != 0
    }

    /// No code is.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All of them, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL
            .into_iter()
            .filter(move |code| self.contains(*code))
    }
}

impl fmt::Display for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(|code| code.as_str()).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_codes_holds_what_it_was_given() {
        const SET: Codes = Codes::of(&[Code::Unavailable, Code::Aborted]);
        for code in Code::ALL {
            let is_in = code == Code::Unavailable || code == Code::Aborted;
            assert_eq!(SET.contains(code), is_in, "{code:?}");
        }
        assert_eq!(SET.to_string(), "ABORTED UNAVAILABLE");
        assert!(Codes::NONE.is_empty() && !SET.is_empty());
    }

    #[test]
    fn attempts_are_shown_as_far_as_they_are_declared() {
        let ms = Duration::from_millis;
        for (retry, want) in [
            (Retry::new(), "declared"),
            (Retry::new().max_attempts(3), "3 attempts"),
            (
                Retry::new()
                    .max_attempts(3)
                    .initial_backoff(ms(50))
                    .max_backoff(ms(1000))
                    .multiplier(1.5)
                    .codes(&[Code::Unavailable]),
                "3 attempts, backoff 50ms to 1s, \u{d7} 1.5, after UNAVAILABLE",
            ),
            (Retry::new().max_backoff(ms(9)), "backoff to 9ms"),
        ] {
            assert_eq!(retry.to_string(), want);
        }
        for (delay, want) in [
            (Delay::After(ms(20)), "2 attempts, one each 20ms"),
            (Delay::After(ms(0)), "2 attempts, all at once"),
            (Delay::Quantile(95), "2 attempts, one each p95"),
        ] {
            let hedge = Hedge::new().max_attempts(2).delay(delay);
            assert_eq!(hedge.to_string(), want);
        }
    }
}
