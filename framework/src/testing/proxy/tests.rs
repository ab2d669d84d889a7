//! Each way to misbehave, on connections that are there and on new ones.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use super::*;

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(10);

/// A server that sends back what it gets, until it gets an end.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut io, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = io.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
    addr
}

async fn proxied() -> (Proxy, TcpStream) {
    let proxy = Proxy::to(echo().await).await.unwrap();
    let client = TcpStream::connect(proxy.addr()).await.unwrap();
    (proxy, client)
}

async fn there_and_back(client: &mut TcpStream, text: &[u8]) {
    client.write_all(text).await.unwrap();
    comes(client, text).await;
}

async fn comes(client: &mut TcpStream, text: &[u8]) {
    let mut back = vec![0; text.len()];
    let read = timeout(LONG, client.read_exact(&mut back))
        .await
        .expect("nothing came");
    read.unwrap();
    assert_eq!(back, text);
}

async fn is_silent(client: &mut TcpStream) {
    let read = timeout(SHORT, client.read(&mut [0])).await;
    assert!(read.is_err(), "{read:?}");
}

#[tokio::test]
async fn it_passes_bytes_and_ends_and_counts_them() {
    let (proxy, mut client) = proxied().await;
    let large = vec![7; 1 << 20];
    let (mut read, mut write) = client.split();
    let mut back = Vec::new();
    let (sent, got) = tokio::join!(
        async {
            write.write_all(&large).await?;
            write.shutdown().await
        },
        read.read_to_end(&mut back),
    );
    sent.unwrap();
    got.unwrap();
    assert_eq!(back, large, "half a close is passed on, too");
    assert_eq!(proxy.bytes(Direction::ToServer), 1 << 20);
    assert_eq!(proxy.bytes(Direction::ToClient), 1 << 20);
    let mut open = proxy.shared.open.subscribe();
    timeout(LONG, open.wait_for(|open| *open == 0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((proxy.accepted(), proxy.open()), (1, 0));
}

#[tokio::test]
async fn a_black_hole_keeps_what_is_under_way() {
    let (proxy, mut old) = proxied().await;
    there_and_back(&mut old, b"before").await;
    proxy.black_hole();
    old.write_all(b"lost?").await.unwrap();
    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
    new.write_all(b"new").await.unwrap();
    is_silent(&mut old).await;
    is_silent(&mut new).await;
    assert_eq!(proxy.bytes(Direction::ToServer), 6);
    proxy.pass().await.unwrap();
    comes(&mut old, b"lost?").await;
    comes(&mut new, b"new").await;
}

#[tokio::test]
async fn a_black_hole_holds_its_sender_up() {
    let (proxy, mut client) = proxied().await;
    there_and_back(&mut client, b"x").await;
    proxy.black_hole();
    let endless = async { while client.write_all(&[0; 1 << 16]).await.is_ok() {} };
    assert!(
        timeout(10 * SHORT, endless).await.is_err(),
        "the connection broke"
    );
}

#[tokio::test]
async fn a_black_hole_may_be_one_way() {
    for (direction, at_the_server) in [(Direction::ToServer, 1), (Direction::ToClient, 5)] {
        let (proxy, mut client) = proxied().await;
        there_and_back(&mut client, b"x").await;
        proxy.black_hole_one_way(direction);
        client.write_all(b"more").await.unwrap();
        is_silent(&mut client).await;
        assert_eq!(proxy.bytes(Direction::ToServer), at_the_server);
        assert_eq!(proxy.bytes(Direction::ToClient), 1);
        proxy.pass().await.unwrap();
        comes(&mut client, b"more").await;
    }
}

#[tokio::test]
async fn a_cut_ends_all_and_refuses_until_it_passes() {
    for reset in [false, true] {
        for held in [false, true] {
            let (proxy, mut old) = proxied().await;
            there_and_back(&mut old, b"x").await;
            if held {
                proxy.black_hole();
                old.write_all(b"unread").await.unwrap();
            }
            if reset {
                proxy.reset().await
            } else {
                proxy.cut().await
            }
            assert_eq!(proxy.open(), 0);
            let end = timeout(LONG, old.read(&mut [0])).await.unwrap();
            match reset {
                true => assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset),
                false => assert_eq!(end.unwrap(), 0),
            }
            let refused = TcpStream::connect(proxy.addr()).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            proxy.pass().await.unwrap();
            let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
            there_and_back(&mut new, b"again").await;
            assert_eq!(proxy.accepted(), 2);
        }
    }
}

#[tokio::test]
async fn slow_is_as_slow_as_it_was_told() {
    let (proxy, mut client) = proxied().await;
    there_and_back(&mut client, b"x").await;
    proxy.slow_one_way(Direction::ToServer, 100_000, Duration::ZERO);
    let start = Instant::now();
    there_and_back(&mut client, &[7; 20_000]).await;
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(140), "{took:?}");
    // The other way waits for its latency alone, there and back for both.
    proxy.slow(1 << 30, Duration::from_millis(50));
    let start = Instant::now();
    there_and_back(&mut client, b"ping").await;
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(100), "{took:?}");
    // No speed at all is a black hole.
    proxy.slow(0, Duration::ZERO);
    client.write_all(b"stuck").await.unwrap();
    is_silent(&mut client).await;
    proxy.pass().await.unwrap();
    comes(&mut client, b"stuck").await;
}

#[tokio::test]
async fn a_server_that_is_not_there_looks_as_if_it_went() {
    let proxy = Proxy::to("http://127.0.0.1:1").await.unwrap();
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    let end = timeout(LONG, client.read(&mut [0])).await.unwrap();
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(Proxy::to("nowhere").await.is_err());
}

#[tokio::test]
async fn nothing_is_left_of_a_proxy_that_was_dropped() {
    let (proxy, mut client) = proxied().await;
    there_and_back(&mut client, b"x").await;
    let addr = proxy.addr();
    drop(proxy);
    assert_eq!(
        timeout(LONG, client.read(&mut [0])).await.unwrap().unwrap(),
        0
    );
    let refused = TcpStream::connect(addr).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}
