//! Explanations for people: tables for a terminal.
//! It refuses to leave out what is wrong to make a line fit.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{ExplainedEndpoint, Explanation, KeyExplanation};

impl Display for Explanation {
    #[inline]
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (count, s) = match self.endpoints.len() {
            1 => (1, ""),
            count => (count, "s"),
        };
        write!(f, "{}: {count} endpoint{s}, {}", self.name, self.balance)?;
        if let Some(looked) = &self.looked {
            match looked.age {
                Some(age) => write!(f, ", seen {} ago", short(age))?,
                None => write!(f, ", not found yet")?,
            }
            if looked.held > 0 {
                write!(f, ", {} kept though they were left out", looked.held)?;
            }
            if let Some((since, why)) = &looked.stale {
                write!(f, ", readings fail since {}: {why}", short(*since))?;
            }
        }
        if let Some(digest) = self.digest {
            write!(f, ", ring {digest:016x}")?;
        }
        writeln!(f)?;
        if self.panics {
            writeln!(
                f,
                "less than half are in use: those that were ejected count as the others do"
            )?;
        }
        if self.endpoints.is_empty() {
            let looked = self.looked.as_ref().filter(|looked| looked.is_known);
            if let Some(why) = looked.and_then(|looked| looked.when_empty.as_ref()) {
                writeln!(f, "{why}")?;
            }
        }
        let head = (!self.endpoints.is_empty()).then_some([
            "endpoint",
            "slot",
            "state",
            "since",
            "reason",
            "connection",
            "calls",
            "takes",
            "well",
            "weight",
            "expected",
            "keys",
            "passed over",
        ]);
        let rows = self.endpoints.iter().map(row);
        write_rows(
            f,
            &head
                .into_iter()
                .map(|head| head.map(str::to_owned))
                .chain(rows)
                .collect::<Vec<_>>(),
        )?;
        for endpoint in &self.endpoints {
            if let Some(failure) = &endpoint.failure {
                writeln!(f, "{}: {failure}", endpoint.name)?;
            }
        }
        for pick in &self.picks {
            let ago = short(pick.at.elapsed());
            write!(f, "a call {ago} ago")?;
            if let Some(key) = pick.key {
                write!(f, " with key {key:016x}")?;
            }
            match &pick.picked {
                Some(picked) => write!(f, " went to {picked}")?,
                None => write!(f, " found nobody that could take it at once")?,
            }
            writeln!(
                f,
                "{}",
                if pick.considered.is_empty() {
                    ""
                } else {
                    "; considered were:"
                }
            )?;
            for considered in &pick.considered {
                writeln!(
                    f,
                    "  {}: {} calls, expected {}{}",
                    considered.name,
                    considered.in_flight,
                    short(considered.expected_delay),
                    Because(considered.passed_over),
                )?;
            }
        }
        Ok(())
    }
}

impl Display for KeyExplanation {
    #[inline]
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(hash) = self.hash else {
            return writeln!(f, "an empty key: the call is balanced by load");
        };
        write!(f, "key {hash:016x}")?;
        if let Some(digest) = self.digest {
            write!(f, " on ring {digest:016x}")?;
        }
        writeln!(f)?;
        for (rank, candidate) in self.candidates.iter().enumerate() {
            writeln!(
                f,
                "{} {} {} (slot {}): {} calls{}",
                if candidate.is_picked { "→" } else { " " },
                if rank == 0 {
                    "owner".to_owned()
                } else {
                    format!("{}.", rank + 1)
                },
                candidate.endpoint,
                candidate.slot,
                candidate.in_flight,
                Because(candidate.passed_over),
            )?;
        }
        if self.candidates.is_empty() {
            writeln!(f, "there are no endpoints yet")?;
        } else if !self.candidates.iter().any(|candidate| candidate.is_picked) {
            writeln!(f, "none of them can take a call: it is balanced by load")?;
        }
        Ok(())
    }
}

/// Why one was passed over, where it was.
struct Because(Option<&'static str>);

impl Display for Because {
    #[inline]
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(why) => write!(f, ", passed over: {why}"),
            None => Ok(()),
        }
    }
}

#[inline]
fn row(endpoint: &ExplainedEndpoint) -> [String; 13] {
    [
        endpoint.name.clone(),
        if endpoint.slot == endpoint.name {
            "-".to_owned()
        } else {
            endpoint.slot.clone()
        },
        endpoint.state.to_owned(),
        short(endpoint.since),
        endpoint.reason.to_owned(),
        endpoint.connection.to_owned(),
        endpoint.in_flight.to_string(),
        endpoint.round_trip.map_or_else(|| "-".to_owned(), short),
        format!("{:.0} %", endpoint.success * 100.0),
        endpoint.weight.to_string(),
        short(endpoint.expected_delay),
        endpoint
            .share
            .map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0)),
        endpoint.passed_over.unwrap_or("-").to_owned(),
    ]
}

/// Columns as wide as their widest cell.
fn write_rows<const N: usize>(f: &mut Formatter<'_>, rows: &[[String; N]]) -> fmt::Result {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let width = |row: &[String; N]| row[column].chars().count();
        rows.iter().map(width).max().unwrap_or(0)
    });
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            let gap = (width + 2).saturating_sub(cell.chars().count());
            line.extend(std::iter::repeat_n(' ', gap));
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Three digits are enough for people.
#[inline]
fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.1} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}
