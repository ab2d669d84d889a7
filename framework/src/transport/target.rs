//! The text that names what a channel talks to, parsed.
//! It resolves no name and opens no connection.

use std::fmt::{self, Display, Formatter};
#[cfg(feature = "dns")]
use std::net::SocketAddr;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

pub use invalid::InvalidTarget;
pub(in crate::transport) use invalid::Problem;
use invalid::shorten;

mod invalid;
#[cfg(test)]
mod tests;

/// The port of `http://host`, RFC 9110 §4.2.1.
const PLAIN_PORT: u16 = 80;

/// The port of `https://host`, RFC 9110 §4.2.2.
const TLS_PORT: u16 = 443;

/// Bytes of a host name, RFC 1035 §2.3.4 (as text, without the final dot).
const LONGEST_HOST: usize = 253;

/// Bytes of a socket's path: `sun_path` without its final zero.
const LONGEST_UNIX_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Schemes that name a way of finding endpoints which is still to come.
const LATER: [&str; 3] = ["etcd", "zk", "unix-abstract"];

/// Schemes that name a way of finding endpoints (`discovery/open.rs`), and no endpoint.
const MANY: [&str; 3] = ["static", "local", "dns"];

/// What a channel talks to: an address over TCP, or a socket file.
///
/// Written `http://host:port` (port 80 when left out; IPv6 in brackets),
/// `https://host:port` (port 443 when left out; needs the feature `tls`) or
/// `unix:/absolute/path` (also `unix:///absolute/path`). What `Display` writes
/// parses to an equal target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// A host name or address, and a port.
    #[non_exhaustive]
    Tcp {
        /// In lower case; an IPv6 address without its brackets.
        host: String,
        /// The TCP port; never 0 when parsed.
        port: u16,
        /// Whether the channel speaks TLS over the connection. A connector leaves that to it.
        tls: bool,
    },
    /// The absolute path of a Unix domain socket.
    Unix(PathBuf),
}

impl Target {
    /// An address that was found, over TCP.
    #[cfg(feature = "dns")]
    pub(crate) fn of_address(address: SocketAddr, tls: bool) -> Self {
        Self::Tcp {
            host: address.ip().to_string(),
            port: address.port(),
            tls,
        }
    }

    /// What goes into `:authority` unless an option says otherwise: host and
    /// port (the default port left out), or `localhost` for a Unix socket, as
    /// gRPC does.
    pub fn authority(&self) -> String {
        match self {
            Self::Tcp { host, .. } => self.authority_of(host),
            Self::Unix(_) => self.authority_of("localhost"),
        }
    }

    /// As [`Target::authority`], for one who is called by this name and not by its address.
    pub(crate) fn authority_of(&self, host: &str) -> String {
        match self {
            Self::Tcp { port, tls, .. } if *port != default_port(*tls) => {
                format!("{}:{port}", Host(host))
            }
            _ => Host(host).to_string(),
        }
    }

    /// Does the channel speak TLS over the connection?
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self, Self::Tcp { tls: true, .. })
    }
}

fn default_port(tls: bool) -> u16 {
    if tls { TLS_PORT } else { PLAIN_PORT }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, tls } => {
                let scheme = if *tls { "https" } else { "http" };
                write!(f, "{scheme}://{}:{port}", Host(host))
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A host as it stands in a URL.
struct Host<'a>(&'a str);

impl Display for Host<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') {
            write!(f, "[{}]", self.0)
        } else {
            f.write_str(self.0)
        }
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    /// # Errors
    /// [`InvalidTarget`] for everything that is not one of the forms above.
    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        parse(text).map_err(|problem| InvalidTarget::new(text, problem))
    }
}

fn parse(text: &str) -> Result<Target, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    if text.trim() != text || text.contains(char::is_control) {
        return Err(Problem::Whitespace);
    }
    let Some((scheme, rest)) = split_scheme(text) else {
        return Err(Problem::NoScheme {
            suggestion: suggest(text),
        });
    };
    match (scheme.as_str(), rest.strip_prefix("//")) {
        ("unix", _) => parse_unix(rest),
        ("http", Some(authority)) => parse_tcp(authority, false),
        ("https", Some(authority)) if cfg!(feature = "tls") => parse_tcp(authority, true),
        ("https", Some(authority)) => Err(Problem::NoTls {
            plain: parse_tcp(authority, false)?.to_string(),
        }),
        ("http" | "https", None) => {
            let plain = suggest(rest.trim_start_matches('/'));
            let tls = scheme == "https" && cfg!(feature = "tls");
            Err(Problem::Slashes {
                suggestion: if tls {
                    plain.replacen("http:", "https:", 1)
                } else {
                    plain
                },
            })
        }
        (_, authority) => Err(match (among(&MANY, &scheme), among(&LATER, &scheme)) {
            (Some(many), _) => Problem::ManyEndpoints(many),
            (None, Some(later)) => Problem::LaterScheme(later),
            (None, None) => Problem::UnknownScheme {
                scheme: shorten(&scheme),
                suggestion: meant(&scheme, rest)
                    .unwrap_or_else(|| suggest(authority.unwrap_or(rest))),
            },
        }),
    }
}

fn among(schemes: &[&'static str], scheme: &str) -> Option<&'static str> {
    schemes.iter().copied().find(|known| *known == scheme)
}

/// The scheme in lower case and what follows its colon. `name:123` is a host
/// and a port, and so is all that has neither slashes nor a scheme of ours.
fn split_scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let lower = scheme.to_ascii_lowercase();
    let known = matches!(lower.as_str(), "http" | "https" | "unix")
        || among(&MANY, &lower).is_some()
        || among(&LATER, &lower).is_some();
    let is_port = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    let spelt = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    (spelt && !is_port && (known || rest.starts_with("//"))).then_some((lower, rest))
}

/// The text with the scheme of ours that this one is a slip of, where it begins as that does.
fn meant(scheme: &str, rest: &str) -> Option<String> {
    let begin = scheme.get(..2)?;
    let ours = MANY.iter().find(|ours| ours.starts_with(begin))?;
    Some(format!("{ours}:{rest}"))
}

/// What to write instead: the given text put right where that is possible.
fn suggest(text: &str) -> String {
    if text.starts_with('/') && parse_unix(text).is_ok() {
        format!("unix:{text}")
    } else if parse_tcp(text, false).is_ok() {
        format!("http://{text}")
    } else if let Ok(address) = text.parse::<Ipv6Addr>() {
        format!("http://[{address}]:50051")
    } else {
        "http://127.0.0.1:50051".to_owned()
    }
}

fn parse_unix(rest: &str) -> Result<Target, Problem> {
    if rest.starts_with("//") && !rest.starts_with("///") {
        return Err(Problem::UnixAuthority);
    }
    if !rest.starts_with('/') {
        return Err(Problem::UnixRelative);
    }
    if rest.ends_with('/') {
        return Err(Problem::UnixFolder);
    }
    let path = format!("/{}", rest.trim_start_matches('/'));
    if path.len() > LONGEST_UNIX_PATH {
        return Err(Problem::UnixTooLong);
    }
    Ok(Target::Unix(path.into()))
}

fn parse_tcp(text: &str, tls: bool) -> Result<Target, Problem> {
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let (authority, tail) = text.split_at(end);
    if authority.contains('@') {
        return Err(Problem::Userinfo);
    }
    let (host, port) = split_port(authority)?;
    let port = port.map_or(Ok(default_port(tls)), parse_port)?;
    let tail = tail.strip_prefix('/').unwrap_or(tail);
    match tail.bytes().next() {
        None => Ok(Target::Tcp { host, port, tls }),
        Some(b'?') => Err(Problem::Query),
        Some(b'#') => Err(Problem::Fragment),
        Some(_) => Err(Problem::Path),
    }
}

fn split_port(authority: &str) -> Result<(String, Option<&str>), Problem> {
    if let Some(rest) = authority.strip_prefix('[') {
        let wrong = || Problem::Ipv6(shorten(authority));
        let (address, after) = rest.split_once(']').ok_or_else(wrong)?;
        let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port),
            None if after.is_empty() => None,
            None => return Err(wrong()),
        };
        return Ok((address.to_string(), port));
    }
    if let Ok(address) = authority.parse::<Ipv6Addr>() {
        return Err(Problem::Ipv6Unbracketed(address));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    Ok((parse_host(host)?, port))
}

fn parse_host(host: &str) -> Result<String, Problem> {
    if host.is_empty() {
        return Err(Problem::NoHost);
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.len() > LONGEST_HOST {
        return Err(Problem::HostTooLong);
    }
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if !name.split('.').all(label) {
        return Err(Problem::Host(shorten(host)));
    }
    // A last label of digits makes it an address, as in the WHATWG URL
    // standard: resolvers would read "10.1" as 10.0.0.1.
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|b| b.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_err() {
        return Err(Problem::Ipv4(host.to_owned()));
    }
    Ok(host.to_ascii_lowercase())
}

fn parse_port(port: &str) -> Result<u16, Problem> {
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    match port.parse() {
        Ok(number) if digits && number > 0 => Ok(number),
        _ => Err(Problem::Port(shorten(port))),
    }
}
