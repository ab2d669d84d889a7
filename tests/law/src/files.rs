//! What holds for source files as such: each is part of a crate, and no line is longer than a screen is wide.
//! It opens no file itself.

use std::collections::BTreeSet;

use proc_macro2::{LexError, TokenStream, TokenTree};

use crate::edges::Source;

/// Columns of the longest line, in characters; rustfmt keeps code within 100, and leaves comments and strings alone.
pub const COLUMNS: usize = 120;

/// The lines of a file that are longer than [`COLUMNS`], one sentence each.
pub fn long_lines(source: &Source) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    let widths = lines.map(|(index, line)| (index + 1, line.chars().count()));
    let long = widths.filter(|(_, columns)| *columns > COLUMNS);
    long.map(|(line, columns)| {
        let path = &source.path;
        format!("{path}:{line}: {columns} columns, and {COLUMNS} are the most")
    })
    .collect()
}

/// The files of one crate that no `mod` names, and that cargo does not build by themselves: the compiler never sees
/// them. Paths are below the crate's folder, as `src/client/mod.rs`.
///
/// # Errors
/// When a file is not Rust.
pub fn orphans(sources: &[Source]) -> Result<Vec<String>, LexError> {
    let mut named = BTreeSet::new();
    for source in sources {
        let stream: TokenStream = source.text.parse()?;
        modules(stream, &below(&source.path), &mut named);
    }
    let paths = sources.iter().map(|source| &source.path);
    let orphans = paths.filter(|path| !is_root(path) && !named.contains(*path));
    Ok(orphans.cloned().collect())
}

/// What cargo builds by itself, where the manifest names no other place.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(
        parts[..],
        ["build.rs"]
            | ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["src", "bin", _, "main.rs"]
            | ["tests" | "examples" | "benches", _]
            | ["tests" | "examples" | "benches", _, "main.rs"]
    )
}

/// The folder that the modules of a file are in.
fn below(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if is_root(path) || name == "mod.rs" {
        return folder.to_owned();
    }
    path.trim_end_matches(".rs").to_owned()
}

/// Adds both files in which each `mod name;` of `stream` may be.
fn modules(stream: TokenStream, folder: &str, named: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for window in tokens.windows(3) {
        let [TokenTree::Ident(word), TokenTree::Ident(name), end] = window else {
            continue;
        };
        if *word != "mod" {
            continue;
        }
        let name = name.to_string();
        let name = name.trim_start_matches("r#");
        let path = format!("{folder}/{name}");
        match end {
            TokenTree::Group(body) => modules(body.stream(), &path, named),
            _ => {
                named.insert(format!("{path}.rs"));
                named.insert(format!("{path}/mod.rs"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn lines_are_measured_in_characters() {
        let text = format!(
            "{}\n{}\n//{}\n",
            "é".repeat(120),
            "x".repeat(121),
            "y".repeat(130)
        );
        assert_eq!(
            long_lines(&source("a.rs", &text)),
            [
                "a.rs:2: 121 columns, and 120 are the most",
                "a.rs:3: 132 columns, and 120 are the most",
            ]
        );
    }

    #[test]
    fn a_file_that_nothing_names_is_found() {
        let crate_of = |lib: &str, rest: &[(&str, &str)]| {
            let lib = [source("src/lib.rs", lib)];
            let rest = rest.iter().map(|(path, text)| source(path, text));
            lib.into_iter().chain(rest).collect::<Vec<_>>()
        };
        for (lib, rest, expected) in [
            ("mod a;", &[("src/a.rs", "")][..], &[][..]),
            ("pub(crate) mod a;", &[("src/a/mod.rs", "")], &[]),
            ("#[cfg(test)] mod tests;", &[("src/tests.rs", "")], &[]),
            ("mod r#type;", &[("src/type.rs", "")], &[]),
            ("mod a;", &[("src/a.rs", "mod b;"), ("src/a/b.rs", "")], &[]),
            ("mod a { mod b; }", &[("src/a/b.rs", "")], &[]),
            (
                "mod a;",
                &[("src/a/mod.rs", "mod b;"), ("src/a/b.rs", "")],
                &[],
            ),
            ("", &[("src/a.rs", "")], &["src/a.rs"]),
            ("// mod a;", &[("src/a.rs", "")], &["src/a.rs"]),
            (
                "const X: &str = \"mod a;\";",
                &[("src/a.rs", "")],
                &["src/a.rs"],
            ),
            ("mod a { }", &[("src/a.rs", "")], &["src/a.rs"]),
            (
                "mod b;",
                &[("src/a.rs", "mod b;"), ("src/a/b.rs", "")],
                &["src/a.rs"],
            ),
            (
                "mod a;",
                &[("src/a.rs", ""), ("src/x/a.rs", "")],
                &["src/x/a.rs"],
            ),
            (
                "",
                &[
                    ("build.rs", ""),
                    ("examples/a.rs", ""),
                    ("src/bin/a.rs", ""),
                ],
                &[],
            ),
            (
                "",
                &[("tests/it/main.rs", "mod a;"), ("tests/it/a.rs", "")],
                &[],
            ),
            (
                "",
                &[("tests/a.rs", "mod common;"), ("tests/common/mod.rs", "")],
                &[],
            ),
            (
                "",
                &[("tests/a.rs", ""), ("tests/common/mod.rs", "")],
                &["tests/common/mod.rs"],
            ),
        ] {
            assert_eq!(
                orphans(&crate_of(lib, rest)).unwrap(),
                expected,
                "{lib} {rest:?}"
            );
        }
    }
}
