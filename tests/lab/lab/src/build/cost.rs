//! What a process costs: wall time, CPU time and peak memory, with all that it starts and waits for.
//!
//! It takes a command that is ready to run, and knows nothing of what it does.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use lab_common::Failure;
use wait4::Wait4;

use crate::{cores::available, noise::Machine};

/// How much of what a failed process said is shown.
const SHOWN: usize = 2_000;

/// What a process cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// The largest resident set, in bytes, of any one process among them.
    pub(crate) peak: u64,
    /// The share of the machine that others used, where the system tells.
    pub(crate) others: Option<f64>,
}

/// What a process said.
#[derive(Debug)]
pub(crate) struct Said {
    /// On its standard output.
    pub(crate) out: String,
    /// On its standard error.
    pub(crate) err: String,
}

/// Runs `command` to its end; `log` is the file that takes its standard error.
///
/// # Errors
/// When it cannot be started, or fails; the end of what it said is then part of the failure.
pub(crate) fn run(command: &mut Command, log: &Path) -> Result<(Cost, Said), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let machine = Machine::read();
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(log)?)
        .spawn()
        .map_err(|error| Failure::from(error).during(format!("starting {name}")))?;
    let mut out = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut out)?;
    }
    let used = child.wait4()?;
    let wall = began.elapsed();
    let err = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    if !used.status.success() {
        return Err(Failure::new(format!(
            "{name} failed ({}):\n{}\n{}",
            used.status,
            end(&out),
            end(&err)
        )));
    }
    let cpu = used.rusage.utime + used.rusage.stime;
    let others = machine
        .zip(Machine::read())
        .and_then(|(before, after)| before.others_since(after, cpu, wall, available().len()));
    let cost = Cost {
        wall,
        cpu,
        peak: used.rusage.maxrss,
        others,
    };
    Ok((cost, Said { out, err }))
}

/// The last lines of `text`.
fn end(text: &str) -> &str {
    let start = text.len().saturating_sub(SHOWN);
    let start = (start..text.len()).find(|start| text.is_char_boundary(*start));
    start.map_or("", |start| &text[start..]).trim()
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    fn shell(line: &str, name: &str) -> Result<(Cost, Said), Failure> {
        let log = env::temp_dir().join(format!("lab-cost-{}-{name}", std::process::id()));
        let ran = run(Command::new("sh").args(["-c", line]), &log);
        let _ = fs::remove_file(log);
        ran
    }

    #[test]
    fn counts_what_children_use_and_keeps_what_is_said() {
        let busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
        let (cost, said) = shell(&format!("sh -c '{busy}'; echo out; echo err >&2"), "busy")
            .unwrap_or_else(|failure| panic!("{failure}"));
        assert!(cost.cpu > Duration::from_millis(1), "{cost:?}");
        assert!(cost.peak > 100_000, "{cost:?}");
        assert_eq!((said.out.trim(), said.err.trim()), ("out", "err"));
    }

    #[test]
    fn a_failure_tells_what_was_said() {
        let failure = shell("echo it is broken >&2; exit 3", "fails").err();
        let line = failure
            .map(|failure| failure.to_string())
            .unwrap_or_default();
        assert!(line.contains("it is broken"), "{line}");
    }
}
