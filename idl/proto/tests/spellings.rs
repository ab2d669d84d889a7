//! Every rule of policies is shown in both spellings of options: as one value, `(sinew.method) = { timeout: "x" }`, and
//! by the path, `(sinew.method).timeout = "x"`. What is said and what is marked stands in the fixtures themselves.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::{collections::BTreeSet, fs, path::Path};

/// What is said, with `…` for what is different each time. M0180 is said of descriptor sets alone, which have one
/// spelling.
const RULES: [(&str, &str); 58] = [
    ("M0101", "`timeout` … is no duration"),
    ("M0101", "`idle_timeout` … is no duration"),
    ("M0101", "`initial_backoff` … is no duration"),
    ("M0101", "`max_backoff` … is no duration"),
    ("M0101", "`delay` … is no duration"),
    ("M0101", "`delay` … is no quantile"),
    ("M0101", "… it is no number with a unit"),
    ("M0101", "… there are spaces in it"),
    ("M0101", "… it has no unit"),
    ("M0101", "… is no unit"),
    ("M0101", "… it is finer than a nanosecond"),
    ("M0101", "… it is zero"),
    ("M0101", "… it is longer than a day"),
    ("M0102", "`idle_timeout` of … is not within `timeout`"),
    ("M0102", "`initial_backoff` of … is not within `timeout`"),
    (
        "M0102",
        "`initial_backoff` of … is not within `max_backoff`",
    ),
    ("M0102", "`delay` of … is not within `timeout`"),
    ("M0103", "… do not stream (use"),
    ("M0103", "… do not stream (it bounds"),
    ("M0104", "`max_request_bytes` is 0"),
    ("M0110", "`hash_key` names no key … has no field"),
    ("M0110", "`hash_key` names no key … a name is missing"),
    ("M0110", "`hash_key` names no key … is repeated"),
    ("M0110", "`hash_key` names no key … is a map"),
    ("M0110", "`hash_key` names no key … is one of a oneof"),
    ("M0110", "`hash_key` names no key … is a message"),
    (
        "M0110",
        "`hash_key` names no key … is a number with a fraction",
    ),
    ("M0110", "`hash_key` names no key … is no message"),
    ("M0110", "`hash_key`, but the requests of … stream"),
    ("M0110", "`hash_key` marks no key"),
    ("M0110", "… has two fields marked `hash_key`"),
    ("M0111", "… may be unset"),
    ("M0120", "`retry`, but repeating"),
    ("M0120", "`hedge`, but repeating"),
    ("M0121", "`retry` and `hedge` exclude each other"),
    ("M0122", "… (the first attempt counts"),
    ("M0122", "… (more only add"),
    ("M0123", "… is no status code (did you mean"),
    ("M0123", "… is no status code (the codes are"),
    ("M0123", "… is listed twice"),
    ("M0123", "`OK` is no error"),
    ("M0124", "`retry`, but the requests of … stream"),
    ("M0124", "`hedge`, but the requests of … stream"),
    ("M0125", "`multiplier` is"),
    ("M0131", "`user_key` names no user … has no field"),
    ("M0131", "`user_key` names no key of metadata"),
    ("M0131", "`user_key`, but the requests of … stream"),
    ("M0150", "`errors` names … no such message (did you mean"),
    ("M0150", "`errors` names … no such message (after a dot"),
    (
        "M0150",
        "`errors` names … no such message (it is looked for",
    ),
    ("M0150", "`errors` names … which is not imported"),
    ("M0150", "`errors` names … which is an enum"),
    ("M0150", "an entry of `errors` names no message"),
    ("M0150", "… is listed twice"),
    ("M0150", "… is no status code (did you mean"),
    ("M0150", "… is no status code (the codes are"),
    ("M0150", "`OK` is no error"),
    ("M0503", "… declared, not acted on by this version"),
];

/// What is said of the options of the fixtures.
struct Said {
    line: String,
    code: String,
    message: String,
    is_path: bool,
}

fn said() -> Vec<Said> {
    let mut all = Vec::new();
    for kind in ["bad", "good"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/idl")
            .join(kind);
        for entry in fs::read_dir(folder).expect("the fixtures") {
            let root = entry.expect("an entry").path();
            let expected = fs::read_to_string(root.join("expected.txt")).unwrap_or_default();
            all.extend(expected.lines().filter_map(|line| one(&root, line)));
        }
    }
    all
}

fn is_of_policies(code: &str) -> bool {
    code.starts_with("M01") && !code.starts_with("M017") || code == "M0503"
}

/// `a.proto:6:71: M0110 …`, and in which spelling the option at that place is.
fn one(root: &Path, line: &str) -> Option<Said> {
    let (place, said) = line.split_once(": ")?;
    let (code, message) = said.split_once(' ')?;
    if !is_of_policies(code) {
        return None;
    }
    let [column, row, file] = place.rsplitn(3, ':').collect::<Vec<_>>().try_into().ok()?;
    let (row, column): (usize, usize) = (row.parse().ok()?, column.parse().ok()?);
    let text = fs::read_to_string(root.join(file)).expect("a fixture");
    let mut before: String = text.lines().take(row - 1).collect::<Vec<_>>().join("\n");
    before.push('\n');
    before.extend(text.lines().nth(row - 1)?.chars().take(column - 1));
    let (_, option) = before.rsplit_once("sinew.")?;
    let (_, value) = option.split_once(')')?;
    Some(Said {
        line: format!("{}: {line}", root.display()),
        code: code.to_owned(),
        message: message.to_owned(),
        is_path: value.trim_start().starts_with('.'),
    })
}

fn is_of(said: &Said, (code, pattern): (&str, &str)) -> bool {
    if said.code != code {
        return false;
    }
    let mut rest = said.message.as_str();
    pattern.split('…').enumerate().all(|(index, part)| {
        let part = part.trim();
        let at = rest.find(part).filter(|at| index > 0 || *at == 0);
        rest = at.map_or("", |at| &rest[at + part.len()..]);
        at.is_some()
    })
}

#[test]
fn every_rule_is_shown_in_both_spellings() {
    let all = said();
    let mut missing = BTreeSet::new();
    for rule @ (code, pattern) in RULES {
        for (is_path, spelling) in [(true, "by its path"), (false, "as one value")] {
            let is_shown = |said: &Said| is_of(said, rule) && said.is_path == is_path;
            if !all.iter().any(is_shown) {
                missing.insert(format!("{code} {pattern}: {spelling}"));
            }
        }
    }
    let missing: Vec<_> = missing.into_iter().collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn everything_that_is_said_is_of_a_rule() {
    let all = said();
    let without = all
        .iter()
        .filter(|said| !RULES.iter().any(|rule| is_of(said, *rule)));
    let without: Vec<_> = without.map(|said| said.line.as_str()).collect();
    assert!(without.is_empty(), "{}", without.join("\n"));
    assert!(all.len() > 80);
}
