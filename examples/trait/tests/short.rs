//! The example runs, and is as short as it is promised to be.

use std::process::Command;

#[test]
fn it_says_hello() {
    let said = Command::new(env!("CARGO_BIN_EXE_trait")).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&said.stdout),
        "Hello you\n",
        "{said:?}"
    );
}

#[test]
fn it_is_short() {
    let text = include_str!("../src/main.rs");
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 40, "{lines} lines, and 40 are promised");
    assert!(!text.contains("unwrap") && !text.contains("expect("));
}
