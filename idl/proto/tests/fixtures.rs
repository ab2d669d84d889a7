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
    let bless = std::env::var_os("SINEW_BLESS").is_some();
    let mut wrong = Vec::new();
    for root in fixtures("bad") {
        // Paths come out as they went in: without the folder of the project.
        let actual = match compile(&sources(&root)) {
            Ok(_) => "accepted\n".to_owned(),
            Err(found) => found
                .lines()
                .iter()
                .map(|line| line.replace(&format!("{}/", root.display()), "") + "\n")
                .map(|line| line.replace(&root.display().to_string(), "."))
                .collect(),
        };
        let file = root.join("expected.txt");
        if bless {
            fs::write(&file, &actual).expect("written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if actual != expected || actual.starts_with("accepted") {
            wrong.push(format!(
                "{}\n expected:\n{expected} actual:\n{actual}",
                root.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
