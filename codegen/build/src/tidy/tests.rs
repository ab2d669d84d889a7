//! prettyplease says what is right.

use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::{Config, layout::Authors, run};

fn by_tree(code: &str) -> String {
    let file = syn2::parse_file(code).unwrap_or_else(|error| panic!("{error}: {code}"));
    prettyplease::unparse(&file)
}

/// `NAME` is made longer and longer, over every width at which a line breaks.
#[test]
fn formats_as_prettyplease_does_at_every_width() {
    let shapes = include_str!("shapes.txt");
    for shape in shapes.split("\n\n") {
        for length in 1..90 {
            for depth in [0, 1, 8] {
                let code = shape.replace("NAME", &"x".repeat(length));
                let code = within(depth, &code);
                assert_eq!(tidy(&code), by_tree(&code));
            }
        }
    }
}

/// Puts code into modules, as the back end would.
fn within(depth: usize, code: &str) -> String {
    (0..depth).fold(code.to_owned(), |code, _| {
        let lines: String = code
            .lines()
            .map(|line| format!("{INDENT}{line}\n"))
            .collect();
        format!("pub mod m {{\n{lines}}}\n")
    })
}

#[test]
fn gives_what_stands_without_white_space_its_place() {
    for length in 1..90 {
        let name = "x".repeat(length);
        let code = include_str!("name.txt").replace("NAME", &name);
        assert_eq!(tidy(&code), by_tree(&code));
    }
}

#[test]
fn leaves_comments_and_formatted_code_alone() {
    let wide = "x".repeat(120);
    let comment = format!("/// a {wide} (b, c)] {{\npub mod m {{}}\n");
    assert_eq!(tidy(&comment), comment);
    let code = format!("fn {wide}(a: A<b, c>) -> B {{\n}}\n");
    assert_eq!(tidy(&verbatim(&code)), code);
}

/// Everything that is generated for the good fixtures is the same by text and by tree.
#[test]
fn formats_fixtures_as_prettyplease_does() {
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/idl/good");
    let mut compared = 0;
    for case in fs::read_dir(good).unwrap() {
        let case = case.unwrap().path();
        let config = || Config::new(&case).out_dir("nowhere");
        let files = |authors| {
            let mut watched = BTreeSet::new();
            run::generate(config(), authors, &mut watched).map(|generated| generated.files)
        };
        // Some are read with options of their own.
        let (Ok(text), Ok(tree)) = (files(Authors::Ours), files(Authors::Users)) else {
            continue;
        };
        for (name, content) in &tree {
            let content = String::from_utf8_lossy(content);
            assert_eq!(
                String::from_utf8_lossy(&text[name]),
                content,
                "{name} of {}",
                case.display()
            );
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}
