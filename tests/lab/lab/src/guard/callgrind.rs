//! Instructions that a program executes, counted by valgrind's callgrind.
//!
//! It needs valgrind, and says how to get it.

use std::{io, path::Path, process::Command};

use lab_common::Failure;

/// The instructions of `program` run with the arguments `calls` and `more`.
pub(super) fn instructions(program: &Path, calls: u64, more: &[&str]) -> Result<u64, Failure> {
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .arg(calls.to_string())
        .args(more)
        .output();
    let ran = match ran {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::new(
                "instructions are counted by valgrind, which is not installed: \
                 `apt-get install valgrind`, or `dnf install valgrind`",
            ));
        }
        ran => ran?,
    };
    let told = String::from_utf8_lossy(&ran.stderr);
    match collected(&told) {
        Some(instructions) if ran.status.success() => Ok(instructions),
        _ => Err(Failure::new(format!("callgrind failed:\n{told}"))),
    }
}

/// The number in callgrind's line `==123== Collected : 4567`.
fn collected(told: &str) -> Option<u64> {
    let (_, count) = told
        .lines()
        .find_map(|line| line.split_once("Collected :"))?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_callgrind_prints() {
        let told = "==7== Callgrind, a call-graph generating cache profiler\n==7== \n\
                    ==7== Events    : Ir\n==7== Collected : 2073405\n==7== \n";
        assert_eq!(collected(told), Some(2_073_405));
        assert_eq!(collected("==7== Events    : Ir"), None);
    }
}
