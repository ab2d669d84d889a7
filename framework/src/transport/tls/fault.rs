//! Why TLS did not come about, or broke, in words: what the other side did, and what to do.
//! It does not judge whether to try again.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};

#[cfg(test)]
mod tests;

/// Why TLS failed.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(super) cause: Cause,
    pub(super) ours: Ours,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Cause {
    /// One of the two did not like what it got.
    Tls(rustls::Error),
    Io(io::Error),
    /// The other side ended the connection.
    HungUp,
    /// The same, after the handshake of this side.
    HungUpAfterwards,
    /// TLS is there, but HTTP/2 was not agreed on.
    NoHttp2,
    /// The handshake took longer than this.
    TimedOut(Duration),
}

/// Which end of the connection this is, and what is to be known of it.
#[derive(Clone, Debug)]
pub(super) enum Ours {
    Client {
        /// Whose certificates it takes, in words.
        trusts: String,
        shows_certificate: bool,
    },
    Server {
        /// Whose certificates it takes, in words.
        trusts: String,
    },
}

impl Cause {
    pub(super) fn of(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(tls) => Self::Tls(rustls::Error::clone(tls)),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::HungUp,
            None => Self::Io(error),
        }
    }
}

impl Fault {
    pub(crate) fn io_kind(&self) -> io::ErrorKind {
        match &self.cause {
            Cause::Io(error) => error.kind(),
            Cause::HungUp | Cause::HungUpAfterwards => io::ErrorKind::ConnectionAborted,
            Cause::TimedOut(_) => io::ErrorKind::TimedOut,
            Cause::Tls(_) | Cause::NoHttp2 => io::ErrorKind::InvalidData,
        }
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Tls(error) => Some(error),
            Cause::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.ours {
            Ours::Client {
                trusts,
                shows_certificate,
            } => of_a_server(f, &self.cause, trusts, *shows_certificate),
            Ours::Server { trusts } => of_a_client(f, &self.cause, trusts),
        }
    }
}

/// What a client says of a server.
fn of_a_server(f: &mut Formatter<'_>, cause: &Cause, trusts: &str, shows: bool) -> fmt::Result {
    match cause {
        Cause::Tls(rustls::Error::InvalidCertificate(error)) => {
            f.write_str("the server's certificate ")?;
            let whom = Whom {
                judge: "channel",
                purpose: "a server",
                other_roots: "ClientTlsBuilder::roots_pem_file",
            };
            refused(f, error, trusts, &whom)
        }
        Cause::Tls(rustls::Error::AlertReceived(alert)) => server_alert(f, *alert, shows),
        Cause::Tls(rustls::Error::InvalidMessage(_)) => f.write_str(
            "the server answers in something that is not TLS (does it speak plain HTTP/2? then write http://)",
        ),
        Cause::Tls(rustls::Error::PeerIncompatible(what)) => write!(
            f,
            "server and channel have no version of TLS (1.3 or 1.2) or no cipher suite in common: {what:?}"
        ),
        Cause::Tls(error) => write!(f, "the TLS handshake failed: {error}"),
        Cause::Io(error) => write!(
            f,
            "the connection broke in the TLS handshake: {error} (does the server speak TLS? if not, write http://)"
        ),
        Cause::HungUp => f.write_str(
            "the server hung up in the TLS handshake (does it speak TLS? if not, write http://)",
        ),
        Cause::HungUpAfterwards if shows => f.write_str(
            "the server agreed on TLS, and hung up before HTTP/2 began (does it take this channel's certificate?)",
        ),
        Cause::HungUpAfterwards => f.write_str(
            "the server agreed on TLS, and hung up before HTTP/2 began (does it ask for a certificate? \
             ClientTlsBuilder::identity_pem_files)",
        ),
        Cause::NoHttp2 => f.write_str(
            "the server speaks TLS, and did not agree on HTTP/2 by ALPN (is it a gRPC server, or a proxy that is to be \
             told to offer h2?)",
        ),
        Cause::TimedOut(budget) => write!(
            f,
            "the TLS handshake did not end within the connect budget of {budget:?}"
        ),
    }
}

/// What a server means by an alert, RFC 8446 §6.2.
fn server_alert(f: &mut Formatter<'_>, alert: AlertDescription, shows: bool) -> fmt::Result {
    const SHOW: &str = "ClientTlsBuilder::identity_pem_files";
    match alert {
        AlertDescription::CertificateRequired if !shows => write!(
            f,
            "the server asks for a certificate, and this channel has none to show ({SHOW})"
        ),
        AlertDescription::HandshakeFailure if !shows => write!(
            f,
            "the server refuses the TLS handshake: it asks for a certificate, of which this channel has none to show \
             ({SHOW}), or has no cipher suite in common with it"
        ),
        AlertDescription::HandshakeFailure => f.write_str(
            "the server refuses the TLS handshake: it has no cipher suite in common with this channel, or does not \
             take its certificate",
        ),
        alert if about_certificate(alert) && shows => write!(
            f,
            "the server refuses this channel's certificate: {alert:?} (has it expired? does the server trust who \
             issued it? is it one for clients?)"
        ),
        AlertDescription::NoApplicationProtocol => f.write_str(
            "the server offers no HTTP/2 by ALPN (is it a gRPC server, or a proxy that is to be told to offer h2?)",
        ),
        AlertDescription::ProtocolVersion => {
            f.write_str("the server speaks only versions of TLS before 1.2, which nobody should")
        }
        AlertDescription::UnrecognisedName => f.write_str(
            "the server has no certificate for the name that it was asked for (is the host right? or \
             ClientTlsBuilder::server_name)",
        ),
        alert => write!(f, "the server ended the TLS handshake: {alert:?}"),
    }
}

/// What a server says of a client.
fn of_a_client(f: &mut Formatter<'_>, cause: &Cause, trusts: &str) -> fmt::Result {
    match cause {
        Cause::Tls(rustls::Error::InvalidCertificate(error)) => {
            f.write_str("the client's certificate ")?;
            let whom = Whom {
                judge: "server",
                purpose: "a client",
                other_roots: "ServerTlsBuilder::client_roots_pem_file",
            };
            refused(f, error, trusts, &whom)
        }
        Cause::Tls(rustls::Error::NoCertificatesPresented) => {
            f.write_str("the client shows no certificate, and this server asks for one")
        }
        Cause::Tls(rustls::Error::AlertReceived(alert)) if about_certificate(*alert) => write!(
            f,
            "the client refuses this server's certificate: {alert:?} (does it trust who issued it? has it expired? is \
             it for the name that the client calls?)"
        ),
        Cause::Tls(rustls::Error::AlertReceived(alert)) => {
            write!(f, "the client ended the TLS handshake: {alert:?}")
        }
        Cause::Tls(rustls::Error::NoApplicationProtocol) | Cause::NoHttp2 => {
            f.write_str("the client does not offer HTTP/2 (h2) by ALPN, which gRPC over TLS needs")
        }
        Cause::Tls(rustls::Error::PeerIncompatible(what)) => write!(
            f,
            "client and server have no version of TLS (1.3 or 1.2) or no cipher suite in common: {what:?}"
        ),
        Cause::Tls(error) => write!(f, "the TLS handshake failed: {error}"),
        Cause::Io(error) => write!(f, "the connection broke in the TLS handshake: {error}"),
        Cause::HungUp | Cause::HungUpAfterwards => {
            f.write_str("the client hung up in the TLS handshake")
        }
        Cause::TimedOut(within) => {
            write!(
                f,
                "the client did not end the TLS handshake within {within:?}"
            )
        }
    }
}

/// Who judges a certificate, and what it should be.
struct Whom {
    judge: &'static str,
    purpose: &'static str,
    other_roots: &'static str,
}

/// Why a certificate is not taken; it has been named.
fn refused(
    f: &mut Formatter<'_>,
    error: &CertificateError,
    trusts: &str,
    whom: &Whom,
) -> fmt::Result {
    let Whom {
        judge,
        purpose,
        other_roots,
    } = whom;
    match error {
        CertificateError::UnknownIssuer => write!(
            f,
            "was not issued by an authority that this {judge} trusts, which are {trusts} (another one is named by \
             {other_roots})"
        ),
        CertificateError::ExpiredContext { time, not_after } => {
            let since = Span(time.as_secs().saturating_sub(not_after.as_secs()));
            write!(
                f,
                "expired {since} ago (is the renewed one in place? is this machine's clock right?)"
            )
        }
        CertificateError::Expired => f.write_str("has expired"),
        CertificateError::NotValidYetContext { time, not_before } => {
            let until = Span(not_before.as_secs().saturating_sub(time.as_secs()));
            write!(
                f,
                "is valid only in {until} (is this machine's clock right?)"
            )
        }
        CertificateError::NotValidYet => f.write_str("is not valid yet"),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let expected = expected.to_str();
            match names(presented) {
                None => write!(
                    f,
                    "has no names (subjectAltName), and would need {expected}"
                )?,
                Some(names) => write!(f, "is for {names}, and not for {expected}")?,
            }
            f.write_str(" (call it by a name that it has, or say which to expect: ClientTlsBuilder::server_name)")
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            write!(
                f,
                "is not one for {purpose} (its extended key usage names other purposes)"
            )
        }
        CertificateError::Other(other) => match other.0.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => write!(
                f,
                "is that of an authority, which is none for {purpose} (let it sign one that is; docs/tls.md shows how)"
            ),
            Some(webpki::Error::UnsupportedCertVersion) => f.write_str(OLD_VERSION),
            Some(error) => write!(f, "is refused: {error:?}"),
            None => write!(f, "is refused: {other}"),
        },
        error => write!(f, "is refused: {error}"),
    }
}

/// What openssl makes of a request unless it is told an extension.
pub(super) const OLD_VERSION: &str = "is not of version 3 of X.509, and so has no names (sign it with a \
    subjectAltName; docs/tls.md shows how)";

/// Names that somebody's certificate may hold, and that an error shows.
const SHOWN_NAMES: usize = 5;

/// The names of a certificate, of which rustls tells in the form `DnsName("a")`.
fn names(presented: &[String]) -> Option<String> {
    let name = |text: &String| {
        let inner = text
            .split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'));
        inner.unwrap_or(text).trim_matches('"').to_owned()
    };
    let mut names: Vec<String> = presented.iter().take(SHOWN_NAMES).map(name).collect();
    if presented.len() > SHOWN_NAMES {
        names.push(format!("{} more", presented.len() - SHOWN_NAMES));
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// Alerts that refuse a certificate.
fn about_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
            | AlertDescription::DecryptError
    )
}

/// Seconds, as somebody says them who wants to know how many days it was.
struct Span(u64);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
        let (unit, name) = UNITS
            .into_iter()
            .find(|(unit, _)| self.0 >= 2 * unit)
            .unwrap_or((1, "seconds"));
        write!(f, "{} {name}", self.0 / unit)
    }
}
