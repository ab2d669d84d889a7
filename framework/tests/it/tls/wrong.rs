//! What does not come about, and what both sides are told of it.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};
use sinew::observe::Recorder;
use sinew::tls::rustls::version::{TLS12, TLS13};
use sinew::tls::{ClientTls, ServerTls};
use sinew::{Channel, Connect, Server, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::certs::{Authority, expired, not_yet};
use super::handshakes::{client_config, server_config};
use super::{Served, Told, once, refused};
use crate::talk::talk;
use crate::world::Parrot;

#[tokio::test]
async fn both_sides_are_told_why() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let plain = || ours.server().tls();
    let mutual = || ours.server().builder().client_roots_pem(ours.pem());
    let mutual = || mutual().build().unwrap();
    type Change = fn(&mut CertificateParams);
    let localhost = |change: Change| ours.sign(&["127.0.0.1"], change).tls();
    let trusted = || ours.trusted().build().unwrap();
    let shown = |change: Change| ours.sign(&["client"], change).shown_by(ours.trusted());
    let cases: Vec<(ServerTls, ClientTls, &str, &str)> = vec![
        (
            plain(),
            theirs.trusted().build().unwrap(),
            "the server's certificate was not issued by an authority that this channel trusts, which are the roots \
             given (another one is named by ClientTlsBuilder::roots_pem_file)",
            "the client refuses this server's certificate: UnknownCA (does it trust who issued it?",
        ),
        (
            localhost(expired),
            trusted(),
            "the server's certificate expired ",
            "the client refuses this server's certificate: CertificateExpired",
        ),
        (
            localhost(not_yet),
            trusted(),
            "the server's certificate is valid only in ",
            "the client refuses this server's certificate: CertificateExpired",
        ),
        (
            ours.sign(&[], |_| {}).tls(),
            trusted(),
            "the server's certificate has no names (subjectAltName), and would need 127.0.0.1 (call it by a name that \
             it has, or say which to expect: ClientTlsBuilder::server_name)",
            "the client refuses this server's certificate: ",
        ),
        (
            localhost(|params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }),
            trusted(),
            "the server's certificate is not one for a server (its extended key usage names other purposes)",
            "the client refuses this server's certificate: ",
        ),
        (
            localhost(|params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }),
            trusted(),
            "the server's certificate is that of an authority, which is none for a server",
            "the client refuses this server's certificate: ",
        ),
        (
            mutual(),
            trusted(),
            "the server asks for a certificate, and this channel has none to show",
            "the client shows no certificate, and this server asks for one",
        ),
        (
            mutual(),
            theirs.client("spiffe://a/b").shown_by(ours.trusted()),
            "the server refuses this channel's certificate: UnknownCA (has it expired? does the server trust who \
             issued it? is it one for clients?)",
            "the client's certificate was not issued by an authority that this server trusts, which are the client \
             roots given (another one is named by ServerTlsBuilder::client_roots_pem_file)",
        ),
        (
            mutual(),
            shown(expired),
            "the server refuses this channel's certificate: CertificateExpired",
            "the client's certificate expired ",
        ),
        (
            mutual(),
            shown(|params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
            "the server refuses this channel's certificate: ",
            "the client's certificate is not one for a client",
        ),
        (
            ServerTls::from_rustls(Arc::new(server_config(&ours.server(), &[&TLS12]))),
            ClientTls::from_rustls(Arc::new(client_config(&ours, &[&TLS13]))),
            "the server speaks only versions of TLS before 1.2",
            "client and server have no version of TLS (1.3 or 1.2) or no cipher suite in common",
        ),
    ];
    for (server, client, at_client, at_server) in cases {
        // What a server says of a client's certificate comes after the handshake, with TLS 1.3, and together with the
        // end of the connection: it must not be lost.
        let served = Served::with(server).await;
        for _ in 0..3 {
            let refused = refused(&served.channel(client.clone())).await;
            let expected = format!(
                "cannot connect to {}: connected, but {at_client}",
                served.url
            );
            assert!(refused.contains(&expected), "{refused}\n{expected}");
        }
        let told = served.told.wait("tls_handshake: ").await;
        let expected = format!("tls_handshake: {at_server}");
        assert!(told.starts_with(&expected), "{told}\n{expected}");
    }
}

#[tokio::test]
async fn a_server_of_tls_1_2_says_at_once_what_it_thinks_of_a_client() {
    let ours = Authority::new("ours");
    let tls = ours.server().builder().client_roots_pem(ours.pem());
    let served = Served::with(tls.build().unwrap()).await;
    let config = client_config(&ours, &[&TLS12]);
    let channel = served.channel(ClientTls::from_rustls(Arc::new(config)));
    // Nobody knows what such a configuration would show.
    let refused = refused(&channel).await;
    assert!(
        refused.contains("refuses this channel's certificate: CertificateRequired"),
        "{refused}"
    );
}

#[tokio::test]
async fn http2_has_to_be_agreed_on() {
    let ours = Authority::new("ours");
    let client = ours.trusted().build().unwrap();
    for (offered, expected) in [
        (&[][..], "did not agree on HTTP/2 by ALPN"),
        (&["http/1.1"], "offers no HTTP/2 by ALPN"),
    ] {
        let alpn: Vec<Vec<u8>> = offered
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();

        let mut config = server_config(&ours.server(), &[&TLS13]);
        config.alpn_protocols = alpn.clone();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            loop {
                let (io, _) = listener.accept().await.unwrap();
                let _ = acceptor.accept(io).await;
            }
        });
        let channel = Channel::builder(url).tls(client.clone()).build().unwrap();
        let refused = refused(&channel).await;
        assert!(refused.contains(expected), "{refused}");
        serving.abort();

        let served = Served::with(ours.server().tls()).await;
        let mut config = client_config(&ours, &[&TLS13]);
        config.alpn_protocols = alpn;
        let io = TcpStream::connect(served.addr()).await.unwrap();
        let name = "127.0.0.1".try_into().unwrap();
        let tls = TlsConnector::from(Arc::new(config)).connect(name, io).await;
        if let Ok(mut tls) = tls {
            // Ended by the book.
            assert_eq!(tls.read(&mut [0]).await.unwrap(), 0);
        }
        assert_eq!(
            served.told.wait("tls_handshake: ").await,
            "tls_handshake: the client does not offer HTTP/2 (h2) by ALPN, which gRPC over TLS needs"
        );
    }
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_so() {
    let ours = Authority::new("ours");
    let served = Served::with(ours.server().tls()).await;
    let mut io = TcpStream::connect(served.addr()).await.unwrap();
    io.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    drop(io);
    assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
    assert!(answer.contains("gRPC over HTTP/2 with TLS"), "{answer}");
    let plaintext = "plaintext: the client speaks HTTP without TLS, which this port asks for: let it connect with \
                     https:// instead of http://";
    assert_eq!(served.told.wait("plaintext").await, plaintext);

    let served = Served::with(ours.server().tls()).await;
    let channel = Channel::to(&format!("http://{}", served.addr())).unwrap();
    let refused = refused(&channel).await;
    assert!(refused.contains("hung up before HTTP/2 began"), "{refused}");
    assert_eq!(served.told.wait("plaintext").await, plaintext);

    let served = Served::with(ours.server().tls()).await;
    let mut io = TcpStream::connect(served.addr()).await.unwrap();
    io.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await.unwrap();
    drop(io);
    served.told.wait("unknown: ").await;
    let mut io = TcpStream::connect(served.addr()).await.unwrap();
    io.shutdown().await.unwrap();
    served.told.wait("gone: ").await;
    // A hello that goes on as something else.
    let mut io = TcpStream::connect(served.addr()).await.unwrap();
    io.write_all(b"\x16\x03\x01\x00\x04junk").await.unwrap();
    drop(io);
    served
        .told
        .wait("tls_handshake: the TLS handshake failed: ")
        .await;
    let mut io = TcpStream::connect(served.addr()).await.unwrap();
    io.write_all(b"\x16\x03\x01").await.unwrap();
    io.shutdown().await.unwrap();
    served
        .told
        .wait("tls_handshake: the client hung up in the TLS handshake")
        .await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    let ours = Authority::new("ours");
    let served = Served::new(Server::new().add(talk::server(Parrot))).await;
    let tls = || ours.trusted().build().unwrap();
    let channel = Channel::builder(format!("https://{}", served.addr()));
    let told = refused(&channel.tls(tls()).build().unwrap()).await;
    assert!(
        told.contains(
            "the server hung up in the TLS handshake (does it speak TLS? if not, write http://)"
        ),
        "{told}"
    );
    served.told.wait("tls: the client starts TLS").await;
    // Others answer in what they speak: HTTP/1, or the first frame of HTTP/2.
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\0\0\0\x04\0\0\0\0\0",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut io, _)) = listener.accept().await {
                io.write_all(answer).await.unwrap();
                open.push(io);
            }
        });
        let channel = Channel::builder(url).tls(tls()).build().unwrap();
        let told = refused(&channel).await;
        assert!(
            told.contains("answers in something that is not TLS"),
            "{told}"
        );
        serving.abort();
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_without_a_word_is_explained() {
    let ours = Authority::new("ours");
    let mut config = server_config(&ours.server(), &[&TLS13]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let tls = acceptor.accept(io).await.unwrap();
            // No alert, and no end by the book.
            drop(tls.into_inner());
        }
    });
    let identity = ours.client("spiffe://a/b");
    for (tls, expected) in [
        (
            ours.trusted().build().unwrap(),
            "hung up before HTTP/2 began (does it ask for a certificate? ClientTlsBuilder::identity_pem_files)",
        ),
        (
            identity.shown_by(ours.trusted()),
            "hung up before HTTP/2 began (does it take this channel's certificate?)",
        ),
    ] {
        let channel = Channel::builder(&url).tls(tls).build().unwrap();
        let told = refused(&channel).await;
        assert!(told.contains(expected), "{told}");
    }
    serving.abort();
}

/// Connects to somebody who says nothing.
struct Mute;

impl Connect for Mute {
    type Io = DuplexStream;

    async fn connect(&self, _: &Target) -> io::Result<DuplexStream> {
        let (near, far) = duplex(4096);
        tokio::spawn(async move {
            pending::<()>().await;
            drop(far);
        });
        Ok(near)
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_costs_the_connect_budget() {
    let tls = Authority::new("ours").trusted().build().unwrap();
    let channel = Channel::builder("https://cart.internal")
        .tls(tls)
        .connector(Mute)
        .connect_timeout(Duration::from_secs(3))
        .build()
        .unwrap();
    let start = Instant::now();
    let told = refused(&channel).await;
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert!(
        told.contains("the TLS handshake did not end within the connect budget of 3s"),
        "{told}"
    );
}

/// One connection, and no more.
struct One(Option<DuplexStream>);

impl futures_core::Stream for One {
    type Item = io::Result<DuplexStream>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Ok))
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_in_the_handshake_holds_its_place_for_ten_seconds() {
    for (sent, told) in [
        (
            &b"\x16\x03\x01"[..],
            "tls_handshake: the client did not end the TLS handshake within 10s",
        ),
        (b"", "silent: the client did not say in time what it speaks"),
    ] {
        let (mut near, far) = duplex(64);
        near.write_all(sent).await.unwrap();
        let metrics = Told::default();
        let server = Server::new()
            .tls(Authority::new("ours").server().tls())
            .metrics(Arc::new(metrics.clone()));
        let start = Instant::now();
        server.serve_with_incoming(One(Some(far))).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(10));
        assert_eq!(metrics.wait("").await, told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_after_the_handshake_is_bounded_by_the_same_ten_seconds() {
    let ours = Authority::new("ours");
    let (near, far) = duplex(4096);
    let recorder = Arc::new(Recorder::default());
    let server = Server::new()
        .tls(ours.server().tls())
        .metrics(recorder.clone());
    let serving = tokio::spawn(server.serve_with_incoming(One(Some(far))));
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut config = client_config(&ours, &[&TLS13]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let start = Instant::now();
    let mut tls = connector
        .connect("localhost".try_into().unwrap(), near)
        .await
        .unwrap();
    let _ = tls.read(&mut [0]).await;
    assert_eq!(start.elapsed(), Duration::from_secs(6));
    serving.await.unwrap().unwrap();
    assert_eq!(recorder.refused_connections("silent"), 1);
}

#[tokio::test]
async fn what_contradicts_itself_is_an_error() {
    let ours = Authority::new("ours");
    let tls = || ours.trusted().build().unwrap();
    for (url, expected) in [
        (
            "http://cart:1",
            "invalid target \"http://cart:1\": TLS is set for this channel (ChannelBuilder::tls), and there is none at \
             this URL; write \"https://cart:1\"",
        ),
        (
            "unix:/run/cart",
            "invalid target \"unix:/run/cart\": TLS is set for this channel (ChannelBuilder::tls), and a Unix socket \
             has none: its file says who may connect",
        ),
        (
            "https://-",
            "invalid target \"https://-\": \"-\" can be in no certificate; say which name the server's has: \
             ClientTlsBuilder::server_name",
        ),
    ] {
        let error = Channel::builder(url).tls(tls()).build().unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let server = || Server::new().add(talk::server(Parrot));
    let with_tls = || server().tls(ours.server().tls());
    for (server, addr, expected) in [
        (
            with_tls(),
            "unix:/run/cart",
            "cannot listen at unix:/run/cart: a Unix socket has no TLS, its file says who may connect: leave \
             Server::tls out, or listen at TCP",
        ),
        (
            with_tls(),
            "http://127.0.0.1:0",
            "cannot listen at http://127.0.0.1:0: the server is set to TLS (Server::tls): write https:// or the \
             address alone",
        ),
        (
            server(),
            "https://127.0.0.1:0",
            "cannot listen at https://127.0.0.1:0: there is no certificate: set one by Server::tls",
        ),
    ] {
        assert_eq!(server.bind(addr).await.unwrap_err().to_string(), expected);
    }
    let bound = with_tls().bind("https://[::1]:0").await.unwrap();
    assert!(bound.url().starts_with("https://[::1]:"), "{}", bound.url());
    let error = with_tls().into_http_service().unwrap_err();
    assert!(
        error.to_string().contains("has no TLS of its own"),
        "{error}"
    );
    // In process nobody is on the way.
    once(&Channel::in_process(with_tls())).await.unwrap();
}

#[tokio::test]
async fn a_channel_without_more_trusts_the_system() {
    let ours = Authority::new("ours");
    let served = Served::with(ours.server().tls()).await;
    match Channel::to(&served.url) {
        Ok(channel) => {
            let told = refused(&channel).await;
            assert!(
                told.contains("trusts, which are the roots of this system"),
                "{told}"
            );
        }
        // A machine without any.
        Err(error) => assert!(
            error.to_string().contains("no root certificates"),
            "{error}"
        ),
    }
}
