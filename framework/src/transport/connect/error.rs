//! Why no connection came about, in words: the target, every address that was
//! tried, the cause, and what to do.
//! It does not judge whether to try again.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use crate::transport::target::Target;
#[cfg(feature = "tls")]
use crate::transport::tls::Fault;

/// "Too many open files", the same number on Linux and macOS.
const EMFILE: i32 = 24;

/// A connection could not be opened. `Display` names the target, what was
/// tried, what went wrong and what to do.
#[derive(Debug)]
pub struct ConnectError {
    target: Target,
    cause: Cause,
}

impl ConnectError {
    pub(super) fn new(target: &Target, cause: Cause) -> Self {
        Self {
            target: target.clone(),
            cause,
        }
    }

    /// The connector in place of sockets failed.
    pub(crate) fn custom(target: &Target, error: io::Error) -> Self {
        Self::new(target, Cause::Custom(error))
    }

    /// The connector in place of sockets took too long.
    pub(crate) fn custom_timeout(target: &Target, budget: Duration) -> Self {
        Self::new(target, Cause::CustomTimeout(budget))
    }

    /// Connected, but HTTP/2 did not begin.
    pub(crate) fn handshake(target: &Target, error: Option<h2::Error>) -> Self {
        Self::new(target, Cause::Handshake(error))
    }

    /// Connected, but HTTP/2 did not begin in time.
    pub(crate) fn handshake_timeout(target: &Target, budget: Duration) -> Self {
        Self::new(target, Cause::HandshakeTimeout(budget))
    }

    /// Connected, and then the peer closed the connection before it had been of use.
    pub(crate) fn closed(target: &Target, after: Duration) -> Self {
        Self::new(target, Cause::Closed(after))
    }

    /// Did the peer accept the connection, and close it before it was of use?
    pub(crate) fn is_hang_up(&self) -> bool {
        matches!(self.cause, Cause::Handshake(None) | Cause::Closed(_))
    }

    /// Connected, but TLS did not begin, or the server ended it at once.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(target: &Target, fault: Fault) -> Self {
        Self::new(target, Cause::Tls(fault))
    }

    /// As metrics spell it.
    pub(crate) fn label(&self) -> &'static str {
        match self.cause {
            Cause::Lookup(_) | Cause::LookupTimeout(_) => "lookup",
            Cause::Addresses { .. } | Cause::Socket(_) => "connect",
            Cause::Custom(_) | Cause::CustomTimeout(_) => "connector",
            Cause::Handshake(Some(_)) | Cause::HandshakeTimeout(_) => "handshake",
            #[cfg(feature = "tls")]
            Cause::Tls(_) => "tls",
            Cause::Handshake(None) | Cause::Closed(_) => "hang_up",
        }
    }

    /// What was to be connected to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    fn last(&self) -> Option<&Failure> {
        match &self.cause {
            Cause::Addresses { tried, .. } => tried.last().map(|tried| &tried.failure),
            Cause::Socket(failure) => Some(failure),
            _ => None,
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match (&self.cause, self.last()) {
            (Cause::Lookup(error) | Cause::Custom(error), _) | (_, Some(Failure::Io(error))) => {
                Some(error)
            }
            (Cause::Handshake(Some(error)), _) => Some(error),
            #[cfg(feature = "tls")]
            (Cause::Tls(fault), _) => Some(fault),
            _ => None,
        }
    }
}

/// Keeps the kind of the last failure; `io::Error::downcast` gives it back.
impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        let kind = match (&error.cause, error.last()) {
            (Cause::Lookup(inner) | Cause::Custom(inner), _) | (_, Some(Failure::Io(inner))) => {
                inner.kind()
            }
            (Cause::LookupTimeout(_) | Cause::CustomTimeout(_) | Cause::HandshakeTimeout(_), _)
            | (_, Some(Failure::Timeout(_))) => ErrorKind::TimedOut,
            (Cause::Closed(_), _) => ErrorKind::ConnectionAborted,
            #[cfg(feature = "tls")]
            (Cause::Tls(fault), _) => fault.io_kind(),
            _ => ErrorKind::NotFound,
        };
        Self::new(kind, error)
    }
}

#[derive(Debug)]
pub(super) enum Cause {
    Lookup(io::Error),
    LookupTimeout(Duration),
    /// None of a host's addresses could be connected to, or it has none.
    Addresses {
        tried: Vec<Tried>,
        untried: usize,
    },
    /// A Unix socket.
    Socket(Failure),
    Custom(io::Error),
    CustomTimeout(Duration),
    /// Connected, but not to an HTTP/2 server.
    Handshake(Option<h2::Error>),
    HandshakeTimeout(Duration),
    #[cfg(feature = "tls")]
    Tls(Fault),
    /// HTTP/2 began, and the connection lasted only this long.
    Closed(Duration),
}

#[derive(Debug)]
pub(super) struct Tried {
    pub(super) address: SocketAddr,
    pub(super) failure: Failure,
}

#[derive(Debug)]
pub(super) enum Failure {
    Io(io::Error),
    Timeout(Duration),
}

impl Display for ConnectError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: ", self.target)?;
        match &self.cause {
            Cause::Lookup(error) => write!(
                f,
                "name not found: {error} (is it spelt right, and known to DNS or /etc/hosts here?)"
            ),
            Cause::LookupTimeout(budget) => write!(
                f,
                "its name was not looked up within the connect budget of {budget:?} (does the \
                 resolver in /etc/resolv.conf answer?)"
            ),
            Cause::Addresses { tried, .. } if tried.is_empty() => {
                f.write_str("its name is known, but has no address")
            }
            Cause::Addresses { tried, untried } => write_tried(f, tried, *untried),
            Cause::Socket(failure) => {
                let (what, hint) = failure.of_a_unix_socket();
                write_with_hint(f, &what, hint)
            }
            Cause::Custom(error) => write!(f, "the channel's own connector failed: {error}"),
            Cause::Handshake(Some(error)) => write!(
                f,
                "connected, but HTTP/2 could not begin: {error} (is it a gRPC server?)"
            ),
            Cause::Handshake(None) => f.write_str(
                "connected, but the peer hung up before HTTP/2 began (is it a gRPC server?)",
            ),
            Cause::HandshakeTimeout(budget) => write!(
                f,
                "connected, but HTTP/2 did not begin within the connect budget of {budget:?}"
            ),
            #[cfg(feature = "tls")]
            Cause::Tls(fault) => write!(f, "connected, but {fault}"),
            Cause::Closed(after) => write!(
                f,
                "connected, but the peer closed the connection after {} ms (is it shutting down, \
                 or a proxy without a server behind it?)",
                after.as_millis()
            ),
            Cause::CustomTimeout(budget) => write!(
                f,
                "the channel's own connector did not finish within the connect budget of \
                 {budget:?}"
            ),
        }
    }
}

/// Each hint stands once, at the first address that it applies to.
fn write_tried(f: &mut Formatter<'_>, tried: &[Tried], untried: usize) -> fmt::Result {
    let mut hinted: Vec<&str> = Vec::new();
    for (i, tried) in tried.iter().enumerate() {
        let (what, hint) = tried.failure.of_an_address();
        write!(f, "{}{}: ", if i == 0 { "" } else { "; " }, tried.address)?;
        let hint = hint.filter(|hint| !hinted.contains(hint));
        hinted.extend(hint);
        write_with_hint(f, &what, hint)?;
    }
    if untried > 0 {
        write!(f, "; {untried} more addresses were not tried")?;
    }
    Ok(())
}

fn write_with_hint(f: &mut Formatter<'_>, what: &str, hint: Option<&str>) -> fmt::Result {
    match hint {
        Some(hint) => write!(f, "{what} ({hint})"),
        None => f.write_str(what),
    }
}

impl Failure {
    fn of_an_address(&self) -> (String, Option<&'static str>) {
        let error = match self {
            Self::Io(error) => error,
            Self::Timeout(share) => return no_answer(*share),
        };
        let (what, hint) = match error.kind() {
            ErrorKind::ConnectionRefused => ("connection refused", "is a server listening there?"),
            ErrorKind::TimedOut => ("no answer", NO_ANSWER),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                ("unreachable", "has this machine a route to it?")
            }
            ErrorKind::PermissionDenied => (
                "not permitted",
                "does a firewall or sandbox of this machine forbid it?",
            ),
            ErrorKind::AddrNotAvailable => (
                "no local port is free",
                "are too many connections to it open or just closed?",
            ),
            _ => return other(error),
        };
        (what.to_owned(), Some(hint))
    }

    fn of_a_unix_socket(&self) -> (String, Option<&'static str>) {
        let error = match self {
            Self::Io(error) => error,
            Self::Timeout(budget) => return (format!("no answer within {budget:?}"), None),
        };
        let (what, hint) = match error.kind() {
            ErrorKind::NotFound => (
                "no such socket file",
                "has the server been started, and with this path?",
            ),
            ErrorKind::ConnectionRefused => (
                "connection refused",
                "the file is there, but no server listens on it: was it left by one that died?",
            ),
            ErrorKind::PermissionDenied => (
                "permission denied",
                "this process has to be allowed to write the socket file and to enter its folders",
            ),
            ErrorKind::WouldBlock => (
                "its queue of connections is full",
                "does the server still accept?",
            ),
            _ => return other(error),
        };
        (what.to_owned(), Some(hint))
    }
}

const NO_ANSWER: &str = "is the address right, and does no firewall drop the packets?";

fn no_answer(within: Duration) -> (String, Option<&'static str>) {
    (format!("no answer within {within:?}"), Some(NO_ANSWER))
}

fn other(error: &io::Error) -> (String, Option<&'static str>) {
    let hint = (error.raw_os_error() == Some(EMFILE))
        .then_some("raise the limit of open files of this process: ulimit -n");
    (error.to_string(), hint)
}
