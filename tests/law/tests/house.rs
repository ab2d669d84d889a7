//! Applies the law to this repository.
//! It changes nothing in it.
#![allow(clippy::unwrap_used, reason = "a test that cannot read has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use law::edges::{Source, breaches, idle_rules};
use law::tables::{crate_table, members, order_comments, order_table, package_name};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sources of the runtime, its tests aside.
fn sources() -> Vec<Source> {
    let src = root().join("framework/src");
    let mut folders = vec![src.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let below = path.strip_prefix(&src).unwrap();
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
