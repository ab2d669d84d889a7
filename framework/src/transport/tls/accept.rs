//! The handshake of a server: on a connection that was accepted and begins with TLS.
//! It refuses to bound itself in time: whoever accepted the connection does.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::fault::{Cause, Fault, Ours};
use super::is_h2;
use super::server::ServerTls;
use crate::call::Certificate;

/// A connection that speaks TLS, and who its client has proved to be.
type Accepted<IO> = (TlsStream<IO>, Option<Certificate>);

impl ServerTls {
    /// Speaks TLS on `io`, with the certificate as it is now.
    ///
    /// # Errors
    /// Why it did not come about, which the client has been told as far as TLS can say it, and the connection where it
    /// is left.
    pub(crate) async fn accept<IO>(&self, io: IO) -> Result<Accepted<IO>, (Fault, IO)>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let accepting = TlsAcceptor::from(self.config()).accept(io);
        let mut tls = accepting
            .into_fallible()
            .await
            .map_err(|(error, io)| (self.fault(Cause::of(error)), io))?;
        if !is_h2(tls.get_ref().1.alpn_protocol()) {
            // TLS has no words for it any more: it ends by the book, if the client is still there.
            let _ = tls.shutdown().await;
            return Err((self.fault(Cause::NoHttp2), tls.into_inner().0));
        }
        let (_, session) = tls.get_ref();
        let chain = session.peer_certificates().unwrap_or_default().iter();
        let chain: Arc<[_]> = chain.cloned().map(CertificateDer::into_owned).collect();
        Ok((tls, Certificate::new(chain)))
    }

    /// The client did not finish within this time.
    pub(crate) fn timed_out(&self, within: std::time::Duration) -> Fault {
        self.fault(Cause::TimedOut(within))
    }

    fn fault(&self, cause: Cause) -> Fault {
        let trusts = self.trusts();
        Fault {
            cause,
            ours: Ours::Server { trusts },
        }
    }
}
