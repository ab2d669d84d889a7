//! Applies the law to what is written about this repository: every dependency has its row, every page its place in
//! the index, every link leads somewhere.
//! It judges no sentence.
#![allow(clippy::unwrap_used, reason = "a test that cannot read has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use law::manifest::{direct_dependencies, documented, shared_dependencies};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages directly in `folder`, below the root.
fn pages(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
    pages.sort();
    pages
}

/// Where the links of a page lead, without those to other places than files.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    local
        .map(|target| target.split('#').next().unwrap_or(target))
        .collect()
}

/// Every crate that a member of the workspace names, ours apart.
fn dependencies() -> BTreeSet<String> {
    let workspace = read("Cargo.toml");
    let (_, ours) = shared_dependencies(&workspace);
    let (_, rest) = workspace.split_once("\nmembers = [").unwrap();
    let (members, _) = rest.split_once(']').unwrap();
    let members = members.split('"').skip(1).step_by(2);
    let all = members.flat_map(|member| direct_dependencies(&read(format!("{member}/Cargo.toml"))));
    all.filter(|name| !ours.contains(name)).collect()
}

#[test]
fn every_dependency_has_one_row_and_every_row_a_dependency() {
    let used = dependencies();
    assert!(used.contains("tokio"), "{used:?}");
    let documented = documented(&read("docs/dependencies.md"));
    assert_eq!(
        documented,
        Vec::from_iter(used),
        "docs/dependencies.md and the manifests differ"
    );
}

#[test]
fn no_version_is_shared_with_nobody() {
    let (shared, _) = shared_dependencies(&read("Cargo.toml"));
    let used = dependencies();
    let idle: Vec<_> = shared.difference(&used).collect();
    assert!(
        idle.is_empty(),
        "in [workspace.dependencies] for no member: {idle:?}"
    );
}

#[test]
fn the_index_has_every_page() {
    let index = read("docs/README.md");
    let listed = links(&index);
    for (folder, prefix) in [("docs", ""), ("docs/decisions", "decisions/")] {
        for page in pages(folder) {
            let page = format!("{prefix}{page}");
            assert!(
                page == "README.md" || listed.contains(&&*page),
                "docs/README.md does not list {page}"
            );
        }
    }
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    for folder in ["", "docs", "docs/decisions", "tests/interop", "examples"] {
        if !root().join(folder).is_dir() {
            continue;
        }
        for page in pages(folder) {
            for link in links(&read(Path::new(folder).join(&page))) {
                let target = root().join(folder).join(link);
                assert!(
                    target.exists(),
                    "{folder}/{page} links to {link}, which is not there"
                );
            }
        }
    }
}

/// The folders in `tests/idl/<kind>`, as `<kind>/<name>`.
fn fixtures(kind: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("tests/idl").join(kind)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| format!("{kind}/{name}")).collect()
}

#[test]
fn every_fixture_of_the_idl_has_a_row_and_every_row_its_fixture() {
    let there: BTreeSet<_> = ["good", "bad", "sets"]
        .iter()
        .flat_map(|k| fixtures(k))
        .collect();
    let page = read("docs/proto-support.md");
    let quoted = page.split('`').skip(1).step_by(2);
    let is_fixture = |name: &&str| {
        let kind = name.split('/').next().unwrap_or_default();
        ["good", "bad", "sets"].contains(&kind) && !name.ends_with('/')
    };
    let named: BTreeSet<_> = quoted.filter(is_fixture).map(str::to_owned).collect();
    assert!(there.len() > 50, "{there:?}");
    assert_eq!(
        there.symmetric_difference(&named).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "tests/idl and docs/proto-support.md differ"
    );
}

#[test]
fn links_are_found() {
    let page = "see [a](b/c.md#d), [e](#f), [g](https://h/i), [j](../k)";
    assert_eq!(links(page), ["b/c.md", "../k"]);
}
