//! The W3C trace context of a call, carried along from the caller to the calls it causes.
//! It starts no span and samples nothing: whoever traces puts a context of its own in place.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use super::wire;

/// `version "-" trace-id "-" parent-id "-" flags`: 2 + 32 + 16 + 2 digits.
const TRACEPARENT_LEN: usize = 55;
/// The least that must be carried on, and the most that we carry (W3C Trace Context §3.3.1.5).
const MAX_TRACESTATE: usize = 512;
/// The most entries in `tracestate` (§3.3.1.1).
const MAX_ENTRIES: usize = 32;
/// Entries above this length go first when something must go (§3.3.1.5).
const LONG_ENTRY: usize = 128;
const SAMPLED: u8 = 1;

/// A W3C trace context: `traceparent`, and `tracestate` if there is one, carried as they came.
/// Cloning counts one more reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace(
    /// One word: each call has room for one, and most have none.
    Arc<Carried>,
);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Carried {
    /// Valid: see [`is_traceparent`].
    parent: HeaderValue,
    /// Valid and short enough: see [`read_tracestate`].
    state: Option<HeaderValue>,
}

impl Trace {
    /// The trace context with this `traceparent` and no `tracestate`; `None` when it is not valid.
    ///
    /// Valid is `00-<32 hex digits>-<16 hex digits>-<2 hex digits>` in lower case with neither id
    /// zero, and any later version that begins so.
    pub fn parse(traceparent: &str) -> Option<Self> {
        if !is_traceparent(traceparent.as_bytes()) {
            return None;
        }
        let parent = HeaderValue::from_str(traceparent).ok()?;
        Some(Self(Arc::new(Carried {
            parent,
            state: None,
        })))
    }

    /// With this `tracestate`. One that is not valid is left out, one above 512 bytes is
    /// shortened by whole entries.
    #[must_use]
    pub fn with_state(mut self, tracestate: &str) -> Self {
        Arc::make_mut(&mut self.0).state = HeaderValue::from_str(tracestate)
            .ok()
            .and_then(|value| read_tracestate(&[&value]));
        self
    }

    /// The whole `traceparent`.
    pub fn traceparent(&self) -> &str {
        self.0.parent.to_str().unwrap_or_default()
    }

    /// The `tracestate`, if there is one.
    pub fn tracestate(&self) -> Option<&str> {
        self.0.state.as_ref()?.to_str().ok()
    }

    /// The id of the trace: 32 hex digits.
    pub fn trace_id(&self) -> &str {
        self.traceparent().get(3..35).unwrap_or_default()
    }

    /// The id of the caller's span: 16 hex digits.
    pub fn parent_id(&self) -> &str {
        self.traceparent().get(36..52).unwrap_or_default()
    }

    /// Whether the caller records the trace.
    pub fn is_sampled(&self) -> bool {
        let flags = self.traceparent().get(53..55).unwrap_or_default();
        u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & SAMPLED != 0)
    }

    /// The context that a peer sent; `None` when there is none, more than one, or it is not valid.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(&wire::TRACEPARENT).into_iter();
        let (Some(parent), None) = (parents.next(), parents.next()) else {
            return None;
        };
        if !is_traceparent(parent.as_bytes()) {
            return None;
        }
        let states: Vec<_> = headers.get_all(&wire::TRACESTATE).into_iter().collect();
        Some(Self(Arc::new(Carried {
            parent: parent.clone(),
            state: read_tracestate(&states),
        })))
    }

    /// Puts the context into the headers of a call, in place of one that is there.
    pub(crate) fn write_to(&self, headers: &mut HeaderMap) {
        headers.insert(&wire::TRACEPARENT, self.0.parent.clone());
        match &self.0.state {
            Some(state) => headers.insert(&wire::TRACESTATE, state.clone()),
            None => headers.remove(&wire::TRACESTATE),
        };
    }
}

fn is_traceparent(value: &[u8]) -> bool {
    let Some((known, rest)) = value.split_at_checked(TRACEPARENT_LEN) else {
        return false;
    };
    let well_formed = known.iter().enumerate().all(|(at, byte)| match at {
        2 | 35 | 52 => *byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    });
    let is_zero = |id: &[u8]| id.iter().all(|digit| *digit == b'0');
    // Version 00 ends here; a later one may go on after a dash; ff is forbidden.
    let ends_well = match &known[..2] {
        b"00" => rest.is_empty(),
        b"ff" => false,
        _ => {
            rest.first().is_none_or(|byte| *byte == b'-')
                && rest.iter().all(|b| matches!(b, b'!'..=b'~'))
        }
    };
    well_formed && ends_well && !is_zero(&known[3..35]) && !is_zero(&known[36..52])
}

/// All `tracestate` headers as one; `None` when there is nothing in them or something is wrong.
fn read_tracestate(values: &[&HeaderValue]) -> Option<HeaderValue> {
    let mut entries: Vec<&[u8]> = values
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty())
        .take(MAX_ENTRIES + 1)
        .collect();
    if entries.is_empty()
        || entries.len() > MAX_ENTRIES
        || !entries.iter().all(|entry| is_entry(entry))
    {
        return None;
    }
    if let ([value], true) = (
        values,
        joined_len(&entries) <= MAX_TRACESTATE && values[0].len() <= MAX_TRACESTATE,
    ) {
        return Some((*value).clone());
    }
    shorten(&mut entries);
    HeaderValue::from_bytes(&entries.join(&b','))
        .ok()
        .filter(|value| !value.is_empty())
}

/// Drops whole entries until the rest fits: the long ones first, then from the end.
fn shorten(entries: &mut Vec<&[u8]>) {
    while joined_len(entries) > MAX_TRACESTATE {
        match entries.iter().rposition(|entry| entry.len() > LONG_ENTRY) {
            Some(long) => drop(entries.remove(long)),
            None => drop(entries.pop()),
        }
    }
}

fn joined_len(entries: &[&[u8]]) -> usize {
    entries
        .iter()
        .map(|entry| entry.len() + 1)
        .sum::<usize>()
        .saturating_sub(1)
}

/// `key=value`, both of at most 256 bytes, in the characters that the specification allows.
fn is_entry(entry: &[u8]) -> bool {
    let Some(equals) = entry.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    let (key, value) = (&entry[..equals], &entry[equals + 1..]);
    let key_starts = matches!(key.first(), Some(b'a'..=b'z' | b'0'..=b'9'));
    key_starts
        && key.len() <= 256
        && key
            .iter()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@'))
        && !value.is_empty()
        && value.len() <= 256
        && value.iter().all(|b| matches!(b, b' '..=b'~') && *b != b'=')
}
