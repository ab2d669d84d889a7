//! A peer process: started with its order, heard line by line, killed by its id.
//!
//! Waiting for a line is bounded by the process's own lifetime, after which it ends by itself.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use lab_common::{Event, Failure, READ, Reading};
use serde::Serialize;

/// A running process. Dropping it kills it, also when the driver panics; when the driver itself is
/// killed, the process sees its standard input end.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts `binary` with `order`.
    pub(crate) fn start(binary: &Path, order: &impl Serialize) -> Result<Self, Failure> {
        let name = binary
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut child = Command::new(binary)
            .arg(serde_json::to_string(order)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::from(error).during(format!("starting {name}")))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Self {
                name,
                child,
                stdin,
                lines: BufReader::new(stdout).lines(),
            }),
            _ => Err(Failure::new(format!("{name} has no pipes"))),
        }
    }

    /// The next thing that the process tells.
    pub(crate) fn event(&mut self) -> Result<Event, Failure> {
        let line = match self.lines.next() {
            Some(line) => line?,
            None => return Err(Failure::new(format!("{} ended early", self.name))),
        };
        match serde_json::from_str(&line)? {
            Event::Failed(why) => Err(Failure::new(format!("{}: {why}", self.name))),
            event => Ok(event),
        }
    }

    /// Reads the meters of a server.
    pub(crate) fn read(&mut self) -> Result<Reading, Failure> {
        writeln!(self.stdin, "{READ}")?;
        match self.event()? {
            Event::Read(reading) => Ok(reading),
            other => Err(self.unexpected(&other)),
        }
    }

    /// The failure of a process that told `event` out of turn.
    pub(crate) fn unexpected(&self, event: &Event) -> Failure {
        Failure::new(format!("{} told {event:?} out of turn", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
