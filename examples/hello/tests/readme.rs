//! Hello is what the README shows, and as short as it promises.
//! It refuses to judge the format: `cargo fmt --all --check` does, and these files are under it.

use std::fs;
use std::path::{Path, PathBuf};

const README: &str = include_str!("../../../README.md");
const SERVER: &str = include_str!("../src/bin/server.rs");
const CLIENT: &str = include_str!("../src/bin/client.rs");

fn hello() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn the_readme_shows_the_files() {
    let proto = fs::read_to_string(hello().join("proto/hello/v1/hello.proto")).unwrap();
    let build = fs::read_to_string(hello().join("build.rs")).unwrap();
    let manifest = fs::read_to_string(hello().join("Cargo.toml")).unwrap();
    let needs = manifest.find("[dependencies]").unwrap();
    let needs = manifest[needs..].split("\n\n[dev-").next().unwrap();
    for (language, name, text) in [
        ("proto", "hello.proto", &*proto),
        ("rust", "build.rs", &*build),
        ("toml", "the dependencies", needs),
        ("rust", "the server", SERVER),
        ("rust", "the client", CLIENT),
    ] {
        let block = format!("```{language}\n{}\n```", text.trim_end());
        assert!(README.contains(&block), "{name} should be\n{block}");
    }
}

#[test]
fn hello_is_short_and_unwraps_nothing() {
    for (name, text, most) in [("server", SERVER, 13), ("client", CLIENT, 10)] {
        let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(
            lines <= most,
            "the {name} has {lines} lines, and {most} are promised"
        );
        for word in ["unwrap", "expect("] {
            assert!(!text.contains(word), "the {name} has an {word}");
        }
    }
}
