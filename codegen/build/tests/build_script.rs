//! A crate whose `build.rs` calls us, built by cargo as a user's is: what is wrong is seen, and only what changed is done again.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const GOOD: &str = "syntax = \"proto3\";\npackage good;\nmessage Fine {}\n";

/// A crate of its own in a fresh folder; all of them share what they depend on.
struct Fixture {
    folder: PathBuf,
}

impl Fixture {
    fn new(name: &str, script: &str) -> Self {
        let folder = tmp().join("build-script").join(name);
        let _ = fs::remove_dir_all(&folder);
        let us = Path::new(env!("CARGO_MANIFEST_DIR"));
        let fixture = Self { folder };
        fixture.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                 [build-dependencies]\nsinew-build = {{ path = {us:?} }}\n[workspace]\n"
            ),
        );
        fixture.write("build.rs", &format!("fn main() {{ {script} }}\n"));
        fixture.write("src/lib.rs", "");
        // The versions that this workspace was built with are there without a network.
        fs::copy(
            us.join("../../Cargo.lock"),
            fixture.folder.join("Cargo.lock"),
        )
        .unwrap();
        fixture
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn build(&self, variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO"))
            .args(["build", "--offline", "-v", "--color=never"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", tmp().join("build-script-target"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env_remove("CI")
            .env_remove("SINEW_CHECK")
            .env_remove("SINEW_DIAG")
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }
}

fn tmp() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

#[track_caller]
fn assert_built(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

#[track_caller]
fn assert_failed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "built nevertheless:\n{text}");
    text
}

#[test]
fn every_broken_file_is_an_error_line_of_cargo() {
    let fixture = Fixture::new("broken", "sinew_build::compile(\"proto\");");
    fixture.write(
        "proto/a.proto",
        "syntax = \"proto3\";\npackage a;\nmessage A { Missing m = 1; }\n",
    );
    fixture.write(
        "proto/b/b.proto",
        "syntax = \"proto3\";\nimport \"nowhere.proto\";\n",
    );
    fixture.write("proto/c.proto", "edition = \"2023\";\n");
    fixture.write("proto/good.proto", GOOD);

    let text = assert_failed(&fixture.build(&[]));
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("error: broken@"))
        .collect();
    let starts = [
        "error: broken@0.1.0: proto/a.proto:3:13: M",
        "error: broken@0.1.0: proto/b/b.proto:2:8: M",
        "error: broken@0.1.0: proto/c.proto:1:1: M0301 ",
        "error: broken@0.1.0: with the lines of the sources: /",
    ];
    assert_eq!(lines.len(), starts.len(), "{text}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(!text.contains("panicked"), "{text}");
    let last = "/out/sinew-diagnostics.txt, or build with SINEW_DIAG=full";
    assert!(lines[3].ends_with(last), "{}", lines[3]);

    let builds = fs::read_dir(tmp().join("build-script-target/debug/build")).unwrap();
    let reports = builds
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("build/broken-"))
        .filter_map(|path| fs::read_to_string(path.join("out/sinew-diagnostics.txt")).ok());
    let report: String = reports.collect();
    assert!(report.contains("message A { Missing m = 1; }"), "{report}");

    let text = assert_failed(&fixture.build(&[("SINEW_DIAG", "full")]));
    assert!(
        text.contains("3 | message A { Missing m = 1; }"),
        "no full report:\n{text}"
    );
}

#[test]
fn the_script_runs_again_only_for_a_reason() {
    let fixture = Fixture::new("again", "sinew_build::compile(\"proto\");");
    fixture.write("proto/good.proto", GOOD);
    assert_built(&fixture.build(&[]));
    let text = assert_built(&fixture.build(&[]));
    assert!(text.contains("Fresh again v0.1.0"), "{text}");

    // A new file, which no path that cargo was told of names.
    fixture.write(
        "proto/deep/new.proto",
        "syntax = \"proto3\";\npackage new;\nmessage { }\n",
    );
    let text = assert_failed(&fixture.build(&[]));
    assert!(text.contains("proto/deep/new.proto:3:9: M"), "{text}");

    fs::remove_file(fixture.folder.join("proto/deep/new.proto")).unwrap();
    assert_built(&fixture.build(&[]));
}

#[test]
fn committed_code_is_written_at_home_and_only_compared_in_ci() {
    let script = "sinew_build::Config::new(\"proto\").check_in(\"src/gen\").compile();";
    let fixture = Fixture::new("committed", script);
    fixture.write("proto/good.proto", GOOD);
    for ci in [("CI", "true"), ("SINEW_CHECK", "1")] {
        let text = assert_failed(&fixture.build(&[ci]));
        assert!(
            text.contains("M0404 src/gen/sinew.rs is not what the IDL gives"),
            "{text}"
        );
        assert!(!fixture.folder.join("src/gen").exists());
    }
    assert_built(&fixture.build(&[]));
    fixture.write("src/lib.rs", "include!(\"gen/sinew.rs\");");
    assert!(
        fs::read_to_string(fixture.folder.join("src/gen/sinew/good.rs"))
            .unwrap()
            .contains("pub struct Fine")
    );

    fixture.write(
        "proto/good.proto",
        &GOOD.replace("package good", "package better"),
    );
    let text = assert_failed(&fixture.build(&[("CI", "true")]));
    assert!(
        text.contains("M0404 src/gen/sinew/good.rs belongs to no package"),
        "{text}"
    );
    assert!(
        text.contains("M0404 src/gen/sinew/better.rs is not what"),
        "{text}"
    );
    fixture.build(&[("CI", "true"), ("SINEW_CHECK", "0")]);
    assert!(!fixture.folder.join("src/gen/sinew/good.rs").exists());
    assert!(fixture.folder.join("src/gen/sinew/better.rs").exists());
}
