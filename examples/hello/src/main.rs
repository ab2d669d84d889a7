//! Starts the server, calls it once with the client, and stops it again: `cargo run -p hello`.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

/// Where `bin/server.rs` listens.
const ADDR: &str = "127.0.0.1:50051";

/// Building is over when this runs out: the server only has to bind its port.
const START: Duration = Duration::from_secs(10);

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
    let built = cargo(&["build", "--quiet", "-p", "hello", "--bins"]).status()?;
    if !built.success() {
        return Err(io::Error::other("the example does not build"));
    }
    let mut server = Server(cargo(&["run", "--quiet", "-p", "hello", "--bin", "server"]).spawn()?);
    server.wait_until_it_listens()?;
    println!("server: listening at {ADDR}");
    let client = cargo(&["run", "--quiet", "-p", "hello", "--bin", "client"]).output()?;
    print!("client: {}", String::from_utf8_lossy(&client.stdout));
    if !client.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&client.stderr)));
    }
    Ok(())
}

/// `cargo run` becomes the program that it runs, so its process id is the program's.
fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.args(args);
    command
}

/// Stopped when dropped.
struct Server(Child);

impl Server {
    fn wait_until_it_listens(&mut self) -> io::Result<()> {
        let until = Instant::now() + START;
        while TcpStream::connect(ADDR).is_err() {
            if let Some(status) = self.0.try_wait()? {
                return Err(io::Error::other(format!("the server ended: {status}")));
            }
            if Instant::now() > until {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    format!("the server does not listen at {ADDR}"),
                ));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
