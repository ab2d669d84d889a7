//! Applies the law to this repository.
//! It changes nothing in it.
#![allow(clippy::unwrap_used, reason = "a test that cannot read has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use law::edges::{MAY_IMPORT, Source, breaches, idle_rules};
use law::files::{long_lines, orphans};
use law::tables::{crate_table, import_table, members, order_comments, order_table, package_name};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The `.rs` files below `folder`, by their paths from there, sorted. What is built, generated, hidden, or expected of
/// a test is passed over, and so is every folder that `pass` says.
fn rust_files(folder: &str, pass: impl Fn(&Path) -> bool) -> Vec<Source> {
    let top = root().join(folder);
    let mut folders = vec![top.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() {
                let built = name == "target" && path.with_file_name("Cargo.toml").exists();
                let written = !["golden", "generated"].contains(&&*name);
                let ours = !name.starts_with('.') && written && !built;
                if ours && !pass(&path) {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                let below = path.strip_prefix(&top).unwrap();
                sources.push(Source {
                    path: below.to_string_lossy().replace('\\', "/"),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// The sources of the runtime, its tests aside.
fn sources() -> Vec<Source> {
    let mut sources = rust_files("framework/src", |folder| folder.ends_with("tests"));
    sources.retain(|source| !source.path.ends_with("tests.rs"));
    sources
}

#[test]
fn the_runtime_keeps_the_dependency_law() {
    let sources = sources();
    assert!(sources.iter().any(|source| source.path == "lib.rs"));
    let found = breaches(&sources).unwrap();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    assert_eq!(
        idle_rules(&sources),
        [""; 0],
        "rules for files that are gone"
    );
}

#[test]
fn the_crate_table_names_the_members_of_the_workspace() {
    let members: Vec<(String, String)> = members(&read("Cargo.toml"))
        .into_iter()
        .map(|member| {
            let name = package_name(&read(&format!("{member}/Cargo.toml"))).unwrap();
            (member, name)
        })
        .collect();
    assert!(!members.is_empty());
    assert_eq!(crate_table(&read("ARCHITECTURE.md")), members);
}

#[test]
fn the_layer_orders_are_those_of_the_code() {
    let architecture = read("ARCHITECTURE.md");
    for (side, file) in [
        ("Client", "framework/src/client/mod.rs"),
        ("Server", "framework/src/server/mod.rs"),
    ] {
        let comments = order_comments(&read(file)).unwrap();
        assert!(!comments.is_empty(), "{file} has no `// ORDER` lines");
        let numbers: Vec<u32> = comments.iter().map(|layer| layer.number).collect();
        let ascending: Vec<u32> = (0..).take(numbers.len()).collect();
        assert_eq!(numbers, ascending, "{file}");
        assert_eq!(order_table(&architecture, side), comments, "{side}");
    }
}

#[test]
fn the_folders_may_import_what_the_page_says() {
    let sources = sources();
    let top = |source: &Source| source.path.split(['/', '.']).next().unwrap().to_owned();
    let mut there: BTreeSet<String> = sources.iter().map(top).collect();
    assert!(there.remove("lib") && there.len() > 5, "{there:?}");
    let law = MAY_IMPORT.iter().filter(|(name, _)| there.contains(*name));
    let mut law: Vec<(String, Vec<String>)> = law
        .map(|(name, may)| {
            let may = may.iter().filter(|import| there.contains(**import));
            let mut may: Vec<String> = may.map(|import| (*import).to_owned()).collect();
            may.sort();
            ((*name).to_owned(), may)
        })
        .collect();
    law.sort();
    assert_eq!(import_table(&read("ARCHITECTURE.md")), law);
}

#[test]
fn every_file_is_part_of_its_crate() {
    for member in members(&read("Cargo.toml")) {
        // What is compiled to be refused is a crate a file.
        let crate_in =
            |folder: &Path| folder.join("Cargo.toml").exists() || folder.ends_with("tests/ui");
        let sources = rust_files(&member, crate_in);
        assert!(!sources.is_empty(), "{member}");
        let orphans = orphans(&sources).unwrap();
        assert_eq!(orphans, [""; 0], "files of {member} that no `mod` names");
    }
}

#[test]
fn no_line_is_too_long() {
    let mut found = Vec::new();
    for folder in ["framework", "idl", "codegen", "macros", "examples", "tests"] {
        let sources = rust_files(folder, |_| false);
        assert!(!sources.is_empty(), "{folder}");
        let long = sources.iter().flat_map(long_lines);
        found.extend(long.map(|line| format!("{folder}/{line}")));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
