//! What a server takes when it listens, and what it leaves alone: socket files, connections beyond its cap, and errors of accepting.

use std::os::unix::net as blocking;
use std::path::{Path, PathBuf};

use sinew::{Bound, Channel};

use crate::talk::{Say, talk};
use crate::world::{Dir, Parrot};

fn at(path: &Path) -> String {
    format!("unix:{}", path.display())
}

async fn parrot_at(path: &Path) -> std::io::Result<Bound> {
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
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse, "{what}");
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
    let busy = tokio::net::UnixSocket::new_stream().unwrap();
    busy.bind(&path).unwrap();
    let busy = busy.listen(0).unwrap();
    let mut waiting = Vec::new();
    let full = loop {
        match tokio::net::UnixStream::connect(&path).await {
            Ok(io) => waiting.push(io),
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), std::io::ErrorKind::WouldBlock);
    let error = parrot_at(&path).await.unwrap_err();
    assert!(error.to_string().contains(&at(&path)), "{error}");
    // It is still the one that listens there.
    busy.accept().await.unwrap();
    tokio::net::UnixStream::connect(&path).await.unwrap();
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
