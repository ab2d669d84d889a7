//! The example with several servers, as processes that are killed, stopped and started: what that costs, and what the
//! README says one sees.
//! It refuses to look into the registry directory: who is found there is seen by who answers.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use sinew::{Channel, Status};
use tokio::sync::watch;
use tokio::task::JoinSet;

sinew::include_idl!();
use hello::v1::{HelloRequest, greeter};

const NAME: &str = "local:///hello.v1.Greeter";

/// Names the registry directory: to the example, and to the process of a test that calls.
const REGISTRY: &str = "SINEW_REGISTRY_DIR";

/// Set in the process of a test that calls: it is the one with a registry directory of its own.
const CALLS: &str = "HELLO_TEST_CALLS";

/// Callers with one call at a time, as the example has.
const CALLERS: u32 = 20;

/// How long anything may take; what is waited for takes far less.
const PATIENCE: Duration = Duration::from_secs(60);

/// A registry directory that is gone with the test.
struct Registry(PathBuf);

impl Registry {
    fn new(name: &str) -> Self {
        let name = format!("sinew-several-{name}-{}", std::process::id());
        Self(env::temp_dir().join(name))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The example, built once: `cargo test --test several` alone does not.
fn example() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let path = BUILT.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "hello", "--example", "several"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the example builds");
        let test = env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap();
        profile.join("examples/several")
    });
    let mut example = Command::new(path);
    example.env_remove("SINEW_SLOT").stdin(Stdio::null());
    example
}

/// A process, killed when it is dropped.
struct Process {
    child: Child,
    /// What it prints.
    lines: mpsc::Receiver<String>,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (print, lines) = mpsc::channel();
        thread::spawn(move || {
            out.lines()
                .map_while(Result::ok)
                .try_for_each(|line| print.send(line))
        });
        Self { child, lines }
    }

    /// One of the example's servers, at the URL that it says.
    fn server(registry: &Path) -> (Self, String) {
        let mut command = example();
        command.arg("server").env(REGISTRY, registry);
        let server = Self::start(command);
        let line = server.line();
        let said = format!("server: process {} at ", server.id());
        let url = line.strip_prefix(&said);
        let url = url.unwrap_or_else(|| panic!("{line:?}")).to_owned();
        (server, url)
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    fn line(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE);
        line.unwrap_or_else(|why| panic!("process {} prints nothing more: {why}", self.id()))
    }

    /// Waits for its end, after it was told to: what it prints ends a moment before.
    fn ended(&mut self) -> ExitStatus {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => panic!("process {} goes on", self.id()),
            }
        }
    }
}

impl Drop for Printing {
    fn drop(&mut self) {
        // Their ids are theirs for as long as the client that started them lives.
        for server in &self.servers {
            let _ = Command::new("kill")
                .args(["-KILL", &server.to_string()])
                .status();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(id: u32, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &id.to_string()])
        .status();
    assert!(sent.unwrap().success(), "kill {signal} {id}");
}

/// What became of calls.
#[derive(Default)]
struct Calls {
    /// How many each process answered.
    answered: BTreeMap<u32, u64>,
    /// Who called, and what it was told.
    failed: Vec<(u32, Status)>,
}

impl Calls {
    fn of(&self, process: &Process) -> u64 {
        self.answered.get(&process.id()).copied().unwrap_or(0)
    }

    fn all(&self) -> u64 {
        self.answered.values().sum()
    }
}

/// Callers that call without end.
struct Load {
    channel: Channel,
    calls: watch::Receiver<Calls>,
    _callers: JoinSet<()>,
}

impl Load {
    fn start() -> Self {
        let channel = Channel::to(NAME).unwrap();
        let greeter = greeter::Client::new(channel.clone());
        let (told, calls) = watch::channel(Calls::default());
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (greeter, told) = (greeter.clone(), told.clone());
            callers.spawn(async move {
                while !told.is_closed() {
                    let name = "Hello".to_owned();
                    let call = greeter.say_hello(HelloRequest { name });
                    let reply = call.wait_for_ready().await;
                    told.send_modify(|calls| match reply {
                        Ok(reply) => {
                            let by = reply.message.rsplit(' ').next().unwrap();
                            *calls.answered.entry(by.parse().unwrap()).or_default() += 1;
                        }
                        Err(status) => calls.failed.push((caller, status)),
                    });
                }
            });
        }
        Self {
            channel,
            calls,
            _callers: callers,
        }
    }

    /// Waits, call by call, until it is so.
    async fn until(&mut self, what: &str, is_so: impl FnMut(&Calls) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, self.calls.wait_for(is_so)).await;
        if waited.is_err() {
            panic!("{what} has not come about: {}", self.channel.explain());
        }
    }

    /// Waits until all of these answer, and so many more calls were answered.
    async fn go_on(&mut self, processes: &[&Process], more: u64) {
        let since = self.counts(processes);
        let all = self.calls.borrow().all();
        let is_so = |calls: &Calls| {
            let mut each = processes.iter().zip(&since);
            each.all(|(process, since)| calls.of(process) > *since) && calls.all() >= all + more
        };
        self.until("calls that go on", is_so).await;
    }

    fn counts(&self, processes: &[&Process]) -> Vec<u64> {
        let calls = self.calls.borrow();
        processes.iter().map(|process| calls.of(process)).collect()
    }

    /// The callers whose calls have failed since there were `before` of them; each has to name this endpoint.
    fn failed_at(&self, url: &str, before: usize) -> Vec<u32> {
        let calls = self.calls.borrow();
        let failed = &calls.failed[before..];
        for (_, status) in failed {
            assert_eq!(status.endpoint(), Some(url), "{status}");
        }
        failed.iter().map(|(caller, _)| *caller).collect()
    }
}

#[test]
fn a_kill_costs_the_calls_in_flight_there_and_a_signal_to_end_costs_none() {
    let test = "a_kill_costs_the_calls_in_flight_there_and_a_signal_to_end_costs_none";
    if let (Ok(_), Ok(registry)) = (env::var(CALLS), env::var(REGISTRY)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(kill_and_end(Path::new(&registry)));
    }
    // A registry directory of its own is a matter of the environment, and that of the whole process.
    let registry = Registry::new("costs");
    let mut caller = Command::new(env::current_exe().unwrap());
    caller.args(["--exact", test, "--nocapture"]);
    let caller = caller.env(REGISTRY, &registry.0).env(CALLS, "");
    assert!(caller.status().unwrap().success());
}

async fn kill_and_end(registry: &Path) {
    let (mut killed, killed_url) = Process::server(registry);
    let (mut hung, hung_url) = Process::server(registry);
    let (mut ended, _) = Process::server(registry);
    let mut load = Load::start();
    load.go_on(&[&killed, &hung, &ended], 200).await;
    assert!(
        load.failed_at("nobody", 0).is_empty(),
        "nothing has happened"
    );

    // Under load: each caller had one call in flight at most, so it loses one at most.
    signal(killed.id(), "-KILL");
    killed.ended();
    load.go_on(&[&hung, &ended], 200).await;
    let mut lost = load.failed_at(&killed_url, 0);
    let told = lost.len();
    lost.sort_unstable();
    lost.dedup();
    assert_eq!(lost.len(), told, "a caller has lost two calls");

    let (joined, _) = Process::server(registry);
    load.go_on(&[&hung, &ended, &joined], 200).await;

    // One that hangs gets no more calls, so that it is known how many are in flight there when it is killed.
    signal(hung.id(), "-STOP");
    let channel = load.channel.clone();
    let mut in_flight = 0;
    let hangs = |_: &Calls| {
        let explanation = channel.explain();
        let mut endpoints = explanation.endpoints().iter();
        let is_hung =
            endpoints.find(|endpoint| endpoint.name() == hung_url && endpoint.state() == "hung");
        in_flight = is_hung.map_or(0, |endpoint| endpoint.in_flight());
        is_hung.is_some()
    };
    load.until("a server that is seen to hang", hangs).await;
    assert!(in_flight > 0, "only who owes answers is doubted");
    signal(hung.id(), "-KILL");
    hung.ended();
    let is_over = |calls: &Calls| calls.failed.len() == told + in_flight as usize;
    load.until("the end of its calls", is_over).await;
    load.go_on(&[&ended, &joined], 200).await;
    assert_eq!(load.failed_at(&hung_url, told).len(), in_flight as usize);

    let told = told + in_flight as usize;
    signal(ended.id(), "-TERM");
    assert!(ended.ended().success());
    load.go_on(&[&joined], 200).await;
    assert!(
        load.failed_at("nobody", told).is_empty(),
        "it was told to end"
    );
}

#[test]
fn the_example_prints_what_the_readme_says() {
    let registry = Registry::new("prints");
    let mut command = example();
    command.env(REGISTRY, &registry.0);
    let mut client = Printing::start(command);
    let mut second = client.next();
    while second.answered.len() < 3 {
        assert_eq!(second.failed, 0, "{second:?}");
        second = client.next();
    }
    let servers = client.servers.clone();
    assert_eq!(servers.len(), 3);

    signal(servers[0], "-KILL");
    let mut failed = 0;
    while second.answered.contains_key(&servers[0]) || second.failed > 0 {
        let is_explained = second.failed > 0;
        second = client.next();
        failed += second.failed;
        let explains = second.others.iter().any(|line| line.starts_with(NAME));
        assert_eq!(explains, is_explained, "{second:?}");
    }
    assert!(failed <= u64::from(CALLERS), "{failed} calls failed");

    let (joined, _) = Process::server(&registry.0);
    while !second.answered.contains_key(&joined.id()) {
        second = client.next();
        assert_eq!(second.failed, 0, "{second:?}");
    }

    signal(servers[1], "-TERM");
    let end = format!("server: process {} has ended", servers[1]);
    let mut said = Vec::new();
    while second.answered.contains_key(&servers[1]) || !said.contains(&end) {
        second = client.next();
        assert_eq!(second.failed, 0, "{second:?}");
        said.append(&mut second.others);
    }
    assert_eq!(second.answered.len(), 2, "{second:?}");
}

#[test]
fn the_servers_end_with_the_client_that_started_them() {
    for how in ["-TERM", "-KILL"] {
        let registry = Registry::new(&format!("ends{how}"));
        let mut command = example();
        command.env(REGISTRY, &registry.0);
        let mut client = Printing::start(command);
        while client.servers.len() < 3 {
            client.next();
        }
        signal(client.client.id(), how);
        // They print where it does: only when all are gone, nothing more can come.
        assert!(!client.client.ended().success());
        client.servers.clear();
    }
}

/// The example's client, and the servers that it has started.
struct Printing {
    client: Process,
    /// They end with it; a test that fails leaves none even where they do not.
    servers: Vec<u32>,
}

/// What it prints in a second.
#[derive(Debug, Default)]
struct Second {
    /// How many calls each process answered.
    answered: BTreeMap<u32, u64>,
    failed: u64,
    /// Whatever else was printed since the last one: what it says of the calls that had failed then.
    others: Vec<String>,
}

impl Printing {
    fn start(command: Command) -> Self {
        let client = Process::start(command);
        let servers = Vec::new();
        Self { client, servers }
    }

    /// The next second.
    fn next(&mut self) -> Second {
        let mut second = Second::default();
        loop {
            let line = self.client.line();
            let said = line.strip_prefix("client: ").unwrap_or_default();
            if let Some((calls, by)) = said.split_once(" × Hello, from process ") {
                let (calls, by) = (calls.trim().parse().unwrap(), by.parse().unwrap());
                second.answered.insert(by, calls);
            } else if let Some(failed) = said.strip_suffix(" failed") {
                second.failed = failed.parse().unwrap();
                return second;
            } else if let Some((id, _)) = line
                .strip_prefix("server: process ")
                .and_then(|server| server.split_once(" at "))
            {
                self.servers.push(id.parse().unwrap());
            } else {
                second.others.push(line);
            }
        }
    }
}
