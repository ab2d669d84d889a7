//! Who is on the other side of a connection.
//! It refuses to authenticate: that is the transport's.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

#[cfg(feature = "tls")]
use super::Certificate;

/// The other side of the connection that a call came over.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Peer(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Default)]
enum Kind {
    Tcp(SocketAddr),
    Unix(Option<Arc<PathBuf>>),
    InProcess,
    /// Behind one pointer, so that a peer without a certificate is no larger for it.
    #[cfg(feature = "tls")]
    Certified(Arc<Certified>),
    #[default]
    Unknown,
}

#[cfg(feature = "tls")]
#[derive(Debug, PartialEq, Eq)]
struct Certified {
    peer: Peer,
    certificate: Certificate,
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

    /// The same peer, which has proved to own this certificate: for servers that are mounted in another one, which
    /// speaks TLS and puts the peer into the request's extensions.
    #[cfg(feature = "tls")]
    pub fn with_certificate(self, certificate: Certificate) -> Self {
        let peer = self;
        Self(Kind::Certified(Arc::new(Certified { peer, certificate })))
    }

    /// The address, where the connection is TCP.
    pub fn addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Kind::Tcp(addr) => Some(*addr),
            #[cfg(feature = "tls")]
            Kind::Certified(certified) => certified.peer.addr(),
            _ => None,
        }
    }

    /// The certificate that the peer proved to own, where the server asks for one
    /// ([`crate::tls::ServerTlsBuilder::client_roots_pem_file`]).
    #[cfg(feature = "tls")]
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.0 {
            Kind::Certified(certified) => Some(&certified.certificate),
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
            #[cfg(feature = "tls")]
            Kind::Certified(certified) => certified.peer.fmt(f),
            Kind::Unknown => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_as_small_as_an_address() {
        assert_eq!(size_of::<Peer>(), size_of::<SocketAddr>());
    }
}
