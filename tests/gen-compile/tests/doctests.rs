//! No comment of an IDL becomes a test of the crate that includes what is generated from it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::process::Command;

#[test]
fn there_are_none() {
    let package = env!("CARGO_PKG_NAME");
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--doc", "-p", package, "--", "--list"])
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{err}");
    assert!(out.contains("0 tests, 0 benchmarks"), "{out}");
}
