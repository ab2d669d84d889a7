//! What a server takes when it listens, and what it leaves alone: socket files, connections beyond its cap,
//! and errors of accepting.

use std::io;
use std::os::unix::net as blocking;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sinew::observe::Recorder;
use sinew::{Bound, Channel, Server};
use tokio::io::{AsyncReadExt as _, DuplexStream};
use tokio::net::{TcpStream, UnixSocket, UnixStream};
use tokio::time::Instant;

use crate::talk::{Say, talk};
use crate::world::{Dir, Parrot};

fn at(path: &Path) -> String {
    format!("unix:{}", path.display())
}

async fn parrot_at(path: &Path) -> io::Result<Bound> {
    talk::server(Parrot).bind(at(path)).await
}

fn socket_in(dir: &Dir) -> PathBuf {
    dir.path().join("s")
}

#[tokio::test]
async fn what_is_no_socket_is_not_taken_over() {
    let dir = Dir::new();
    let path = socket_in(&dir);
    let dead = dir.path().join("dead");
    drop(blocking::UnixListener::bind(&dead).unwrap());
    type Make = fn(&Path, &Path);
    let cases: [(&str, Make); 3] = [
        ("file", |path, _| std::fs::write(path, "kept").unwrap()),
        ("folder", |path, _| std::fs::create_dir(path).unwrap()),
        ("link", |path, dead| {
            std::os::unix::fs::symlink(dead, path).unwrap();
        }),
    ];
    for (what, make) in cases {
        make(&path, &dead);
        let before = std::fs::symlink_metadata(&path).unwrap();
        let error = parrot_at(&path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{what}");
        let message = error.to_string();
        assert!(message.contains(&at(&path)), "{what}: {message}");
        assert!(message.contains("no socket"), "{what}: {message}");
        let after = std::fs::symlink_metadata(&path).unwrap();
        assert_eq!(before.file_type(), after.file_type(), "{what}");
        match what {
            "file" => assert_eq!(std::fs::read(&path).unwrap(), b"kept"),
            "folder" => std::fs::remove_dir(&path).unwrap(),
            _ => {}
        }
        let _ = std::fs::remove_file(&path);
    }
}

#[tokio::test]
async fn a_server_too_busy_to_accept_keeps_its_socket() {
    let dir = Dir::new();
    let path = socket_in(&dir);
    let busy = UnixSocket::new_stream().unwrap();
    busy.bind(&path).unwrap();
    let busy = busy.listen(0).unwrap();
    let mut waiting = Vec::new();
    let full = loop {
        match UnixStream::connect(&path).await {
            Ok(io) => waiting.push(io),
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    let error = parrot_at(&path).await.unwrap_err();
    assert!(error.to_string().contains(&at(&path)), "{error}");
    // It is still the one that listens there.
    busy.accept().await.unwrap();
    UnixStream::connect(&path).await.unwrap();
}

#[tokio::test]
async fn the_socket_of_a_successor_survives() {
    let dir = Dir::new();
    let path = socket_in(&dir);
    let first = parrot_at(&path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let second = parrot_at(&path).await.unwrap();
    drop(first);
    let serving = tokio::spawn(second.serve());
    let talk = talk::Client::new(Channel::to(&at(&path)).unwrap());
    assert_eq!(talk.once(Say::new("a", 1)).await.unwrap(), Say::new("a", 1));
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    assert!(!path.exists(), "its own goes with it");
}

#[tokio::test]
async fn connections_beyond_the_cap_are_closed_and_told() {
    let recorder = Arc::new(Recorder::default());
    let bound = Server::new()
        .add(talk::server(Parrot))
        .max_connections(2)
        .metrics(recorder.clone())
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let addr = bound.local_addr().unwrap();
    let connect = || talk::Client::new(Channel::to(&format!("http://{addr}")).unwrap());
    let serving = tokio::spawn(bound.serve());
    let (first, second) = (connect(), connect());
    for talk in [&first, &second] {
        talk.once(Say::new("a", 1)).await.unwrap();
    }
    let mut third = TcpStream::connect(addr).await.unwrap();
    match third.read(&mut [0]).await {
        Ok(len) => assert_eq!(len, 0),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    assert_eq!(recorder.refused_connections("full"), 1);
    second.once(Say::new("a", 1)).await.unwrap();
    // The place of one that went is free, as soon as the server has seen it go.
    drop(first);
    while connect().once(Say::new("a", 1)).await.is_err() {}
    serving.abort();
}

/// Connections of which each is an error; more of them than a server may ask for.
struct Broken(u32);

impl futures_core::Stream for Broken {
    type Item = io::Result<DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        assert_ne!(self.0, 0, "the server spins");
        self.0 -= 1;
        Poll::Ready(Some(Err(io::Error::other("no connection"))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_of_errors_is_asked_in_moderation_and_can_be_stopped() {
    let recorder = Arc::new(Recorder::default());
    let server = Server::new()
        .add(talk::server(Parrot))
        .metrics(recorder.clone());
    let start = Instant::now();
    let second = tokio::time::sleep(Duration::from_secs(1));
    let serving = server.serve_with_incoming_until(Broken(1000), second);
    serving.await.unwrap();
    assert_eq!(
        start.elapsed(),
        Duration::from_secs(1),
        "not put off by a pause"
    );
    let told = recorder.refused_connections("accept");
    assert!((20..100).contains(&told), "{told}");
}

#[tokio::test]
async fn what_is_no_address_is_told_what_one_looks_like() {
    for addr in ["foo", "grpc://127.0.0.1:0", "127.0.0.1"] {
        let refused = Server::new().bind(addr).await.unwrap_err().to_string();
        assert!(
            refused.starts_with(&format!("cannot listen at {addr}: ")),
            "{refused}"
        );
        assert!(refused.contains("127.0.0.1:50051"), "{refused}");
    }
}
