//! The table of `docs/diagnostics.md` holds every code that can be said, and no other.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The codes that stand between `before` and `after` in a text.
fn codes(text: &str, before: &str, after: &str) -> BTreeSet<String> {
    let starts = text.match_indices(before).map(|(at, _)| at + before.len());
    starts
        .filter_map(|at| {
            text.get(at..at + 4)
                .filter(|_| text[at + 4..].starts_with(after))
        })
        .filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            found.push_str(&fs::read_to_string(path).expect("text"));
        }
    }
}

#[test]
fn every_code_is_explained_and_every_explanation_is_of_a_code() {
    let mut text = String::new();
    sources(&root().join("idl/src"), &mut text);
    sources(&root().join("idl/proto/src"), &mut text);
    let said = codes(&text, "\"M", "\"");
    let table = fs::read_to_string(root().join("docs/diagnostics.md")).expect("the table");
    let explained = codes(&table, "\n| M", " |");
    assert!(said.len() > 30);
    assert_eq!(said, explained);
}

#[test]
fn the_fixtures_show_most_codes() {
    let mut shown = BTreeSet::new();
    for entry in fs::read_dir(root().join("tests/idl/bad")).expect("the fixtures") {
        let path = entry.expect("an entry").path().join("expected.txt");
        let lines = fs::read_to_string(path).expect("what is expected");
        shown.extend(codes(&lines, ": M", " "));
        shown.extend(codes(&format!("\n{lines}"), "\nM", " "));
    }
    let table = fs::read_to_string(root().join("docs/diagnostics.md")).expect("the table");
    let without: Vec<_> = codes(&table, "\n| M", " |")
        .difference(&shown)
        .cloned()
        .collect();
    // Of sets, of libraries that fail, of files that nobody can read, and warnings: other tests show them.
    let elsewhere = [
        "0004", "0029", "0040", "0041", "0042", "0099", "0111", "0180", "0302", "0501", "0502",
        "0503",
    ];
    assert_eq!(without, elsewhere);
}

#[test]
fn every_rule_of_policies_is_shown_as_it_is_rendered() {
    let mut shown = BTreeSet::new();
    for kind in ["bad", "good"] {
        let folder = root().join("tests/idl").join(kind);
        for entry in fs::read_dir(folder).expect("the fixtures") {
            let path = entry.expect("an entry").path().join("rendered.txt");
            let text = fs::read_to_string(path).unwrap_or_default();
            shown.extend(codes(&text, "error[M", "]"));
            shown.extend(codes(&text, "warning[M", "]"));
        }
    }
    let table = fs::read_to_string(root().join("docs/diagnostics.md")).expect("the table");
    let rules = codes(&table, "\n| M", " |").into_iter();
    let is_of_policies =
        |code: &String| code.starts_with("01") && !code.starts_with("017") || code == "0503";
    let without: Vec<_> = rules
        .filter(is_of_policies)
        .filter(|code| !shown.contains(code))
        .collect();
    // Only a descriptor set can say this: its test has the whole report.
    assert_eq!(without, ["0180"]);
}
