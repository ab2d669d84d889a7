//! Both ends speak TLS with each other and with foreign peers.

use std::sync::Arc;

use sinew::tls::rustls::version::{TLS12, TLS13};
use sinew::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use sinew::tls::{ClientTls, ServerTls, rustls};
use sinew::{Channel, Server};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::certs::{Authority, Identity};
use super::{Served, once, refused};
use crate::talk::{Say, talk};
use crate::world::Parrot;

pub(super) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(super) fn roots(authority: &Authority) -> Arc<RootCertStore> {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    let der = rustls::pki_types::CertificateDer::from_pem_slice(&authority.pem()).unwrap();
    roots.add(der).unwrap();
    Arc::new(roots)
}

/// A foreign client's configuration: without ALPN.
pub(super) fn client_config(
    authority: &Authority,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots(authority))
        .with_no_client_auth()
}

/// A foreign server's: without ALPN.
pub(super) fn server_config(
    identity: &Identity,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ServerConfig {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = CertificateDer::from_pem_slice(identity.chain.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap()
}

#[tokio::test]
async fn calls_of_all_shapes_and_sizes_go_through() {
    let authority = Authority::new("ours");
    let server = Served::with(authority.server().tls()).await;
    assert!(server.url.starts_with("https://127.0.0.1:"));
    let talk = talk::Client::new(server.channel(authority.trusted().build().unwrap()));
    assert_eq!(talk.once(Say::new("a", 1)).await.unwrap(), Say::new("a", 1));
    // More than a record, a window and the buffer of a connection.
    let large = Say::new(&"x".repeat(3_000_000), 1);
    assert_eq!(talk.once(large.clone()).await.unwrap(), large);
    let (mut say, mut heard) = talk.both().await.unwrap();
    for n in 0..200 {
        say.send(Say::new(&"y".repeat(40_000), n)).await.unwrap();
        assert_eq!(heard.next().await.unwrap().unwrap().count, n);
    }
    say.finish();
    assert_eq!(heard.next().await.unwrap(), None);
    let mut down = talk.down(Say::new("z", 10_000)).await.unwrap();
    let mut n = 0;
    while let Some(say) = down.next().await.unwrap() {
        assert_eq!(say.count, n);
        n += 1;
    }
    assert_eq!(n, 10_000);
    let many = (0..500).map(|n| tokio::spawn(talk.once(Say::new("many", n))));
    for (n, call) in (0..).zip(many.collect::<Vec<_>>()) {
        assert_eq!(call.await.unwrap().unwrap().count, n);
    }
}

#[tokio::test]
async fn the_name_is_that_of_the_url_unless_another_is_said() {
    let authority = Authority::new("ours");
    let by_name = authority.sign(&["localhost"], |_| {});
    let by_address = authority.sign(&["127.0.0.1"], |_| {});
    let elsewhere = authority.sign(&["cart.internal", "*.shop.internal"], |_| {});
    for (identity, host, name, expected) in [
        (&by_name, "localhost", None, Ok(())),
        (&by_name, "LOCALHOST", None, Ok(())),
        (&by_address, "127.0.0.1", None, Ok(())),
        (&by_name, "127.0.0.1", Some("localhost"), Ok(())),
        (&by_address, "localhost", Some("127.0.0.1"), Ok(())),
        (&elsewhere, "localhost", Some("cart.internal"), Ok(())),
        (&elsewhere, "localhost", Some("a.shop.internal"), Ok(())),
        (
            &elsewhere,
            "localhost",
            None,
            Err("is for cart.internal, *.shop.internal, and not for localhost"),
        ),
        (
            &by_address,
            "127.0.0.1",
            Some("::1"),
            Err("is for 127.0.0.1, and not for ::1"),
        ),
    ] {
        let server = Served::with(identity.tls()).await;
        let (_, port) = server.addr().rsplit_once(':').unwrap();
        let mut tls = authority.trusted();
        if let Some(name) = name {
            tls = tls.server_name(name);
        }
        // What `:authority` says is not what a certificate is checked against.
        let channel = Channel::builder(format!("https://{host}:{port}"))
            .tls(tls.build().unwrap())
            .authority("cart.internal".parse().unwrap())
            .build()
            .unwrap();
        match expected {
            Ok(()) => assert_eq!(once(&channel).await.unwrap().count, 1, "{host} {name:?}"),
            Err(expected) => {
                let refused = refused(&channel).await;
                assert!(refused.contains(expected), "{refused}");
            }
        }
    }
}

#[tokio::test]
async fn both_versions_are_spoken_with_what_a_user_makes_of_rustls() {
    let authority = Authority::new("ours");
    let identity = authority.server();
    for versions in [&[&TLS12], &[&TLS13]] {
        let config = client_config(&authority, versions);
        let server = Served::with(identity.tls()).await;
        let channel = server.channel(ClientTls::from_rustls(Arc::new(config)));
        once(&channel).await.unwrap();

        let config = server_config(&identity, versions);
        let server = Served::with(ServerTls::from_rustls(Arc::new(config))).await;
        let channel = server.channel(authority.trusted().build().unwrap());
        once(&channel).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_learns_name_scheme_and_authority() {
    let authority = Authority::new("ours");
    let mut config = server_config(&authority.server(), &[&TLS13]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        let tls = acceptor.accept(io).await.unwrap();
        let sni = tls.get_ref().1.server_name().map(str::to_owned);
        let mut http2 = h2::server::handshake(tls).await.unwrap();
        let (request, _reply) = http2.accept().await.unwrap().unwrap();
        (sni, request.uri().to_string())
    });
    let url = format!("https://localhost:{port}");
    let tls = authority.trusted().build().unwrap();
    let channel = Channel::builder(url).tls(tls).build().unwrap();
    let calling = tokio::spawn(async move { once(&channel).await });
    let (sni, uri) = seen.await.unwrap();
    assert_eq!(sni.as_deref(), Some("localhost"));
    assert_eq!(uri, format!("https://localhost:{port}/test.v1.Talk/Once"));
    calling.abort();
}

#[tokio::test]
async fn connections_from_elsewhere_speak_tls_too() {
    struct One(Option<tokio::io::DuplexStream>);

    impl futures_core::Stream for One {
        type Item = std::io::Result<tokio::io::DuplexStream>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(self.0.take().map(Ok))
        }
    }

    struct Once(std::sync::Mutex<Option<tokio::io::DuplexStream>>);

    impl sinew::Connect for Once {
        type Io = tokio::io::DuplexStream;

        async fn connect(&self, target: &sinew::Target) -> std::io::Result<Self::Io> {
            assert!(matches!(target, sinew::Target::Tcp { tls: true, .. }));
            self.0
                .lock()
                .unwrap()
                .take()
                .ok_or(std::io::ErrorKind::NotFound.into())
        }
    }

    let authority = Authority::new("ours");
    let identity = authority.sign(&["cart.internal"], |_| {});
    // Smaller than a record: it goes over in pieces.
    let (near, far) = tokio::io::duplex(1000);
    let server = Server::new().add(talk::server(Parrot)).tls(identity.tls());
    let serving = tokio::spawn(server.serve_with_incoming(One(Some(far))));
    let channel = Channel::builder("https://cart.internal")
        .tls(authority.trusted().build().unwrap())
        .connector(Once(std::sync::Mutex::new(Some(near))))
        .build()
        .unwrap();
    let large = Say::new(&"x".repeat(300_000), 1);
    let talk = talk::Client::new(channel.clone());
    assert_eq!(talk.once(large.clone()).await.unwrap(), large);
    drop((talk, channel));
    serving.await.unwrap().unwrap();
}
