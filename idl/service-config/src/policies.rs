//! `retryPolicy`, `hedgingPolicy`, `retryThrottling` and what Sinew adds, by the rules of gRFC A6.
//! It refuses what both grpc-go and gRPC's core refuse or pass over, but for a missing `maxAttempts`, which many public
//! files leave out.

use crate::codes::{CODES, named, numbered};
use crate::json::Kind;
use crate::names::nearest;
use crate::reader::{At, Object, Reader};
use crate::{Criticality, Hedge, Placed, Problem, Retry, Rule};

/// More attempts are taken for so many (gRFC A6). A retry policy that does not say gets them: who left it out wanted
/// attempts until the time is up.
const MOST_ATTEMPTS: u32 = 5;

pub(crate) fn retry<'a>(reader: &mut Reader<'a>, at: At<'a>) -> Option<Placed<Retry>> {
    let object = reader.object(
        at,
        &[
            "maxAttempts",
            "initialBackoff",
            "maxBackoff",
            "backoffMultiplier",
            "retryableStatusCodes",
            "perAttemptRecvTimeout",
        ],
    )?;
    if let Some(at) = object.field("perAttemptRecvTimeout") {
        reader.idle(&at, "gRPC has it as an experiment");
    }
    let attempts = match object.field("maxAttempts") {
        Some(at) => attempts_of(reader, &at),
        None => Some(MOST_ATTEMPTS),
    };
    let initial = required(reader, &object, "initialBackoff");
    let initial = initial.and_then(|at| reader.positive(&at));
    let max = required(reader, &object, "maxBackoff").and_then(|at| reader.positive(&at));
    let multiplier = required(reader, &object, "backoffMultiplier");
    let multiplier = multiplier.and_then(|at| positive(reader, &at));
    let codes = required(reader, &object, "retryableStatusCodes");
    let codes = codes.and_then(|at| {
        let codes = codes_of(reader, &at)?;
        match codes.is_empty() {
            true => reader.wrong(&at, "it names no code"),
            false => Some(codes),
        }
    });
    let retry = Retry {
        max_attempts: attempts?,
        initial_backoff: initial?.value,
        max_backoff: max?.value,
        multiplier: multiplier?,
        codes: codes?,
    };
    Some(reader.placed(&object.at, retry))
}

pub(crate) fn hedge<'a>(reader: &mut Reader<'a>, at: At<'a>) -> Option<Placed<Hedge>> {
    let known = ["maxAttempts", "hedgingDelay", "nonFatalStatusCodes"];
    let object = reader.object(at, &known)?;
    // No default here: five calls in place of one are nothing to do unasked.
    let attempts = required(reader, &object, "maxAttempts");
    let attempts = attempts.and_then(|at| attempts_of(reader, &at));
    let delay = match object.field("hedgingDelay") {
        None => Some(std::time::Duration::ZERO),
        Some(at) => reader.duration(&at).map(|delay| delay.value),
    };
    let codes = match object.field("nonFatalStatusCodes") {
        None => Some(Vec::new()),
        Some(at) => codes_of(reader, &at),
    };
    let hedge = Hedge {
        max_attempts: attempts?,
        delay: delay?,
        codes: codes?,
    };
    Some(reader.placed(&object.at, hedge))
}

/// Nobody acts on it, but what is wrong with it is an error elsewhere.
pub(crate) fn retry_throttling<'a>(reader: &mut Reader<'a>, whole: &Object<'a>) {
    let Some(at) = whole.field("retryThrottling") else {
        return;
    };
    let Some(object) = reader.object(at, &["maxTokens", "tokenRatio"]) else {
        return;
    };
    if let Some(at) = required(reader, &object, "maxTokens")
        && let Some(tokens) = positive(reader, &at)
        && tokens > 1000.0
    {
        reader.wrong::<()>(&at, format!("{tokens} is above 1000"));
    }
    if let Some(at) = required(reader, &object, "tokenRatio") {
        positive(reader, &at);
    }
}

pub(crate) fn criticality<'a>(reader: &mut Reader<'a>, at: &At<'a>) -> Option<Placed<Criticality>> {
    let name = reader.string(at)?;
    let all = [
        ("CRITICAL_PLUS", Criticality::CriticalPlus),
        ("CRITICAL", Criticality::Critical),
        ("SHEDDABLE_PLUS", Criticality::SheddablePlus),
        ("SHEDDABLE", Criticality::Sheddable),
    ];
    let found = all.into_iter().find(|(known, _)| *known == name);
    let Some((_, criticality)) = found else {
        let names = all.map(|(known, _)| known).join(", ");
        return reader.wrong(at, format!("\"{name}\" is none of {names}"));
    };
    Some(reader.placed(at, criticality))
}

fn attempts_of<'a>(reader: &mut Reader<'a>, at: &At<'a>) -> Option<u32> {
    let attempts = reader.u32(at)?;
    if attempts.value < 2 {
        let message = format!(
            "{} attempts are no second one: 2 are the least",
            attempts.value
        );
        let few = Problem::error(Rule::Value, attempts.place, message);
        let help = "leave the policy out where there is to be no second";
        reader.problems.push(few.help(help));
        return None;
    }
    if attempts.value > MOST_ATTEMPTS {
        let message = format!(
            "{} attempts are taken for {MOST_ATTEMPTS}, as in gRPC",
            attempts.value
        );
        reader
            .problems
            .push(Problem::warning(Rule::Value, attempts.place, message));
    }
    Some(attempts.value.min(MOST_ATTEMPTS))
}

fn required<'a>(reader: &mut Reader<'a>, object: &Object<'a>, name: &str) -> Option<At<'a>> {
    let field = object.field(name);
    if field.is_none() {
        reader.wrong::<()>(&object.at, format!("it lacks `{name}`"));
    }
    field
}

/// A number above zero, or one in a string.
fn positive<'a>(reader: &mut Reader<'a>, at: &At<'a>) -> Option<f64> {
    let text = match at.node.kind() {
        Kind::Number => at.node.text().to_owned(),
        Kind::String => at.node.string().unwrap_or_default(),
        _ => return reader.no(at, "a number"),
    };
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Some(number),
        _ => reader.wrong(at, format!("{} is no number above zero", at.node.text())),
    }
}

fn codes_of<'a>(reader: &mut Reader<'a>, at: &At<'a>) -> Option<Vec<&'static str>> {
    let elements = reader.array(at)?;
    let count = elements.len();
    let mut codes = Vec::new();
    let mut right = 0;
    for at in elements {
        if let Some(code) = code(reader, &at) {
            right += 1;
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
    }
    (right == count).then_some(codes)
}

fn code<'a>(reader: &mut Reader<'a>, at: &At<'a>) -> Option<&'static str> {
    let code = match at.node.kind() {
        Kind::Number => numbered(reader.u32(at)?.value),
        Kind::String => named(&at.node.string().unwrap_or_default()),
        _ => return reader.no(at, "a status code"),
    };
    match code {
        Some("OK") => reader.wrong(at, "OK is no failure"),
        Some(code) => Some(code),
        None => {
            let text = at.node.text();
            let message = format!("{text} is no status code");
            let wrong = Problem::error(Rule::Value, reader.place(at), message);
            reader
                .problems
                .push(match nearest(text.trim_matches('"'), &CODES) {
                    Some(near) => wrong.help(format!("did you mean \"{near}\"?")),
                    None => wrong
                        .help("codes are named as \"UNAVAILABLE\", or are numbers from 1 to 16"),
                });
            None
        }
    }
}
