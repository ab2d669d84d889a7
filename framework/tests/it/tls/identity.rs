//! What a server knows of a client that shows a certificate.

use sinew::tls::Certificate;
use sinew::{Peer, Server};

use super::certs::Authority;
use super::{Served, Who, once, refused};
use crate::talk::talk;

#[tokio::test]
async fn a_handler_knows_who_calls() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let server = ours.server();
    for is_optional in [false, true] {
        let mut tls = server.builder().client_roots_pem(theirs.pem());
        if is_optional {
            tls = tls.client_certificate_optional();
        }
        let tls = tls.build().unwrap();
        let served = Served::new(Server::new().add(talk::server(Who)).tls(tls)).await;
        let checkout = theirs.client("spiffe://shop.test/checkout");
        let channel = served.channel(checkout.shown_by(ours.trusted()));
        assert_eq!(
            once(&channel).await.unwrap().text,
            "spiffe://shop.test/checkout [\"client.test\"]"
        );
        let channel = served.channel(ours.trusted().build().unwrap());
        if is_optional {
            assert_eq!(once(&channel).await.unwrap().text, "nobody");
        } else {
            let refused = refused(&channel).await;
            assert!(
                refused.contains("the server asks for a certificate, and this channel has none"),
                "{refused}"
            );
        }
    }
}

#[test]
fn a_certificate_says_what_is_in_it_and_a_peer_keeps_its_address() {
    use sinew::tls::rustls::pki_types::CertificateDer;
    use sinew::tls::rustls::pki_types::pem::PemObject as _;

    let authority = Authority::new("ours");
    let identity = authority.sign(&["a.test", "*.b.test", "10.0.0.1"], |params| {
        params.serial_number = Some(0x0102_0304_u64.into());
        for uri in ["spiffe://a/b", "https://a"] {
            let uri = rcgen::SanType::URI(uri.try_into().unwrap());
            params.subject_alt_names.push(uri);
        }
    });
    let der = CertificateDer::from_pem_slice(identity.chain.as_bytes()).unwrap();
    let certificate = Certificate::from_der_chain([der.to_vec(), vec![1, 2]]).unwrap();
    assert_eq!(certificate.der(), &der[..]);
    assert_eq!(certificate.chain().count(), 2);
    assert_eq!(certificate.dns_names(), ["a.test", "*.b.test"]);
    assert_eq!(certificate.uri_names(), ["spiffe://a/b", "https://a"]);
    // Two of them are no identity.
    assert_eq!(certificate.spiffe_id(), None);
    assert_eq!(certificate.serial(), [1, 2, 3, 4]);
    assert_eq!(Certificate::from_der_chain([vec![1, 2]]), None);
    assert_eq!(Certificate::from_der_chain(Vec::<Vec<u8>>::new()), None);

    let addr = "10.0.0.1:7".parse().unwrap();
    let peer = Peer::tcp(addr).with_certificate(certificate.clone());
    assert_eq!(peer.addr(), Some(addr));
    assert_eq!(peer.to_string(), "10.0.0.1:7");
    assert_eq!(peer.certificate(), Some(&certificate));
    assert_eq!(Peer::tcp(addr).certificate(), None);
}
