//! Sets that do not compile at once.

use std::{fs, path::Path};

use super::*;

/// Compiles a set of these files; the last part of what it gives is what became of them, as text.
fn compiled(name: &str, files: &[(&str, &str)]) -> (Answer, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../.work/tests")
        .join(name);
    let root = folder.join("proto");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&root).unwrap();
    for (file, text) in files {
        fs::write(root.join(file), text).unwrap();
    }
    let answer = compile(&Request {
        roots: vec![root],
        files: files.iter().map(|(file, _)| (*file).to_owned()).collect(),
        out: folder.join("code"),
    })
    .unwrap();
    let units: Vec<_> = answer
        .units
        .iter()
        .map(|unit| unit.files.join(" "))
        .collect();
    let line = |one: &Rejected| format!("{} ({}: {})", one.file, one.at, one.code);
    let refused: Vec<_> = answer.rejected.iter().map(line).collect();
    let apart: Vec<_> = answer.apart.iter().map(line).collect();
    let text = format!(
        "{} | {} | {}",
        units.join(", "),
        refused.join(", "),
        apart.join(", ")
    );
    (answer, text)
}

const GOOD: &str = "syntax = \"proto3\"; message Good {}";

#[test]
fn a_set_without_a_fault_is_compiled_once() {
    let service =
        "syntax = \"proto3\"; import \"a.proto\"; service S { rpc R(Good) returns (Good); }";
    let (answer, text) = compiled("once", &[("a.proto", GOOD), ("b.proto", service)]);
    assert_eq!(text, "a.proto b.proto |  | ");
    assert_eq!(answer.runs, 1);
    let counts = answer.units[0].counts;
    assert_eq!((counts.messages, counts.services, counts.rpcs), (1, 1, 1));
    assert!(answer.units[0].code.is_file());
}

#[test]
fn what_is_refused_takes_along_who_imports_it_and_nobody_else() {
    let files = [
        (
            "a.proto",
            "syntax = \"proto3\"; message A { string s = 0; }",
        ),
        (
            "b.proto",
            "syntax = \"proto3\"; import \"a.proto\"; message B { A a = 1; }",
        ),
        (
            "c.proto",
            "syntax = \"proto3\"; import \"gone.proto\"; message C {}",
        ),
        ("d.proto", GOOD),
    ];
    let (_, text) = compiled("importers", &files);
    assert_eq!(
        text,
        "d.proto | a.proto (a.proto: M0202), b.proto (a.proto: M0202), c.proto (c.proto: M0011) | "
    );
}

#[test]
fn files_that_declare_the_same_are_compiled_apart() {
    let other = "syntax = \"proto3\"; message Other {}";
    let files = [
        ("a.proto", GOOD),
        ("b.proto", GOOD),
        ("c.proto", GOOD),
        ("d.proto", other),
    ];
    let (_, text) = compiled("apart", &files);
    assert_eq!(
        text,
        "a.proto d.proto, b.proto, c.proto |  | b.proto (b.proto: M0023), c.proto (c.proto: M0023)"
    );
}

#[test]
fn a_set_of_broken_files_has_a_verdict_for_each() {
    let files = [("a.proto", "message {"), ("b.proto", "edition = \"2023\";")];
    let (_, text) = compiled("broken", &files);
    assert_eq!(
        text,
        " | a.proto (a.proto: M0001), b.proto (b.proto: M0301) | "
    );
}

#[test]
fn a_request_for_nothing_is_refused() {
    let nothing = Request {
        roots: vec![],
        files: vec!["a.proto".into()],
        out: "x".into(),
    };
    assert!(compile(&nothing).is_err());
    let nothing = Request {
        roots: vec!["x".into()],
        files: vec![],
        out: "x".into(),
    };
    assert!(compile(&nothing).is_err());
}
