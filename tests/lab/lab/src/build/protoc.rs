//! protoc, which tonic's generator calls; ours needs none.
//!
//! It only looks whether it is there, so that its absence is told before anything is measured.

use std::{
    env,
    process::{Command, Stdio},
};

use lab_common::Failure;

/// The variable by which tonic's generator finds it elsewhere than on the path.
const PROTOC: &str = "PROTOC";

/// What protoc there is, in its own words.
///
/// # Errors
/// When there is none.
pub(crate) fn version() -> Result<String, Failure> {
    let protoc = env::var_os(PROTOC).unwrap_or_else(|| "protoc".into());
    let said = Command::new(&protoc)
        .arg("--version")
        .stderr(Stdio::null())
        .output();
    match said {
        Ok(said) if said.status.success() => {
            Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
        }
        _ => Err(Failure::new(format!(
            "tonic's generator calls protoc, and `{}` does not run: `apt-get install protobuf-compiler \
             libprotobuf-dev`, or set {PROTOC}; ours does without",
            protoc.display()
        ))),
    }
}
