//! The handshake of a channel: on a connection that is open, with the name that its URL says.
//! It refuses to open connections, and to try again.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::client::{ClientTls, parse_name};
use super::fault::{Cause, Fault, Ours};
use super::is_h2;
use super::live::Tell;
use crate::transport::stream::Stream;
use crate::transport::target::{InvalidTarget, Problem, Target};

/// TLS of a channel, or none.
pub(crate) struct ChannelTls {
    tls: Option<ClientTls>,
    tell: Option<Arc<Tell>>,
}

impl ChannelTls {
    /// `tls` is what the channel is set to; `tell` is told of changes of its files.
    pub(crate) fn new(tls: Option<ClientTls>, tell: Option<Arc<Tell>>) -> Self {
        if let (Some(tls), Some(tell)) = (&tls, &tell) {
            tls.tell(tell);
        }
        Self { tls, tell }
    }

    /// How `target`, written `url`, is to be secured; nothing where it is not. `called` is the name that its
    /// certificate has to be for, where that is not the host that is connected to.
    ///
    /// # Errors
    /// That the channel and the URL contradict each other; that the host is no name for a certificate; that the system
    /// has no roots.
    pub(crate) fn secure(
        &mut self,
        target: &Target,
        called: Option<&str>,
        url: &str,
    ) -> Result<Option<Secure>, InvalidTarget> {
        let invalid = |problem| InvalidTarget::new(url, problem);
        let Target::Tcp {
            host, tls: true, ..
        } = target
        else {
            return match &self.tls {
                None => Ok(None),
                Some(_) => Err(invalid(Problem::NoTlsThere {
                    tls: target.to_string().replacen("http:", "https:", 1),
                })),
            };
        };
        let tls = match &self.tls {
            Some(tls) => tls.clone(),
            None => {
                let system = ClientTls::system();
                let system = system.map_err(|error| invalid(Problem::Roots(error.to_string())))?;
                self.tls.insert(system).clone()
            }
        };
        let host = called.unwrap_or(host);
        let name = match tls.server_name() {
            Some(name) => name.clone(),
            None => {
                parse_name(host).ok_or_else(|| invalid(Problem::ServerName(host.to_owned())))?
            }
        };
        Ok(Some(Secure {
            tls,
            name,
            _tell: self.tell.clone(),
        }))
    }
}

/// TLS towards one endpoint.
#[derive(Clone)]
pub(crate) struct Secure {
    tls: ClientTls,
    /// What the server's certificate must be for.
    name: ServerName<'static>,
    /// Told of changes of files, as long as there is an endpoint to connect to.
    _tell: Option<Arc<Tell>>,
}

impl Secure {
    /// Speaks TLS on `io`, until `until` at most, which is `budget` after connecting began.
    ///
    /// # Errors
    /// Why it did not come about.
    pub(crate) async fn connect(
        &self,
        io: Stream,
        until: Instant,
        budget: Duration,
    ) -> Result<Stream, Fault> {
        let connected = timeout_at(until, self.handshake(io)).await;
        connected
            .unwrap_or(Err(Cause::TimedOut(budget)))
            .map_err(|cause| self.fault(cause))
    }

    async fn handshake(&self, io: Stream) -> Result<Stream, Cause> {
        let connector = TlsConnector::from(self.tls.config().await);
        let tls = connector.connect(self.name.clone(), io).await;
        let tls = tls.map_err(Cause::of)?;
        let (_, session) = tls.get_ref();
        if !is_h2(session.alpn_protocol()) {
            return Err(Cause::NoHttp2);
        }
        Ok(Stream::tls(tls))
    }

    /// Why HTTP/2 did not begin after the handshake, where that is about TLS: with TLS 1.3 a client is done before the
    /// server has seen its certificate (RFC 8446 §2), and some hang up then (`is_broken`) without a word.
    pub(crate) fn refused(&self, last_words: &LastWords, is_broken: bool) -> Option<Fault> {
        match last_words.0.get() {
            Some(said) => Some(self.fault(Cause::Tls(said.clone()))),
            None => is_broken.then(|| self.fault(Cause::HungUpAfterwards)),
        }
    }

    fn fault(&self, cause: Cause) -> Fault {
        let ours = Ours::Client {
            trusts: self.tls.trusts(),
            shows_certificate: self.tls.shows_certificate(),
        };
        Fault { cause, ours }
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secure({:?}, {:?})", self.name, self.tls)
    }
}

/// What TLS said when it broke: HTTP/2 keeps of it only that something did.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastWords(Arc<OnceLock<rustls::Error>>);

impl LastWords {
    pub(crate) fn hear(&self, error: &std::io::Error) {
        let said = error.get_ref().and_then(|inner| inner.downcast_ref());
        if let Some(said) = said {
            // The first ones count.
            let _ = self.0.set(rustls::Error::clone(said));
        }
    }
}
