//! Authorities and the certificates that they sign, made for one test each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType, date_time_ymd,
};
use sinew::tls::{ClientTls, ClientTlsBuilder, ServerTls, ServerTlsBuilder};

use crate::world::Dir;

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    /// Signs a certificate for these names, DNS and IP, after `change`.
    pub(crate) fn sign(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Identity {
            chain: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// For a server of these tests.
    pub(crate) fn server(&self) -> Identity {
        self.sign(&["localhost", "127.0.0.1"], |_| {})
    }

    /// The same, with this serial number.
    pub(crate) fn server_with_serial(&self, serial: u64) -> Identity {
        self.sign(&["localhost", "127.0.0.1"], |params| {
            params.serial_number = Some(serial.into());
        })
    }

    /// For a client with this SPIFFE ID.
    pub(crate) fn client(&self, id: &str) -> Identity {
        self.sign(&["client.test"], |params| {
            let id = SanType::URI(id.try_into().unwrap());
            params.subject_alt_names.push(id);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    /// A client's TLS that trusts this authority alone.
    pub(crate) fn trusted(&self) -> ClientTlsBuilder {
        ClientTls::builder().roots_pem(self.pem())
    }
}

/// Expired for a good while.
pub(crate) fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(2020, 1, 1);
}

/// Not valid for a good while.
pub(crate) fn not_yet(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(4000, 1, 1);
    params.not_after = date_time_ymd(4001, 1, 1);
}

impl Identity {
    pub(crate) fn builder(&self) -> ServerTlsBuilder {
        ServerTls::builder_pem(self.chain.as_bytes(), self.key.as_bytes())
    }

    pub(crate) fn tls(&self) -> ServerTls {
        self.builder().build().unwrap()
    }

    pub(crate) fn shown_by(&self, tls: ClientTlsBuilder) -> ClientTls {
        tls.identity_pem(self.chain.as_bytes(), self.key.as_bytes())
            .build()
            .unwrap()
    }
}

/// A folder with an identity in it.
pub(crate) struct Files {
    dir: Arc<Dir>,
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

impl Files {
    pub(crate) fn new(identity: &Identity) -> Self {
        let dir = Dir::new();
        let (chain, key) = (dir.path().join("tls.pem"), dir.path().join("tls.key"));
        let dir = Arc::new(dir);
        let files = Self { dir, chain, key };
        files.write(identity);
        files
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, identity: &Identity) {
        std::fs::write(&self.chain, &identity.chain).unwrap();
        std::fs::write(&self.key, &identity.key).unwrap();
    }

    pub(crate) fn tls(&self) -> ServerTls {
        ServerTls::from_pem_files(&self.chain, &self.key).unwrap()
    }
}
