//! Holds the README and the front page of the runtime's documentation to code that compiles and runs:
//! each of their blocks stands in a file below `examples/`, line by line.
//! It refuses to compile anything itself.

use std::fs;
use std::path::{Path, PathBuf};

const PAGES: [&str; 2] = ["README.md", "framework/src/docs/front.md"];

/// Languages of blocks that are code of ours; the others (`sh`, `text`) are for people.
const CODE: [&str; 3] = ["rust", "proto", "toml"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A block of code: where it begins, and its lines without the indentation that they share.
struct Block {
    place: String,
    lines: Vec<String>,
}

fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let body = lines.by_ref().map(|(_, line)| line);
        let body: Vec<&str> = body.take_while(|line| line.trim_start() != "```").collect();
        if CODE.contains(&language.split(',').next().unwrap_or_default()) {
            found.push(Block {
                place: format!("{page}:{}", number + 1),
                lines: dedented(&body),
            });
        }
    }
    found
}

fn dedented(lines: &[&str]) -> Vec<String> {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let shared = filled.map(indent).min().unwrap_or(0);
    let cut = |line: &&str| line.get(shared..).unwrap_or_default().trim_end().to_owned();
    lines.iter().map(cut).collect()
}

/// Does a run of the lines of `file` equal the block, indentation of the whole aside?
fn contains(file: &str, block: &[String]) -> bool {
    let lines: Vec<&str> = file.lines().collect();
    lines
        .windows(block.len())
        .any(|window| dedented(window) == block)
}

/// All files below `folder`, as text.
fn texts(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(texts(&path));
        } else {
            found.extend(fs::read_to_string(&path));
        }
    }
    found
}

#[test]
fn every_block_of_code_stands_in_an_example() {
    let files = texts(&root().join("examples"));
    for page in PAGES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let blocks = blocks(page, &text);
        assert!(!blocks.is_empty(), "{page} shows no code");
        for block in blocks {
            assert!(
                files.iter().any(|file| contains(file, &block.lines)),
                "{}: no file of examples/ has these lines:\n{}",
                block.place,
                block.lines.join("\n")
            );
        }
    }
}

#[test]
fn a_changed_line_is_found() {
    let file = "fn f() {\n    one();\n\n    if two() {\n        three();\n    }\n}\n";
    let page = |code: &str| format!("text\n```rust,ignore\n{code}\n```\n```sh\nls\n```\n");
    for (code, stands) in [
        ("one();\n\nif two() {\n    three();\n}", true),
        ("    three();", true),
        ("one();\nif two() {", false),
        ("one();\n\nif two() {\nthree();\n}", false),
        ("one(1);", false),
    ] {
        let blocks = blocks("page", &page(code));
        assert_eq!(blocks.len(), 1, "{code}");
        assert_eq!(blocks[0].place, "page:2");
        assert_eq!(contains(file, &blocks[0].lines), stands, "{code}");
    }
}
