//! Three servers and a client that finds them, with nothing else running: `cargo run -p hello --example several`.
//! One more server: `cargo run -p hello --example several server`. Stop servers by their process ids, with `kill` or
//! `kill -9`, start others, and see who answers.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

sinew::include_idl!();
use hello::v1::{Greeter, HelloReply, HelloRequest, greeter};

/// Where the servers are found: a directory of this machine, which the service names.
const NAME: &str = "local:///hello.v1.Greeter";

/// Callers, each with one call at a time.
const CALLERS: usize = 20;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    if std::env::args().nth(1).as_deref() == Some("server") {
        return serve().await;
    }
    let _servers = Servers::start(3)?;
    call().await
}

struct Hello;

impl Greeter for Hello {
    async fn say_hello(&self, _: &sinew::Context, req: HelloRequest) -> sinew::Result<HelloReply> {
        tokio::time::sleep(Duration::from_millis(5)).await; // work
        let message = format!("{}, from process {}", req.name, std::process::id());
        Ok(HelloReply { message })
    }
}

async fn serve() -> Result<(), Error> {
    let server = sinew::Server::new()
        .add(greeter::server(Hello))
        .register("local:///");
    let bound = server.bind("127.0.0.1:0").await?; // any free port: it is found by its name
    println!("server: process {} at {}", std::process::id(), bound.url());
    bound.serve().await?;
    println!("server: process {} has ended", std::process::id());
    Ok(())
}

async fn call() -> Result<(), Error> {
    let channel = sinew::Channel::to(NAME)?;
    let greeter = greeter::Client::new(channel.clone());
    let counts = Arc::new(Mutex::new(Counts::default()));
    for _ in 0..CALLERS {
        let (greeter, counts) = (greeter.clone(), Arc::clone(&counts));
        tokio::spawn(async move {
            loop {
                let name = "Hello".to_owned();
                let call = greeter.say_hello(HelloRequest { name });
                let reply = call.wait_for_ready().await; // while nobody is there, for 10 s at most
                let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                match reply {
                    Ok(reply) => *counts.by.entry(reply.message).or_default() += 1,
                    Err(status) => counts.failed.push(status.to_string()),
                }
            }
        });
    }
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.tick().await;
    loop {
        second.tick().await;
        let counts = {
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *counts)
        };
        for (who, calls) in &counts.by {
            println!("client: {calls:>5} × {who}");
        }
        println!("client: {} failed", counts.failed.len());
        if let Some(first) = counts.failed.first() {
            println!("client: such as {first}\n{}", channel.explain());
        }
    }
}

/// Who answered within a second.
#[derive(Default)]
struct Counts {
    by: BTreeMap<String, u32>,
    failed: Vec<String>,
}

/// Processes that end with this one.
struct Servers(Vec<Child>);

impl Servers {
    fn start(count: usize) -> std::io::Result<Self> {
        let mut servers = Self(Vec::new());
        for _ in 0..count {
            let mut server = Command::new(std::env::current_exe()?);
            let started = server.arg("server").stdin(Stdio::null()).spawn()?;
            servers.0.push(started);
        }
        Ok(servers)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &mut self.0 {
            // It may have ended before.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
