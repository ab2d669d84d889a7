//! Starts the server, calls it once with the client, and stops it again: `cargo run -p hello`.

use std::env;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode};
use std::thread;
use std::time::Duration;

/// Where `bin/server.rs` listens.
const ADDR: &str = "127.0.0.1:50051";

/// How often the server's port is tried, and the pause between: 10 s, and the server is built by then.
///
/// The server prints nothing, being as short as it can: that its port takes a connection is the only sign that it is
/// there, and nothing tells another process of that. So it is asked, a bounded number of times; the pause leaves the
/// core to the server, and nothing depends on its length.
const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hello: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    if TcpStream::connect(ADDR).is_ok() {
        return Err(io::Error::new(
            ErrorKind::AddrInUse,
            format!("somebody listens at {ADDR} already; stop that first"),
        ));
    }
    // `cargo run` has built this program alone.
    let mut build = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    build.args(["build", "--quiet", "-p", "hello", "--bins"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    if !build.status()?.success() {
        return Err(io::Error::other("the example does not build"));
    }
    let mut server = Server(program("server")?.spawn()?);
    server.wait_until_it_listens()?;
    println!("server: listening at {ADDR}");
    let client = program("client")?.output()?;
    print!("client: {}", String::from_utf8_lossy(&client.stdout));
    if !client.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&client.stderr)));
    }
    Ok(())
}

/// A program of this example, which lies beside this one.
fn program(name: &str) -> io::Result<Command> {
    let beside = env::current_exe()?.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    Ok(Command::new(beside))
}

/// Stopped when dropped.
struct Server(Child);

impl Server {
    fn wait_until_it_listens(&mut self) -> io::Result<()> {
        for _ in 0..TRIES {
            if TcpStream::connect(ADDR).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.0.try_wait()? {
                return Err(io::Error::other(format!("the server ended: {status}")));
            }
            thread::sleep(PAUSE);
        }
        Err(io::Error::new(
            ErrorKind::TimedOut,
            format!("the server does not listen at {ADDR}"),
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
