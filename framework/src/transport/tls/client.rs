//! A client's TLS: whose certificates it takes, which name they must have, and the certificate it shows itself.
//! It refuses to connect: that is `dial.rs`.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;

use super::invalid::InvalidTls;
use super::live::{Live, Recipe, Tell, TlsState};
use super::pem::{Identity, Source, Text, add_roots, certified, listed};
use super::{H2, VERSIONS, provider};

/// What roots are called that are in no file.
const ROOTS: &str = "the roots given";

/// Whom a channel trusts, and what it shows of itself; for [`crate::ChannelBuilder::tls`].
///
/// A channel to an `https://` URL without it trusts the roots of the system, and shows nothing.
///
/// Clones share it, so that one may be kept to [`ClientTls::reload`] it. While a channel is in use, its files are read
/// again every two seconds.
#[derive(Clone)]
pub struct ClientTls {
    live: Arc<Live<ClientRecipe>>,
    server_name: Option<ServerName<'static>>,
}

impl ClientTls {
    /// Trusts the roots of the system: as [`ClientTls::builder`] without more.
    ///
    /// # Errors
    /// That the system has none.
    pub fn system() -> Result<Self, InvalidTls> {
        Self::builder().build()
    }

    /// To be set up.
    pub fn builder() -> ClientTlsBuilder {
        ClientTlsBuilder::default()
    }

    /// A configuration of rustls, for what is not offered here: other ways to check certificates, revocation lists,
    /// hardware keys. ALPN is set to `h2` in it; there is nothing to reload.
    pub fn from_rustls(config: Arc<ClientConfig>) -> Self {
        let mut config = config;
        if config.alpn_protocols != [H2] {
            Arc::make_mut(&mut config).alpn_protocols = vec![H2.to_vec()];
        }
        Self {
            live: Arc::new(Live::Given(config)),
            server_name: None,
        }
    }

    /// Reads the files now, and says whether something in them was new. Connections that are made later have it. The
    /// roots of the system are read once in a process. It blocks while it reads.
    ///
    /// # Errors
    /// What is wrong with what the files hold now: what they held before goes on to hold.
    pub fn reload(&self) -> Result<bool, InvalidTls> {
        self.live.reload()
    }

    /// What became of the files.
    pub fn state(&self) -> TlsState {
        self.live.state()
    }

    pub(super) fn tell(&self, tell: &Arc<Tell>) {
        self.live.tell(tell);
    }

    /// For a connection that is made now.
    pub(super) async fn config(&self) -> Arc<ClientConfig> {
        self.live.fresh().await;
        self.live.config()
    }

    pub(super) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }

    /// Does it show a certificate? Nobody knows of one that the user has made.
    pub(super) fn shows_certificate(&self) -> bool {
        let recipe = self.live.recipe();
        recipe.is_none_or(|recipe| recipe.identity.is_some())
    }

    /// Whose certificates are taken, in words.
    pub(super) fn trusts(&self) -> String {
        match self.live.recipe() {
            None => "those of its configuration of rustls".to_owned(),
            Some(recipe) => recipe.trusts(),
        }
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientTls").field(&self.live).finish()
    }
}

/// Sets up a [`ClientTls`].
#[must_use = "a builder reads nothing until it is built"]
#[derive(Clone, Debug, Default)]
pub struct ClientTlsBuilder {
    roots: Vec<Source>,
    with_system_roots: bool,
    identity: Option<Identity>,
    server_name: Option<String>,
}

impl ClientTlsBuilder {
    /// Trusts the roots in this file, and no longer those of the system; with several files, those in all of them. A
    /// root is the certificate of an authority: of one of your own, mostly.
    pub fn roots_pem_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots.push(Source::File(path.into()));
        self
    }

    /// As [`ClientTlsBuilder::roots_pem_file`], with PEM that is in memory already.
    pub fn roots_pem(mut self, pem: impl Into<Arc<[u8]>>) -> Self {
        self.roots.push(Source::Given(pem.into()));
        self
    }

    /// Trusts the roots of the system beside those that are named.
    pub fn with_system_roots(mut self) -> Self {
        self.with_system_roots = true;
        self
    }

    /// Shows a certificate to servers that ask for one (mutual TLS), with its chain, and its key, in files as PEM: as
    /// [`crate::tls::ServerTls::builder`] takes them.
    pub fn identity_pem_files(
        mut self,
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        let (chain, key) = (Source::File(chain.into()), Source::File(key.into()));
        self.identity = Some(Identity { chain, key });
        self
    }

    /// As [`ClientTlsBuilder::identity_pem_files`], with PEM that is in memory already.
    pub fn identity_pem(mut self, chain: impl Into<Arc<[u8]>>, key: impl Into<Arc<[u8]>>) -> Self {
        let (chain, key) = (Source::Given(chain.into()), Source::Given(key.into()));
        self.identity = Some(Identity { chain, key });
        self
    }

    /// The name that the certificates of all of the channel's servers must have, in place of the host in the URL of
    /// each: a DNS name or an IP address. A DNS name is also sent to the server (SNI).
    ///
    /// For servers that are reached by an address which is not in their certificates. It changes nothing of the
    /// `:authority` of calls.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Reads the files and checks what they hold. It blocks while it reads.
    ///
    /// # Errors
    /// What is wrong with a file; that the key is not the certificate's; that a name is none; that the system has no
    /// roots, where they are to be trusted.
    pub fn build(self) -> Result<ClientTls, InvalidTls> {
        let server_name = match self.server_name {
            None => None,
            Some(name) => Some(parse_name(&name).ok_or_else(|| {
                InvalidTls::new(format_args!(
                    "server_name {name:?} is neither a DNS name nor an IP address"
                ))
            })?),
        };
        let recipe = ClientRecipe {
            with_system_roots: self.with_system_roots || self.roots.is_empty(),
            roots: self.roots,
            identity: self.identity,
        };
        Ok(ClientTls {
            live: Arc::new(Live::new(recipe)?),
            server_name,
        })
    }
}

/// The name that a certificate is checked against. The final dot of a host says that it is complete, and is no part of
/// its name (RFC 6066 §3).
pub(super) fn parse_name(host: &str) -> Option<ServerName<'static>> {
    let name = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(name.to_owned()).ok()
}

struct ClientRecipe {
    roots: Vec<Source>,
    with_system_roots: bool,
    identity: Option<Identity>,
}

impl fmt::Display for ClientRecipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trusting {}", self.trusts())?;
        match &self.identity {
            Some(identity) => write!(f, ", showing {identity}"),
            None => Ok(()),
        }
    }
}

#[derive(PartialEq)]
struct Read {
    roots: Vec<Text>,
    identity: Option<[Text; 2]>,
}

impl Recipe for ClientRecipe {
    type Read = Read;
    type Config = ClientConfig;

    fn has_files(&self) -> bool {
        self.roots.iter().any(Source::is_file)
            || self.identity.as_ref().is_some_and(Identity::is_file)
    }

    fn read(&self) -> Result<Read, InvalidTls> {
        let roots = self.roots.iter().map(|root| root.read(ROOTS));
        Ok(Read {
            roots: roots.collect::<Result<_, _>>()?,
            identity: self.identity.as_ref().map(Identity::read).transpose()?,
        })
    }

    fn build(&self, read: &Read) -> Result<Arc<ClientConfig>, InvalidTls> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)?
            .with_root_certificates(self.trusted(&read.roots)?);
        let mut config = match &read.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let certified = certified(identity)?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            }
        };
        config.alpn_protocols = vec![H2.to_vec()];
        // Each connection proves everything anew.
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

impl ClientRecipe {
    fn trusted(&self, texts: &[Text]) -> Result<Arc<RootCertStore>, InvalidTls> {
        let mut roots = match self.with_system_roots {
            true => system_roots()?,
            false => Arc::new(RootCertStore::empty()),
        };
        if !texts.is_empty() {
            let all = Arc::make_mut(&mut roots);
            for text in texts {
                add_roots(all, text)?;
            }
        }
        Ok(roots)
    }

    fn trusts(&self) -> String {
        let named = listed(&self.roots, ROOTS);
        match (self.with_system_roots, self.roots.is_empty()) {
            (true, true) => "the roots of this system".to_owned(),
            (true, false) => format!("the roots of this system, and {named}"),
            (false, _) => named,
        }
    }
}

/// Read once in a process: a change of the system's roots is rare, and there are hundreds of them.
///
/// # Errors
/// That there are none, and why.
fn system_roots() -> Result<Arc<RootCertStore>, InvalidTls> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(Arc::clone(roots));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some systems keep certificates that are no roots any more; others are not to suffer for it.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(": {error}"));
        return Err(InvalidTls::new(format_args!(
            "this system has no root certificates{} (install ca-certificates, name a file in SSL_CERT_FILE, \
             or trust an authority of your own by ClientTlsBuilder::roots_pem_file)",
            why.unwrap_or_default()
        )));
    }
    Ok(Arc::clone(ROOTS.get_or_init(|| Arc::new(roots))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_without_its_final_dot() {
        for (host, name) in [
            ("cart.internal", Some("cart.internal")),
            ("cart.internal.", Some("cart.internal")),
            ("cart_1", Some("cart_1")),
            ("10.0.0.1", Some("10.0.0.1")),
            ("::1", Some("::1")),
            ("", None),
            (".", None),
            ("-", None),
            ("*.internal", None),
        ] {
            let parsed = parse_name(host);
            let parsed = parsed.as_ref().map(ServerName::to_str);
            assert_eq!(parsed.as_deref(), name, "{host:?}");
        }
    }
}
