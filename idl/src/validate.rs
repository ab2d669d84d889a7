//! The rules of policies that need nothing but the method: what cannot be meant, and what would do harm.
//! It refuses to read a message: where fields are named, the front end looks them up.

use std::time::Duration;

use crate::{
    codes,
    diag::{Diagnostic, Span},
    duration,
    model::{Idempotency, Shape},
    policy::{Delay, Hedge, Policy, Retry, Spanned, UserKey},
};

/// Attempts that may be asked for, the first among them (gRPC allows no more either:
/// <https://github.com/grpc/proposal/blob/master/A6-client-retries.md>).
const ATTEMPTS: std::ops::RangeInclusive<u32> = 2..=5;

/// What is wrong with what a service declares for its methods.
#[must_use]
pub fn service(policy: &Policy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    values(policy, &mut found);
    found
}

/// What is wrong with what a method declares itself.
#[must_use]
pub fn method(name: &str, shape: Shape, is: Idempotency, own: &Policy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    values(own, &mut found);
    // Those of a service bound calls of different kinds.
    let idle_timeout = ("idle_timeout", own.idle_timeout.as_ref());
    order(idle_timeout, ("timeout", own.timeout.as_ref()), &mut found);
    if let Some(idle) = &own.idle_timeout
        && !shape.server_streams()
    {
        let message = format!("`idle_timeout`, but the replies of `{name}` do not stream");
        let help = match shape.client_streams() {
            true => "it bounds the silence in a stream of replies; `timeout` bounds the call",
            false => "use `timeout`",
        };
        found.push(Diagnostic::error("M0103", message, idle.span.clone()).help(help));
    }
    let retry = own.retry.as_ref().map(|retry| ("retry", &retry.span));
    let hedge = own.hedge.as_ref().map(|hedge| ("hedge", &hedge.span));
    for (what, span) in retry.into_iter().chain(hedge) {
        if shape.client_streams() {
            let message = format!("`{what}`, but the requests of `{name}` stream");
            let found_here = Diagnostic::error("M0124", message, span.clone());
            found.push(found_here.help("a stream that has been sent cannot be sent again"));
        } else if is == Idempotency::Unsafe {
            let message = format!("`{what}`, but repeating `{name}` may do harm");
            let help = "if it does none, say so: `option idempotency_level = IDEMPOTENT;`, \
                or NO_SIDE_EFFECTS";
            found.push(Diagnostic::error("M0120", message, span.clone()).help(help));
        }
    }
    found
}

/// What does not fit together of what a method and its service declare; the others say what is wrong with either alone.
#[must_use]
pub fn in_force(policy: &Policy) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let timeout = policy.timeout.as_ref();
    if let Some(retry) = &policy.retry {
        backoff(&retry.value, timeout, &mut found);
    }
    if let Some(hedge) = &policy.hedge {
        delay(&hedge.value, timeout, &mut found);
    }
    found
}

/// What is wrong whatever the method.
fn values(policy: &Policy, found: &mut Vec<Diagnostic>) {
    if let Some(Spanned { value: 0, span }) = &policy.max_request_bytes {
        let message = "`max_request_bytes` is 0";
        let help = "leave it out where the default is to hold";
        found.push(Diagnostic::error("M0104", message, span.clone()).help(help));
    }
    let timeout = policy.timeout.as_ref();
    if let (Some(retry), Some(hedge)) = (&policy.retry, &policy.hedge) {
        let message = "`retry` and `hedge` exclude each other";
        let both = Diagnostic::error("M0121", message, hedge.span.clone());
        found.push(both.also(retry.span.clone(), "`retry` is declared"));
    }
    if let Some(retry) = &policy.retry {
        self::retry(&retry.value, timeout, found);
    }
    if let Some(hedge) = &policy.hedge {
        self::hedge(&hedge.value, timeout, found);
    }
}

fn retry(retry: &Retry, timeout: Option<&Spanned<Duration>>, found: &mut Vec<Diagnostic>) {
    attempts(retry.max_attempts.as_ref(), found);
    status_codes(&retry.codes, found);
    let initial = ("initial_backoff", retry.initial_backoff.as_ref());
    let max = ("max_backoff", retry.max_backoff.as_ref());
    if let (Some(first), Some(most)) = (initial.1, max.1)
        && first.value > most.value
    {
        longer(initial.0, first, (max.0, most), found);
    }
    backoff(retry, timeout, found);
    if let Some(multiplier) = &retry.multiplier
        && !(multiplier.value >= 1.0 && multiplier.value.is_finite())
    {
        let message = format!("`multiplier` is {}, and not 1 or more", multiplier.value);
        let wrong = Diagnostic::error("M0125", message, multiplier.span.clone());
        found.push(wrong.help("each wait is so many times as long as the one before"));
    }
}

fn backoff(retry: &Retry, timeout: Option<&Spanned<Duration>>, found: &mut Vec<Diagnostic>) {
    let initial = ("initial_backoff", retry.initial_backoff.as_ref());
    order(initial, ("timeout", timeout), found);
}

fn hedge(hedge: &Hedge, timeout: Option<&Spanned<Duration>>, found: &mut Vec<Diagnostic>) {
    attempts(hedge.max_attempts.as_ref(), found);
    status_codes(&hedge.codes, found);
    delay(hedge, timeout, found);
}

fn delay(hedge: &Hedge, timeout: Option<&Spanned<Duration>>, found: &mut Vec<Diagnostic>) {
    if let Some(Spanned { value, span }) = &hedge.delay
        && let Delay::After(value) = *value
    {
        let span = span.clone();
        let delay = Spanned { value, span };
        order(("delay", Some(&delay)), ("timeout", timeout), found);
    }
}

fn attempts(attempts: Option<&Spanned<u32>>, found: &mut Vec<Diagnostic>) {
    if let Some(Spanned { value, span }) = attempts
        && !ATTEMPTS.contains(value)
    {
        let (least, most) = (ATTEMPTS.start(), ATTEMPTS.end());
        let message = format!("`max_attempts` is {value}, and not {least} to {most}");
        let help = match value {
            0 | 1 => {
                "the first attempt counts; leave the option out where there is to be no second"
            }
            _ => "more only add to the load that made the first ones fail",
        };
        found.push(Diagnostic::error("M0122", message, span.clone()).help(help));
    }
}

fn status_codes(all: &[Spanned<String>], found: &mut Vec<Diagnostic>) {
    for (index, code) in all.iter().enumerate() {
        if let Some((message, help)) = codes::wrong(&code.value) {
            found.push(Diagnostic::error("M0123", message, code.span.clone()).help(help));
        } else if let Some(first) = all[..index].iter().find(|one| one.value == code.value) {
            let message = format!("`{}` is listed twice", code.value);
            let twice = Diagnostic::error("M0123", message, code.span.clone());
            found.push(twice.also(first.span.clone(), "first listed"));
        }
    }
}

/// What is not shorter than what bounds it never comes to be.
fn order(
    (shorter, one): (&str, Option<&Spanned<Duration>>),
    (bound, other): (&str, Option<&Spanned<Duration>>),
    found: &mut Vec<Diagnostic>,
) {
    if let (Some(one), Some(other)) = (one, other)
        && one.value >= other.value
    {
        longer(shorter, one, (bound, other), found);
    }
}

fn longer(
    name: &str,
    one: &Spanned<Duration>,
    (bound, other): (&str, &Spanned<Duration>),
    found: &mut Vec<Diagnostic>,
) {
    let (long, short) = (duration::spell(one.value), duration::spell(other.value));
    let message = format!("`{name}` of {long} is not within `{bound}` of {short}");
    let longer = Diagnostic::error("M0102", message, one.span.clone());
    found.push(longer.also(Span::clone(&other.span), format!("`{bound}` is declared")));
}

/// A key of the request, where there is no one request.
#[must_use]
pub fn hash_key(name: &str, shape: Shape, own: &Policy) -> Option<Diagnostic> {
    let key = own.hash_key.as_ref()?;
    if !shape.client_streams() {
        return None;
    }
    let message = format!("`hash_key`, but the requests of `{name}` stream");
    let help = "a call is placed before its first request is sent";
    Some(Diagnostic::error("M0110", message, key.span.clone()).help(help))
}

/// Whom a call is for, as far as it can be judged without a message: of a service (without a `shape`), a key of the
/// metadata alone.
#[must_use]
pub fn user_key(name: &str, shape: Option<Shape>, own: &Policy) -> Option<Diagnostic> {
    let Spanned { value: key, span } = own.user_key.as_ref()?;
    let (message, help) = match key {
        UserKey::Metadata(name) if !is_metadata(name) => (
            format!("`user_key` names no key of metadata: `{name}`"),
            "small letters, digits, `-`, `_` and `.`; those that start with `grpc-` are gRPC's own",
        ),
        UserKey::Field(_) if shape.is_some_and(Shape::client_streams) => (
            format!("`user_key`, but the requests of `{name}` stream"),
            "write `metadata:` and a key of the metadata",
        ),
        _ => return None,
    };
    Some(Diagnostic::error("M0131", message, span.clone()).help(help))
}

fn is_metadata(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    !name.is_empty() && !name.starts_with("grpc-") && name.bytes().all(is_letter)
}
