//! Explanations for programs: JSON, durations in seconds.
//! It refuses to read any.

use std::fmt::Write as _;

use super::{ExplainedEndpoint, Explanation, KeyExplanation};
use crate::rt::json::write_text;

impl Explanation {
    /// All of it as one object of JSON; durations are in seconds, what is not known is left out.
    #[inline]
    pub fn to_json(&self) -> String {
        let mut out = Object::new();
        out.text("name", &self.name);
        out.text("balance", self.balance);
        out.raw("panics", self.panics);
        if let Some(digest) = self.digest {
            out.text("digest", &format!("{digest:016x}"));
        }
        if let Some(looked) = &self.looked {
            let mut found = Object::new();
            found.raw("known", looked.is_known);
            found.raw("held", looked.held);
            if let Some(age) = looked.age {
                found.raw("age", age.as_secs_f64());
            }
            if let Some((since, why)) = &looked.stale {
                found.raw("stale", since.as_secs_f64());
                found.text("why", why);
            }
            out.raw("found", found.end());
        }
        out.list("endpoints", self.endpoints.iter().map(endpoint));
        let picks = self.picks.iter().map(|pick| {
            let mut out = Object::new();
            out.raw("age", pick.at.elapsed().as_secs_f64());
            if let Some(key) = pick.key {
                out.text("key", &format!("{key:016x}"));
            }
            if let Some(picked) = &pick.picked {
                out.text("picked", picked);
            }
            out.list("considered", pick.considered.iter().map(endpoint));
            out.end()
        });
        out.list("picks", picks);
        out.end()
    }
}

impl KeyExplanation {
    /// All of it as one object of JSON.
    #[inline]
    pub fn to_json(&self) -> String {
        let mut out = Object::new();
        if let Some(hash) = self.hash {
            out.text("hash", &format!("{hash:016x}"));
        }
        if let Some(digest) = self.digest {
            out.text("digest", &format!("{digest:016x}"));
        }
        let candidates = self.candidates.iter().map(|candidate| {
            let mut out = Object::new();
            out.text("endpoint", &candidate.endpoint);
            out.text("slot", &candidate.slot);
            out.raw("picked", candidate.is_picked);
            out.raw("in_flight", candidate.in_flight);
            if let Some(why) = candidate.passed_over {
                out.text("passed_over", why);
            }
            out.end()
        });
        out.list("candidates", candidates);
        out.end()
    }
}

#[inline]
fn endpoint(endpoint: &ExplainedEndpoint) -> String {
    let mut out = Object::new();
    out.text("id", &endpoint.id);
    out.text("name", &endpoint.name);
    out.text("slot", &endpoint.slot);
    out.text("state", endpoint.state);
    out.text("reason", endpoint.reason);
    out.raw("since", endpoint.since.as_secs_f64());
    out.text("connection", endpoint.connection);
    if let Some(failure) = &endpoint.failure {
        out.text("failure", failure);
    }
    if let Some(why) = endpoint.passed_over {
        out.text("passed_over", why);
    }
    out.raw("in_flight", endpoint.in_flight);
    if let Some(round_trip) = endpoint.round_trip {
        out.raw("round_trip", round_trip.as_secs_f64());
    }
    out.raw("success", endpoint.success);
    out.raw("weight", endpoint.weight);
    out.raw("expected_delay", endpoint.expected_delay.as_secs_f64());
    if let Some(share) = endpoint.share {
        out.raw("share", share);
    }
    out.end()
}

/// An object that is being written.
struct Object(String);

impl Object {
    #[inline]
    fn new() -> Self {
        Self("{".to_owned())
    }

    #[inline]
    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        write_text(&mut self.0, name);
        self.0.push(':');
    }

    #[inline]
    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        write_text(&mut self.0, value);
    }

    /// What is JSON as it displays: numbers, booleans, and what was written before.
    #[inline]
    fn raw(&mut self, name: &str, value: impl std::fmt::Display) {
        self.name(name);
        // Writing to a string does not fail.
        let _ = write!(self.0, "{value}");
    }

    #[inline]
    fn list(&mut self, name: &str, values: impl Iterator<Item = String>) {
        let values: Vec<String> = values.collect();
        self.raw(name, format_args!("[{}]", values.join(",")));
    }

    #[inline]
    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
