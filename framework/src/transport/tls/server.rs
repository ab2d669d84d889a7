//! A server's TLS: its certificate, and whom it lets in.
//! It refuses to read a byte that a client sends: that is rustls's.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{RootCertStore, ServerConfig};

use super::invalid::InvalidTls;
use super::live::{Live, Recipe, Tell, TlsState};
use super::pem::{Identity, Source, Text, add_roots, certified, listed};
use super::{H2, VERSIONS, provider};

/// What roots are called that are in no file.
const CLIENT_ROOTS: &str = "the client roots given";

/// What a server shows to its clients, and what it asks of them; for [`crate::Server::tls`].
///
/// Clones share it, so that one may be kept to [`ServerTls::reload`] it. While a server runs, its files are read again
/// every two seconds.
#[derive(Clone)]
pub struct ServerTls(Arc<Live<ServerRecipe>>);

impl ServerTls {
    /// A certificate with its chain, and its key, in files as PEM: as [`ServerTls::builder`] without more.
    ///
    /// # Errors
    /// What is wrong with a file; that the key is not the certificate's.
    pub fn from_pem_files(
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, InvalidTls> {
        Self::builder(chain, key).build()
    }

    /// To be set up, with a certificate and its key in files as PEM. The first certificate in `chain` is the server's
    /// own, those behind it lead to a root; the key is PKCS #8, PKCS #1 or SEC 1, and not encrypted.
    pub fn builder(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> ServerTlsBuilder {
        ServerTlsBuilder::new(Source::File(chain.into()), Source::File(key.into()))
    }

    /// As [`ServerTls::builder`], with PEM that is in memory already; there is nothing to reload then.
    pub fn builder_pem(chain: impl Into<Arc<[u8]>>, key: impl Into<Arc<[u8]>>) -> ServerTlsBuilder {
        ServerTlsBuilder::new(Source::Given(chain.into()), Source::Given(key.into()))
    }

    /// A configuration of rustls, for what is not offered here: several certificates, revocation lists, hardware keys.
    /// ALPN is set to `h2` in it; there is nothing to reload.
    pub fn from_rustls(config: Arc<ServerConfig>) -> Self {
        let mut config = config;
        if config.alpn_protocols != [H2] {
            Arc::make_mut(&mut config).alpn_protocols = vec![H2.to_vec()];
        }
        Self(Arc::new(Live::Given(config)))
    }

    /// Reads the files now, and says whether something in them was new. Connections that are made later have it.
    /// It blocks while it reads.
    ///
    /// # Errors
    /// What is wrong with what the files hold now: what they held before goes on to hold.
    pub fn reload(&self) -> Result<bool, InvalidTls> {
        self.0.reload()
    }

    /// What became of the files.
    pub fn state(&self) -> TlsState {
        self.0.state()
    }

    pub(crate) fn follow(&self, tell: Option<&Arc<Tell>>) {
        if let Some(tell) = tell {
            self.0.tell(tell);
        }
        self.0.follow();
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.0.config()
    }

    /// Whose certificates are taken, in words.
    pub(super) fn trusts(&self) -> String {
        match self.0.recipe() {
            Some(recipe) => listed(&recipe.clients.roots, CLIENT_ROOTS),
            None => "those of its configuration of rustls".to_owned(),
        }
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerTls({:?})", self.0)
    }
}

/// Sets up a [`ServerTls`].
#[must_use = "a builder reads nothing until it is built"]
#[derive(Clone, Debug)]
pub struct ServerTlsBuilder {
    identity: Identity,
    clients: Clients,
}

impl ServerTlsBuilder {
    fn new(chain: Source, key: Source) -> Self {
        Self {
            identity: Identity { chain, key },
            clients: Clients::default(),
        }
    }

    /// Lets in only clients with a certificate that one of the roots in this file has signed (mutual TLS); with several
    /// files, one of the roots in any of them. A root is the certificate of an authority; the system's are never asked.
    ///
    /// Handlers find what the client showed in [`crate::Peer::certificate`]: that it is known, not that it may do what
    /// it asks for, is what TLS says.
    pub fn client_roots_pem_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.clients.roots.push(Source::File(path.into()));
        self
    }

    /// As [`ServerTlsBuilder::client_roots_pem_file`], with PEM that is in memory already.
    pub fn client_roots_pem(mut self, pem: impl Into<Arc<[u8]>>) -> Self {
        self.clients.roots.push(Source::Given(pem.into()));
        self
    }

    /// Lets in clients that show no certificate, too. Those that show one are checked as before.
    pub fn client_certificate_optional(mut self) -> Self {
        self.clients.is_optional = true;
        self
    }

    /// Reads the files and checks what they hold. It blocks while it reads.
    ///
    /// # Errors
    /// What is wrong with a file; that the key is not the certificate's; that certificates of clients are optional, and
    /// there is no root for them.
    pub fn build(self) -> Result<ServerTls, InvalidTls> {
        let Self { identity, clients } = self;
        if clients.is_optional && clients.roots.is_empty() {
            return Err(InvalidTls::new(
                "client_certificate_optional says that clients may show certificates, and no roots say whose are \
                 taken: name them by client_roots_pem_file",
            ));
        }
        let recipe = ServerRecipe { identity, clients };
        Ok(ServerTls(Arc::new(Live::new(recipe)?)))
    }
}

/// Whose certificates are asked for; nobody's where there are no roots.
#[derive(Clone, Debug, Default)]
struct Clients {
    roots: Vec<Source>,
    is_optional: bool,
}

struct ServerRecipe {
    identity: Identity,
    clients: Clients,
}

impl fmt::Display for ServerRecipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.identity.fmt(f)?;
        if !self.clients.roots.is_empty() {
            write!(
                f,
                ", clients of {}",
                listed(&self.clients.roots, CLIENT_ROOTS)
            )?;
        }
        Ok(())
    }
}

#[derive(PartialEq)]
struct Read {
    identity: [Text; 2],
    roots: Vec<Text>,
}

impl Recipe for ServerRecipe {
    type Read = Read;
    type Config = ServerConfig;

    fn has_files(&self) -> bool {
        self.identity.is_file() || self.clients.roots.iter().any(Source::is_file)
    }

    fn read(&self) -> Result<Read, InvalidTls> {
        let roots = self.clients.roots.iter();
        Ok(Read {
            identity: self.identity.read()?,
            roots: roots
                .map(|root| root.read(CLIENT_ROOTS))
                .collect::<Result<_, _>>()?,
        })
    }

    fn build(&self, read: &Read) -> Result<Arc<ServerConfig>, InvalidTls> {
        let certified = certified(&read.identity)?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)?
            .with_client_cert_verifier(self.verifier(&read.roots)?)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![H2.to_vec()];
        // Each connection proves everything anew.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

impl ServerRecipe {
    fn verifier(&self, texts: &[Text]) -> Result<Arc<dyn ClientCertVerifier>, InvalidTls> {
        if texts.is_empty() {
            return Ok(WebPkiClientVerifier::no_client_auth());
        }
        let mut roots = RootCertStore::empty();
        for text in texts {
            add_roots(&mut roots, text)?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let verifier = match self.clients.is_optional {
            true => verifier.allow_unauthenticated(),
            false => verifier,
        };
        verifier.build().map_err(InvalidTls::new)
    }
}
