use std::sync::Arc;

use rustls::{Error as Tls, InvalidMessage, OtherError, PeerIncompatible};
use rustls_pki_types::{ServerName, UnixTime};

use super::*;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn at_client(cause: Cause, shows_certificate: bool) -> String {
    let trusts = "ca.pem".to_owned();
    let ours = Ours::Client {
        trusts,
        shows_certificate,
    };
    Fault { cause, ours }.to_string()
}

fn at_server(cause: Cause) -> String {
    let trusts = "clients.pem".to_owned();
    let ours = Ours::Server { trusts };
    Fault { cause, ours }.to_string()
}

#[test]
fn a_certificate_that_is_not_taken_is_explained_on_both_sides() {
    let names = |names: &[&str]| CertificateError::NotValidForNameContext {
        expected: ServerName::try_from("cart.test").unwrap().to_owned(),
        presented: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let expired = |since: u64| CertificateError::ExpiredContext {
        time: at(10_000_000),
        not_after: at(10_000_000 - since),
    };
    let clock = "(is the renewed one in place? is this machine's clock right?)";
    let call =
        "(call it by a name that it has, or say which to expect: ClientTlsBuilder::server_name)";
    for (error, expected) in [
        (expired(0), format!("expired 0 seconds ago {clock}")),
        (expired(119), format!("expired 119 seconds ago {clock}")),
        (expired(120), format!("expired 2 minutes ago {clock}")),
        (expired(7_199), format!("expired 119 minutes ago {clock}")),
        (expired(172_799), format!("expired 47 hours ago {clock}")),
        (expired(1_000_000), format!("expired 11 days ago {clock}")),
        (
            CertificateError::NotValidYetContext {
                time: at(0),
                not_before: at(7_200),
            },
            "is valid only in 2 hours (is this machine's clock right?)".to_owned(),
        ),
        (
            names(&["DnsName(\"a.test\")", "IpAddress(10.0.0.1)"]),
            format!("is for a.test, 10.0.0.1, and not for cart.test {call}"),
        ),
        (
            names(&["a"; 8]),
            format!("is for a, a, a, a, a, 3 more, and not for cart.test {call}"),
        ),
        (
            names(&[]),
            format!("has no names (subjectAltName), and would need cart.test {call}"),
        ),
        (
            CertificateError::Other(OtherError(Arc::new(webpki::Error::CaUsedAsEndEntity))),
            "is that of an authority, which is none for a server (let it sign one that is; docs/tls.md shows how)"
                .to_owned(),
        ),
        (
            CertificateError::Other(OtherError(Arc::new(webpki::Error::UnsupportedCertVersion))),
            OLD_VERSION.to_owned(),
        ),
        (CertificateError::Revoked, "is refused: Revoked".to_owned()),
    ] {
        let told = at_client(Cause::Tls(Tls::InvalidCertificate(error)), false);
        assert_eq!(told, format!("the server's certificate {expected}"));
    }
    for (error, expected) in [
        (
            CertificateError::UnknownIssuer,
            "was not issued by an authority that this server trusts, which are clients.pem (another one is named by \
             ServerTlsBuilder::client_roots_pem_file)",
        ),
        (
            CertificateError::InvalidPurpose,
            "is not one for a client (its extended key usage names other purposes)",
        ),
    ] {
        let told = at_server(Cause::Tls(Tls::InvalidCertificate(error)));
        assert_eq!(told, format!("the client's certificate {expected}"));
    }
}

#[test]
fn an_alert_says_what_the_other_side_wants() {
    use AlertDescription as Alert;
    let show = "this channel has none to show (ClientTlsBuilder::identity_pem_files)";
    let refused = |alert: &str| {
        format!(
            "the server refuses this channel's certificate: {alert} (has it expired? does the server trust who issued \
             it? is it one for clients?)"
        )
    };
    for (alert, shows, expected) in [
        (
            Alert::CertificateRequired,
            false,
            format!("the server asks for a certificate, and {show}"),
        ),
        (Alert::CertificateRequired, true, refused("CertificateRequired")),
        (Alert::UnknownCA, true, refused("UnknownCA")),
        (Alert::AccessDenied, true, refused("AccessDenied")),
        (
            Alert::UnknownCA,
            false,
            "the server ended the TLS handshake: UnknownCA".to_owned(),
        ),
        (
            Alert::UnrecognisedName,
            true,
            "the server has no certificate for the name that it was asked for (is the host right? or \
             ClientTlsBuilder::server_name)"
                .to_owned(),
        ),
        (
            Alert::InternalError,
            true,
            "the server ended the TLS handshake: InternalError".to_owned(),
        ),
    ] {
        assert_eq!(at_client(Cause::Tls(Tls::AlertReceived(alert)), shows), expected);
    }
    // Servers of TLS 1.2 say no more than that.
    for (shows, expected) in [
        (
            false,
            "it asks for a certificate, of which this channel has none to show",
        ),
        (true, "or does not take its certificate"),
    ] {
        let told = at_client(
            Cause::Tls(Tls::AlertReceived(Alert::HandshakeFailure)),
            shows,
        );
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn an_error_of_the_connection_is_told_from_one_of_tls() {
    let tls = Tls::InvalidMessage(InvalidMessage::InvalidContentType);
    for (error, kind, expected) in [
        (
            io::Error::new(io::ErrorKind::InvalidData, tls),
            io::ErrorKind::InvalidData,
            "the server answers in something that is not TLS",
        ),
        (
            io::Error::from(io::ErrorKind::UnexpectedEof),
            io::ErrorKind::ConnectionAborted,
            "the server hung up in the TLS handshake (does it speak TLS?",
        ),
        (
            io::Error::from(io::ErrorKind::ConnectionReset),
            io::ErrorKind::ConnectionReset,
            "the connection broke in the TLS handshake: connection reset (does the server speak TLS?",
        ),
    ] {
        let told = Fault {
            cause: Cause::of(error),
            ours: Ours::Client {
                trusts: String::new(),
                shows_certificate: false,
            },
        };
        assert_eq!(told.io_kind(), kind);
        assert!(told.to_string().starts_with(expected), "{told}");
    }
    let none = PeerIncompatible::ServerDoesNotSupportTls12Or13;
    assert_eq!(
        at_client(Cause::Tls(Tls::PeerIncompatible(none)), false),
        "server and channel have no version of TLS (1.3 or 1.2) or no cipher suite in common: \
         ServerDoesNotSupportTls12Or13"
    );
}
