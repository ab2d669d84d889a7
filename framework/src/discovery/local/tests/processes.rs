//! Owners that are processes of their own, and die as processes do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;

/// Says to a process of this test's binary which directory to keep records in.
const CHILD: &str = "SINEW_TEST_LOCAL_CHILD";

/// Not a test by itself: what [`Owner`] runs.
#[test]
fn child() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let mut records = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        records.push(Record::publish(Path::new(&dir), &instance(&line)).unwrap());
        let mut out = std::io::stdout();
        writeln!(out, "\npublished {line}").unwrap();
        out.flush().unwrap();
    }
}

/// Says to a process of this test's binary to serve.
const SERVER: &str = "SINEW_TEST_LOCAL_SERVER";

/// Not a test by itself: a server as users write it, in the directory that its environment names.
#[test]
fn server() {
    if std::env::var(SERVER).is_err() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = crate::Server::new().register("local:///shop.v1.Cart");
    runtime.block_on(server.serve("127.0.0.1:0")).unwrap();
}

/// A process that keeps records.
struct Owner {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Owner {
    fn new(dir: &Path) -> Self {
        let mut child = run("processes::child")
            .env(CHILD, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    fn publish(&mut self, id: &str) {
        writeln!(self.child.stdin.as_ref().unwrap(), "{id}").unwrap();
        let want = format!("published {id}");
        let mut line = String::new();
        while line.trim_end() != want {
            line.clear();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "it ended");
        }
    }

    fn signal(&mut self, signal: &str) {
        if signal == "-KILL" {
            // Without a process for it, which takes longer than what is measured.
            self.child.kill().unwrap();
        } else {
            send(&self.child, signal);
        }
    }
}

/// One of the functions that are no tests, in a process of its own.
pub(super) fn run(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = format!("discovery::local::tests::{name}");
    command.args(["--exact", &name, "--nocapture"]);
    command
}

fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success());
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process that ends with the test, however that does.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_is_gone_at_once() {
    let folder = Folder::new();
    let dir = folder.service();
    let mut directory = folder.directory();
    let _stays = Record::publish(&dir, &instance("stays")).unwrap();
    for (id, signal) in [("a-dies", "-KILL"), ("b-dies", "-TERM")] {
        let mut owner = Owner::new(&dir);
        owner.publish(id);
        until(&mut directory, &format!("{id} stays")).await;
        owner.signal(signal);
        until(&mut directory, "stays").await;
        // Its file is left: it is garbage.
        assert!(dir.join(format!("{id}.json")).exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_end_is_gone_when_it_ends() {
    let folder = Folder::new();
    let mut directory = folder.directory();
    let mut child = run("processes::server")
        .env(SERVER, "")
        .env(place::VARIABLE, folder.path())
        .env_remove("SINEW_SLOT")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    rest_at(&mut directory, 1).await;
    let found = Arc::clone(&directory.current().members[0].instance);
    assert_eq!((found.slot(), found.weight()), ("0", 100));
    assert!(
        tokio::net::TcpStream::connect(found.address())
            .await
            .is_ok()
    );
    send(&child, "-TERM");
    let ended = tokio::task::spawn_blocking(move || child.wait());
    assert!(ended.await.unwrap().unwrap().success());
    assert_eq!(fs::read_dir(folder.service()).unwrap().count(), 0);
}

/// What was forked has the lock, too: here it is a descriptor that a child was given.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_and_leaves_a_child_with_the_lock_lives_until_the_child_ends() {
    let folder = Folder::new();
    let dir = folder.service();
    let mut directory = folder.directory();
    let _stays = Record::publish(&dir, &instance("stays")).unwrap();
    let record = Record::publish(&dir, &instance("forks")).unwrap();
    until(&mut directory, "forks stays").await;
    let child = Command::new("sleep")
        .arg("1000")
        .stdin(Stdio::from(record.descriptor()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = Ended(child.unwrap());
    record.forget();
    assert_eq!(look(&dir), "forks stays");
    drop(child);
    until(&mut directory, "stays").await;
}

/// How often it is measured, where this is set; the test alone needs little.
const TIMES: &str = "SINEW_TEST_TIMES";

/// Prints how long it takes until what happens to one of a thousand is seen (`--nocapture`).
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_are_found_and_one_of_them_is_seen_to_come_and_die() {
    const KEPT: usize = 1000;
    let times = std::env::var(TIMES).map_or(3, |times| times.parse().unwrap());
    let folder = Folder::new();
    let dir = folder.service();
    let mut directory = folder.directory();
    let _kept: Vec<_> = (0..KEPT)
        .map(|n| Record::publish(&dir, &instance(&format!("kept-{n}"))).unwrap())
        .collect();
    let (mut came, mut died) = (Vec::new(), Vec::new());
    for time in 0..times {
        let mut owner = Owner::new(&dir);
        rest(&mut directory, KEPT).await;
        let before = Instant::now();
        // Each process has an id of its own.
        let id = format!("one-{time}");
        owner.publish(&id);
        rest_at(&mut directory, KEPT + 1).await;
        came.push(before.elapsed());
        rest(&mut directory, KEPT + 1).await;
        let before = Instant::now();
        owner.signal(if time % 2 == 0 { "-KILL" } else { "-TERM" });
        rest_at(&mut directory, KEPT).await;
        died.push(before.elapsed());
        drop(owner);
    }
    for (what, seen) in [("published", &mut came), ("died", &mut died)] {
        seen.sort();
        let at = |part: usize| seen[(seen.len() * part / 100).min(seen.len() - 1)];
        let (half, tail, most) = (at(50), at(99), at(100));
        println!(
            "{what}: seen after {half:?} (p50), {tail:?} (p99), {most:?} at most; {times} times"
        );
        assert!(most < Duration::from_secs(5), "{what}: {most:?}");
    }
}

/// Waits until there are so many.
async fn rest_at(directory: &mut Directory, count: usize) {
    let waiting = async {
        while directory.current().members.len() != count {
            directory.changed().await;
        }
    };
    let found = timeout(Duration::from_secs(20), waiting).await;
    assert!(
        found.is_ok(),
        "{count}, not {}",
        directory.current().members.len()
    );
}

/// Waits until there are so many, and have been long enough that the next change is told at once.
async fn rest(directory: &mut Directory, count: usize) {
    rest_at(directory, count).await;
    let quiet = Duration::from_millis(120);
    while timeout(quiet, directory.changed()).await.is_ok() {}
    rest_at(directory, count).await;
}
