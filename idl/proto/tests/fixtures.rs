//! The nasty inputs of `tests/idl`: the good ones compile, the bad ones are refused with exactly what stands in
//! `expected.txt` beside them.
//! `SINEW_BLESS=1` writes those files; what it writes is to be read before it is committed.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use sinew_idl_proto::{Sources, compile};

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/idl")
        .join(kind);
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the folder of fixtures")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// All files under `root`, or those that its `files.txt` names (for what is only to be imported).
fn sources(root: &Path) -> Sources {
    let mut files = Vec::new();
    match fs::read_to_string(root.join("files.txt")) {
        // A line that starts with a slash is made an absolute path.
        Ok(list) => files.extend(list.lines().map(|line| match line.strip_prefix('/') {
            Some(line) => root.join(line),
            None => line.into(),
        })),
        Err(_) => collect(root, root, &mut files),
    }
    files.sort();
    let roots = match fs::read_to_string(root.join("roots.txt")) {
        Ok(list) => list.lines().map(|line| root.join(line)).collect(),
        Err(_) => vec![root.to_owned()],
    };
    Sources { roots, files }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path.strip_prefix(root).expect("inside").to_owned());
        }
    }
}

#[test]
fn good_ones_are_accepted() {
    let mut refused = Vec::new();
    for root in fixtures("good") {
        if let Err(found) = compile(&sources(&root)) {
            refused.push(format!("{}:\n{}", root.display(), found.render()));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn bad_ones_are_refused_with_the_exact_place() {
    let mut wrong = Vec::new();
    for root in fixtures("bad") {
        let (lines, report) = match compile(&sources(&root)) {
            Ok(_) => ("accepted\n".to_owned(), String::new()),
            Err(found) => (found.lines().join("\n") + "\n", found.render()),
        };
        let lines = without_folder(&lines, &root);
        wrong.extend(differs(&root.join("expected.txt"), &lines));
        if lines.starts_with("accepted") {
            wrong.push(format!("{}: accepted", root.display()));
        }
        // Of what our own options declare, the full report as well: how each is marked in the line it stands in.
        if is_of_policies(&root) {
            let report = without_folder(&report, &root);
            wrong.extend(differs(&root.join("rendered.txt"), &report));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn warnings_of_policies_are_rendered_exactly() {
    let mut wrong = Vec::new();
    for root in fixtures("good").iter().filter(|root| is_of_policies(root)) {
        let compiled = compile(&sources(root));
        let warnings = compiled.expect("a good one").warnings;
        let lines = without_folder(&(warnings.lines().join("\n") + "\n"), root);
        let report = without_folder(&warnings.render(), root);
        wrong.extend(differs(&root.join("expected.txt"), &lines));
        wrong.extend(differs(&root.join("rendered.txt"), &report));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_of_policies(root: &Path) -> bool {
    let name = root.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("37_"))
}

/// Paths come out as they went in: without the folder of the project.
fn without_folder(text: &str, root: &Path) -> String {
    let root = root.display().to_string();
    text.replace(&format!("{root}/"), "").replace(&root, ".")
}

/// What differs from a file with what is expected, which is written if that is asked for.
fn differs(file: &Path, actual: &str) -> Option<String> {
    if std::env::var_os("SINEW_BLESS").is_some() {
        fs::write(file, actual).expect("written");
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    (actual != expected).then(|| {
        let file = file.display();
        format!("{file}\n expected:\n{expected} actual:\n{actual}")
    })
}
