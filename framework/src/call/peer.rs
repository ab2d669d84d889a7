//! Who is on the other side of a connection.
//! It refuses to authenticate: that is the transport's.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// The other side of the connection that a call came over.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Peer(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Default)]
enum Kind {
    Tcp(SocketAddr),
    Unix(Option<Arc<PathBuf>>),
    InProcess,
    #[default]
    Unknown,
}

impl Peer {
    /// A peer that connected over TCP.
    pub fn tcp(addr: SocketAddr) -> Self {
        Self(Kind::Tcp(addr))
    }

    /// A peer that connected over a Unix socket; its own path where it bound one.
    pub fn unix(path: Option<PathBuf>) -> Self {
        Self(Kind::Unix(path.map(Arc::new)))
    }

    pub(crate) fn in_process() -> Self {
        Self(Kind::InProcess)
    }

    /// The address, where the connection is TCP.
    pub fn addr(&self) -> Option<SocketAddr> {
        match self.0 {
            Kind::Tcp(addr) => Some(addr),
            _ => None,
        }
    }

    /// Is the caller in this very process (`Channel::in_process`)?
    pub fn is_in_process(&self) -> bool {
        self.0 == Kind::InProcess
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tcp(addr) => write!(f, "{addr}"),
            Kind::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Kind::Unix(None) => f.write_str("unix:"),
            Kind::InProcess => f.write_str("in-process"),
            Kind::Unknown => f.write_str("unknown"),
        }
    }
}
