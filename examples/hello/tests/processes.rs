//! Runs the server and the client of the README as they are: two processes, and the port that they name.
//! It refuses to share that port: whoever has it is asked to stop.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

const ADDR: &str = "127.0.0.1:50051";

/// How often the server's port is tried, and the pause between: at least 30 s, for a process to start on a busy
/// machine.
///
/// The server prints nothing, being as short as it can: that its port takes a connection is the only sign that it is
/// there, and nothing tells another process of that. So it is asked, a bounded number of times; the pause leaves the
/// core to the server, and nothing depends on its length.
const TRIES: u32 = 1500;
const PAUSE: Duration = Duration::from_millis(20);

/// One at a time on this machine: tests of another checkout need the same port. Given back when the file is closed.
fn turn() -> Option<File> {
    // Where the file belongs to another user, the check of the port says what there is to say.
    let file = File::create(std::env::temp_dir().join("sinew-hello.lock")).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// Killed when dropped.
struct Server(Child);

impl Server {
    fn start() -> Self {
        if let Err(error) = TcpListener::bind(ADDR) {
            panic!(
                "hello needs {ADDR}, which is taken ({error}): stop what listens there and run the tests again"
            );
        }
        let server = Command::new(env!("CARGO_BIN_EXE_server"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self(server);
        for _ in 0..TRIES {
            if TcpStream::connect(ADDR).is_ok() {
                return server;
            }
            let ended = server.0.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}");
            thread::sleep(PAUSE);
        }
        panic!("the server does not listen at {ADDR}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn client() -> Output {
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"));
    client.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn the_client_prints_what_the_server_replies() {
    let _turn = turn();
    let server = Server::start();
    for _ in 0..2 {
        let said = client();
        assert_eq!(
            String::from_utf8_lossy(&said.stdout),
            "Hello you\n",
            "{said:?}"
        );
        assert!(said.status.success(), "{said:?}");
    }
    drop(server);

    let said = client();
    let why = String::from_utf8_lossy(&said.stderr);
    assert!(!said.status.success() && said.stdout.is_empty(), "{said:?}");
    assert!(
        why.contains(ADDR),
        "a client without a server names the address:\n{why}"
    );
}
