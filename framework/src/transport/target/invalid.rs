//! What is wrong with a text that names no target, and what would be right.
//! It finds no fault itself.

use std::fmt::{self, Display, Formatter};
use std::net::Ipv6Addr;

use super::{LONGEST_HOST, LONGEST_UNIX_PATH};

/// Characters of a refused text that an error repeats.
pub(super) const LONGEST_SHOWN: usize = 200;

/// A text that names no target: says what is wrong and what would be right.
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidTarget {
    text: String,
    pub(super) problem: Problem,
}

impl InvalidTarget {
    pub(in crate::transport) fn new(text: &str, problem: Problem) -> Self {
        Self {
            text: shown(text),
            problem,
        }
    }

    /// A text that names many endpoints, and is wrong.
    pub(crate) fn of_source(text: &str, why: String) -> Self {
        Self::new(text, Problem::Source(why))
    }

    /// The refused text, shortened when it is long and without a user's name
    /// and password.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Display for InvalidTarget {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "invalid target {:?}: {}", self.text, self.problem)
    }
}

/// What is read where `main` returns it.
impl fmt::Debug for InvalidTarget {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidTarget({self})")
    }
}

impl std::error::Error for InvalidTarget {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Problem {
    Empty,
    Whitespace,
    NoScheme {
        suggestion: String,
    },
    UnknownScheme {
        scheme: String,
        suggestion: String,
    },
    LaterScheme(&'static str),
    /// What discovery finds wrong with a text of its own.
    Source(String),
    /// A text of discovery's, where one endpoint is wanted.
    ManyEndpoints(&'static str),
    Slashes {
        suggestion: String,
    },
    NoTls {
        plain: String,
    },
    #[cfg(feature = "tls")]
    NoTlsThere {
        tls: String,
    },
    #[cfg(feature = "tls")]
    Roots(String),
    #[cfg(feature = "tls")]
    ServerName(String),
    Userinfo,
    Path,
    Query,
    Fragment,
    NoHost,
    Host(String),
    HostTooLong,
    Ipv4(String),
    Ipv6(String),
    Ipv6Unbracketed(Ipv6Addr),
    Port(String),
    UnixAuthority,
    UnixRelative,
    UnixFolder,
    UnixTooLong,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty; write for example \"http://127.0.0.1:50051\""),
            Self::Whitespace => f.write_str(
                "it begins or ends with white space, or contains a control character; remove it",
            ),
            Self::NoScheme { suggestion } => {
                write!(f, "the scheme is missing; write {suggestion:?}")
            }
            Self::UnknownScheme { scheme, suggestion } => {
                write!(f, "the scheme {scheme:?} is unknown; write {suggestion:?}")
            }
            Self::LaterScheme(scheme) => write!(
                f,
                "\"{scheme}:\" is not in this version; name one endpoint, for example \
                 \"http://127.0.0.1:50051\" or \"unix:/run/app.sock\""
            ),
            Self::Source(why) => f.write_str(why),
            Self::ManyEndpoints(scheme) => write!(
                f,
                "\"{scheme}:\" finds endpoints for a channel, and is none itself; one endpoint looks like \
                 \"http://127.0.0.1:50051\" or \"unix:/run/app.sock\""
            ),
            Self::Slashes { suggestion } => {
                write!(
                    f,
                    "two slashes have to follow the scheme; write {suggestion:?}"
                )
            }
            Self::NoTls { plain } => write!(
                f,
                "TLS is not built in; turn on the feature \"tls\" of the crate sinew, or write {plain:?} where the \
                 network may be trusted"
            ),
            #[cfg(feature = "tls")]
            Self::NoTlsThere { tls } if tls.starts_with("https:") => write!(
                f,
                "TLS is set for this channel (ChannelBuilder::tls), and there is none at this URL; write {tls:?}"
            ),
            #[cfg(feature = "tls")]
            Self::NoTlsThere { .. } => f.write_str(
                "TLS is set for this channel (ChannelBuilder::tls), and a Unix socket has none: its file says who may \
                 connect",
            ),
            #[cfg(feature = "tls")]
            Self::Roots(why) => write!(f, "nobody is trusted: {why}"),
            #[cfg(feature = "tls")]
            Self::ServerName(host) => write!(
                f,
                "{host:?} can be in no certificate; say which name the server's has: ClientTlsBuilder::server_name"
            ),
            Self::Userinfo => f.write_str(
                "a user name does not belong into a target; send credentials as metadata \
                 (\"authorization\") and write for example \"http://host:50051\"",
            ),
            Self::Path => f.write_str(
                "a path does not belong into a target, it comes from the method that is called; \
                 write for example \"http://host:50051\"",
            ),
            Self::Query => f.write_str(
                "a query (\"?…\") does not belong into a target; write for example \
                 \"http://host:50051\"",
            ),
            Self::Fragment => f.write_str(
                "a fragment (\"#…\") does not belong into a target; write for example \
                 \"http://host:50051\"",
            ),
            Self::NoHost => {
                f.write_str("the host is missing; write for example \"http://127.0.0.1:50051\"")
            }
            Self::Host(host) => write!(
                f,
                "{host:?} is not a host name: letters, digits, \"-\", \"_\" and single dots only \
                 (other scripts as \"xn--…\"); write for example \"http://cart.internal:50051\""
            ),
            Self::HostTooLong => {
                write!(f, "the host name is longer than {LONGEST_HOST} bytes")
            }
            Self::Ipv4(host) => write!(
                f,
                "{host:?} is not an IPv4 address; write for example \"http://127.0.0.1:50051\""
            ),
            Self::Ipv6(host) => write!(
                f,
                "{host:?} is not an IPv6 address in brackets; write for example \
                 \"http://[::1]:50051\""
            ),
            Self::Ipv6Unbracketed(address) => write!(
                f,
                "an IPv6 address needs brackets; write \"http://[{address}]:50051\" with your port"
            ),
            Self::Port(port) => write!(
                f,
                "{port:?} is not a port, a number from 1 to 65535; write for example \
                 \"http://127.0.0.1:50051\""
            ),
            Self::UnixAuthority => f.write_str(
                "a socket path has no host; write three slashes or none, for example \
                 \"unix:///run/app.sock\" or \"unix:/run/app.sock\"",
            ),
            Self::UnixRelative => f.write_str(
                "the socket path is not absolute; write for example \"unix:/run/app.sock\"",
            ),
            Self::UnixFolder => f.write_str(
                "this names a folder, not a socket; write for example \"unix:/run/app.sock\"",
            ),
            Self::UnixTooLong => write!(
                f,
                "the socket path is longer than the {LONGEST_UNIX_PATH} bytes that the system \
                 takes; choose a shorter one"
            ),
        }
    }
}

/// The text as an error may repeat it: what stands before an `@` in the
/// authority may hold a password.
fn shown(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..]
        .find(['/', '?', '#'])
        .map_or(text.len(), |at| start + at);
    match text[start..end].rfind('@') {
        Some(at) => shorten(&format!("{}***{}", &text[..start], &text[start + at..])),
        None => shorten(text),
    }
}

pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
