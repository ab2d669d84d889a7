use std::error::Error;
use std::io::{ErrorKind, IoSlice};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, UnixListener};

use super::error::Cause;
use super::error::{Failure, Tried};
use super::*;

const BUDGET: Duration = Duration::from_secs(5);

fn target(text: &str) -> Target {
    text.parse().unwrap()
}

/// A folder of this test alone, removed at its end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sinew-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn socket(&self, name: &str) -> Target {
        Target::Unix(self.0.join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn errors_name_target_addresses_cause_and_what_to_do() {
    let tcp = target("http://cart:50051");
    let unix = target("unix:/run/cart.sock");
    let io = |kind: ErrorKind| Failure::Io(kind.into());
    let tried = |failures: Vec<Failure>| Cause::Addresses {
        tried: (1..)
            .zip(failures)
            .map(|(i, failure)| Tried {
                address: ([10, 0, 0, i], 50051).into(),
                failure,
            })
            .collect(),
        untried: 0,
    };
    let refused = "connection refused (is a server listening there?)";
    let cases = [
        (
            &tcp,
            tried(vec![io(ErrorKind::ConnectionRefused)]),
            format!("10.0.0.1:50051: {refused}"),
        ),
        (
            &tcp,
            tried(vec![
                io(ErrorKind::ConnectionRefused),
                Failure::Timeout(Duration::from_millis(1250)),
                io(ErrorKind::ConnectionRefused),
            ]),
            format!(
                "10.0.0.1:50051: {refused}; 10.0.0.2:50051: no answer within 1.25s (is the \
                 address right, and does no firewall drop the packets?); 10.0.0.3:50051: \
                 connection refused"
            ),
        ),
        (
            &tcp,
            tried(vec![io(ErrorKind::NetworkUnreachable)]),
            "10.0.0.1:50051: unreachable (has this machine a route to it?)".into(),
        ),
        (
            &tcp,
            tried(vec![Failure::Io(io::Error::from_raw_os_error(24))]),
            "10.0.0.1:50051: Too many open files (os error 24) (raise the limit of open files of \
             this process: ulimit -n)"
                .into(),
        ),
        (
            &tcp,
            Cause::Addresses {
                tried: vec![Tried {
                    address: ([10, 0, 0, 1], 1).into(),
                    failure: Failure::Io(io::Error::other("odd")),
                }],
                untried: 3,
            },
            "10.0.0.1:1: odd; 3 more addresses were not tried".into(),
        ),
        (
            &tcp,
            tried(vec![]),
            "its name is known, but has no address".into(),
        ),
        (
            &tcp,
            Cause::Lookup(io::Error::other("no such host")),
            "name not found: no such host (is it spelt right, and known to DNS or /etc/hosts \
             here?)"
                .into(),
        ),
        (
            &tcp,
            Cause::LookupTimeout(BUDGET),
            "its name was not looked up within the connect budget of 5s (does the resolver in \
             /etc/resolv.conf answer?)"
                .into(),
        ),
        (
            &unix,
            Cause::Socket(io(ErrorKind::NotFound)),
            "no such socket file (has the server been started, and with this path?)".into(),
        ),
        (
            &unix,
            Cause::Socket(io(ErrorKind::PermissionDenied)),
            "permission denied (this process has to be allowed to write the socket file and to \
             enter its folders)"
                .into(),
        ),
        (
            &unix,
            Cause::Socket(io(ErrorKind::ConnectionRefused)),
            "connection refused (the file is there, but no server listens on it: was it left by \
             one that died?)"
                .into(),
        ),
        (
            &tcp,
            Cause::CustomTimeout(BUDGET),
            "the channel's own connector did not finish within the connect budget of 5s".into(),
        ),
    ];
    for (target, cause, expected) in cases {
        let error = ConnectError::new(target, cause);
        assert_eq!(
            error.to_string(),
            format!("cannot connect to {target}: {expected}")
        );
    }
}

#[tokio::test]
async fn tcp_is_connected_and_carries_vectored_writes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let mut stream = Connector::default()
        .connect(&target(&url), BUDGET)
        .await
        .unwrap();
    let (mut far, _) = listener.accept().await.unwrap();

    assert!(stream.is_write_vectored());
    let slices = [IoSlice::new(b"two "), IoSlice::new(b"parts")];
    assert_eq!(stream.write_vectored(&slices).await.unwrap(), 9);
    stream.shutdown().await.unwrap();
    let mut got = String::new();
    far.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "two parts");
    far.write_all(b"back").await.unwrap();
    drop(far);
    got.clear();
    stream.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "back");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused_by_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let target = target(&format!("http://{address}"));
    let error = Connector::default()
        .connect(&target, BUDGET)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to {target}: {address}: connection refused (is a server listening \
             there?)"
        )
    );
    assert_eq!(error.target(), &target);
    assert!(error.source().is_some());
}

#[tokio::test]
async fn unix_sockets_are_connected_and_their_faults_told_apart() {
    let folder = Folder::new("connect");
    let live = folder.socket("live");
    let Target::Unix(path) = &live else {
        unreachable!()
    };
    let listener = UnixListener::bind(path).unwrap();
    let mut stream = Connector::default().connect(&live, BUDGET).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    drop(stream);
    let mut got = String::new();
    far.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "hello");

    drop(listener);
    for (target, expected) in [
        (live, "no server listens on it"),
        (folder.socket("none"), "no such socket file"),
    ] {
        let error = Connector::default()
            .connect(&target, BUDGET)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// Hands out one end of a pipe, or asks the sockets, or hangs.
enum Odd {
    Pipe,
    Sockets,
    Fails,
    Hangs,
}

impl Connect for Odd {
    type Io = DuplexStream;

    async fn connect(&self, target: &Target) -> io::Result<DuplexStream> {
        match self {
            Self::Pipe => Ok(duplex(64).0),
            Self::Sockets => SocketConnector::new()
                .budget(BUDGET)
                .connect(target)
                .await
                .map(|_| duplex(64).0),
            Self::Fails => Err(io::Error::other("no tunnel")),
            Self::Hangs => std::future::pending().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_custom_connector_is_used_bounded_and_explained() {
    let folder = Folder::new("custom");
    let nowhere = folder.socket("none");
    let stream = Connector::custom(Odd::Pipe)
        .connect(&nowhere, BUDGET)
        .await
        .unwrap();
    assert_eq!(format!("{stream:?}"), "Stream(custom)");
    for (odd, expected) in [
        (
            Odd::Sockets,
            "no such socket file (has the server been started, and with this path?)",
        ),
        (Odd::Fails, "the channel's own connector failed: no tunnel"),
        (
            Odd::Hangs,
            "the channel's own connector did not finish within the connect budget of 5s",
        ),
    ] {
        let error = Connector::custom(odd)
            .connect(&nowhere, BUDGET)
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot connect to {nowhere}: {expected}")
        );
    }
}

#[test]
fn an_io_error_keeps_the_kind_and_gives_the_connect_error_back() {
    let unix = target("unix:/run/cart.sock");
    for (cause, kind) in [
        (
            Cause::Socket(Failure::Io(ErrorKind::NotFound.into())),
            ErrorKind::NotFound,
        ),
        (Cause::Socket(Failure::Timeout(BUDGET)), ErrorKind::TimedOut),
        (Cause::LookupTimeout(BUDGET), ErrorKind::TimedOut),
        (
            Cause::Custom(ErrorKind::BrokenPipe.into()),
            ErrorKind::BrokenPipe,
        ),
    ] {
        let error = io::Error::from(ConnectError::new(&unix, cause));
        assert_eq!(error.kind(), kind);
        assert_eq!(error.downcast::<ConnectError>().unwrap().target(), &unix);
    }
}
