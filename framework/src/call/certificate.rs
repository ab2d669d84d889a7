//! Who the other side of a connection has proved to be: the certificate that it showed in the TLS handshake.
//! It refuses to judge it: whoever made a connection has checked it before.

use std::fmt;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The certificate of a peer, with the chain that came with it, as DER. Clones share it.
///
/// In [`crate::Peer::certificate`] it is one that leads to an authority that the server trusts, and the peer has proved
/// that it holds the key. The names are read from the certificate at each use, which takes some microseconds.
///
/// ```
/// # fn f(cx: &sinew::Context) -> sinew::Result<()> {
/// let caller = cx.peer().certificate().and_then(|certificate| certificate.spiffe_id());
/// if caller != Some("spiffe://example.org/checkout") {
///     return Err(sinew::Status::permission_denied("only for checkout"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The peer's own certificate first; never empty, and the first one can be read.
    chain: Arc<[CertificateDer<'static>]>,
}

impl Certificate {
    /// What a peer showed to a foreign TLS stack, its own certificate first; nothing where that cannot be read.
    ///
    /// For servers that are mounted in another: see [`crate::Peer::with_certificate`].
    pub fn from_der_chain(chain: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Option<Self> {
        Self::new(chain.into_iter().map(|der| der.into().into()).collect())
    }

    pub(crate) fn new(chain: Arc<[CertificateDer<'static>]>) -> Option<Self> {
        parse(&chain)?;
        Some(Self { chain })
    }

    /// The peer's own certificate, as DER.
    pub fn der(&self) -> &[u8] {
        self.chain.first().map_or(&[], |der| der.as_ref())
    }

    /// What the peer sent, as DER: its own certificate, and those of authorities between it and a trusted one.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.chain.iter().map(AsRef::as_ref)
    }

    /// The DNS names of the subject, wildcards among them.
    pub fn dns_names(&self) -> Vec<&str> {
        parse(&self.chain).map_or(Vec::new(), |own| own.valid_dns_names().collect())
    }

    /// The URIs of the subject.
    pub fn uri_names(&self) -> Vec<&str> {
        parse(&self.chain).map_or(Vec::new(), |own| own.valid_uri_names().collect())
    }

    /// The SPIFFE ID: the only URI of the subject, if its scheme is `spiffe` (SPIFFE's X509-SVID, section 2).
    /// Which trust domains are to be believed is for the caller to decide.
    pub fn spiffe_id(&self) -> Option<&str> {
        match self.uri_names()[..] {
            [only] if only.starts_with("spiffe://") => Some(only),
            _ => None,
        }
    }

    /// The serial number: the bytes of a signed integer, the highest first.
    pub fn serial(&self) -> Vec<u8> {
        parse(&self.chain).map_or(Vec::new(), |own| own.serial().to_vec())
    }
}

fn parse<'a>(chain: &'a [CertificateDer<'a>]) -> Option<EndEntityCert<'a>> {
    EndEntityCert::try_from(chain.first()?).ok()
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("dns_names", &self.dns_names())
            .field("uri_names", &self.uri_names())
            .field("serial", &format_args!("{:02x?}", self.serial()))
            .finish_non_exhaustive()
    }
}
