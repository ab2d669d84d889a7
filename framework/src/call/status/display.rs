//! How a status reads in a log: `shop.v1.Cart/AddLine: UNAVAILABLE: message (endpoint …, after 3
//! attempts in 212 ms)`, with only the parts that are known.
//! Nothing that goes over the wire is made here.

use std::fmt;
use std::time::Duration;

use super::Status;

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = self.method() {
            write!(f, "{method}: ")?;
        }
        f.write_str(self.code().as_str())?;
        if !self.message().is_empty() {
            write!(f, ": {}", self.message())?;
        }
        let mut parts = Parts { f, any: false };
        if let Some(endpoint) = self.endpoint() {
            parts.part(format_args!("endpoint {endpoint}"))?;
        }
        let elapsed = self.elapsed().map(Elapsed);
        match (self.attempts(), elapsed) {
            (0, None) => {}
            (0, Some(elapsed)) => parts.part(format_args!("after {elapsed}"))?,
            (n, None) => parts.part(format_args!("after {n} {}", attempts(n)))?,
            (n, Some(elapsed)) => {
                parts.part(format_args!("after {n} {} in {elapsed}", attempts(n)))?;
            }
        }
        parts.end()
    }
}

/// Short: what `Display` says, the types of the details, and the source.
impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({self}")?;
        for detail in self.details() {
            write!(f, "; {}", detail.type_url)?;
        }
        if self.is_final() {
            f.write_str("; final")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, "; source: {source:?}")?;
        }
        f.write_str(")")
    }
}

fn attempts(count: u32) -> &'static str {
    if count == 1 { "attempt" } else { "attempts" }
}

/// ` (a, b)`, or nothing when there is no part.
struct Parts<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    any: bool,
}

impl Parts<'_, '_> {
    fn part(&mut self, part: fmt::Arguments<'_>) -> fmt::Result {
        self.f.write_str(if self.any { ", " } else { " (" })?;
        self.any = true;
        self.f.write_fmt(part)
    }

    fn end(self) -> fmt::Result {
        if self.any {
            self.f.write_str(")")
        } else {
            Ok(())
        }
    }
}

/// Whole milliseconds; microseconds below one, since "0 ms" would say nothing.
struct Elapsed(Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            0 => write!(f, "{} µs", self.0.as_micros()),
            ms => write!(f, "{ms} ms"),
        }
    }
}
