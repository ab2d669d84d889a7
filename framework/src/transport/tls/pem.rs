//! Certificates, keys and roots as PEM: where they come from, read, and parsed with all that may be wrong with them.
//! It keeps nothing, and proves nothing that they say.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::fault::OLD_VERSION;
use super::invalid::InvalidTls;

/// The largest file that is read, in bytes: all public roots have a quarter of that.
const MOST_BYTES: u64 = 1024 * 1024;

/// Where some PEM comes from.
#[derive(Clone)]
pub(super) enum Source {
    File(PathBuf),
    Given(Arc<[u8]>),
}

/// What a source held when it was read.
#[derive(PartialEq, Eq)]
pub(super) struct Text {
    name: String,
    bytes: Vec<u8>,
}

/// What they are called that are in no file.
const CHAIN: &str = "the certificate given";
const KEY: &str = "the key given";

/// Where a certificate with its chain and its key come from.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) chain: Source,
    pub(super) key: Source,
}

impl Identity {
    pub(super) fn is_file(&self) -> bool {
        self.chain.is_file() || self.key.is_file()
    }

    pub(super) fn read(&self) -> Result<[Text; 2], InvalidTls> {
        Ok([self.chain.read(CHAIN)?, self.key.read(KEY)?])
    }
}

/// What is read of it, in words.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (chain, key) = (self.chain.name(CHAIN), self.key.name(KEY));
        write!(f, "{chain} with {key}")
    }
}

impl Source {
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    fn name(&self, given: &str) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Given(_) => given.to_owned(),
        }
    }

    /// Reads it; `given` is what it is called where it is no file.
    pub(super) fn read(&self, given: &str) -> Result<Text, InvalidTls> {
        let name = self.name(given);
        let path = match self {
            Self::File(path) => path,
            Self::Given(bytes) => {
                let bytes = bytes.to_vec();
                return Ok(Text { name, bytes });
            }
        };
        let mut bytes = Vec::new();
        let read =
            File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
        match read.map(u64::try_from) {
            Ok(Ok(read)) if read <= MOST_BYTES => Ok(Text { name, bytes }),
            Ok(_) => Err(InvalidTls::new(format_args!(
                "{name}: it has more than {MOST_BYTES} bytes"
            ))),
            Err(error) => Err(InvalidTls::new(format_args!(
                "{name}: it cannot be read: {error}"
            ))),
        }
    }
}

/// The names of sources in a sentence; `given` is what those are called that are no files.
pub(super) fn listed(sources: &[Source], given: &str) -> String {
    let names = sources.iter().map(|source| source.name(given));
    names.collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            // It may be a key.
            Self::Given(_) => f.write_str("(given)"),
        }
    }
}

impl Text {
    fn wrong(&self, what: impl fmt::Display) -> InvalidTls {
        InvalidTls::new(format_args!("{}: {what}", self.name))
    }

    /// All certificates in it, at least one.
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, InvalidTls> {
        let mut found = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(&self.bytes) {
            let number = found.len() + 1;
            found.push(certificate.map_err(|error| {
                self.wrong(format_args!(
                    "certificate {number} is no PEM: {}",
                    shown(&error)
                ))
            })?);
        }
        if found.is_empty() {
            let hint = match self.holds("PRIVATE KEY-----") {
                true => "it holds a private key: are the two the other way round?",
                false => "it would begin with -----BEGIN CERTIFICATE-----",
            };
            return Err(self.wrong(format_args!("it holds no certificate as PEM ({hint})")));
        }
        Ok(found)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, InvalidTls> {
        if self.holds("BEGIN ENCRYPTED PRIVATE KEY-----") || self.holds("Proc-Type: 4,ENCRYPTED") {
            return Err(self.wrong(
                "its key is encrypted, and nobody is there to ask for the password (write it without: \
                 openssl pkey -in KEY -out PLAIN)",
            ));
        }
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|error| match error {
            pem::Error::NoItemsFound => {
                let hint = match self.holds("BEGIN CERTIFICATE-----") {
                    true => "it holds a certificate: are the two the other way round?",
                    false => "it would begin with -----BEGIN PRIVATE KEY-----",
                };
                self.wrong(format_args!("it holds no private key as PEM ({hint})"))
            }
            error => self.wrong(format_args!("its key is no PEM: {}", shown(&error))),
        })
    }

    fn holds(&self, mark: &str) -> bool {
        let mark = mark.as_bytes();
        self.bytes.windows(mark.len()).any(|bytes| bytes == mark)
    }
}

/// The errors of the reader show the bytes of a line as numbers.
fn shown(error: &pem::Error) -> String {
    let line = |line: &[u8]| String::from_utf8_lossy(line).trim().to_owned();
    match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            let what = line(end_marker);
            format!("its end, -----END {what}-----, is missing (is the file half-written?)")
        }
        pem::Error::IllegalSectionStart { line: start } => {
            format!("{:?} begins nothing", line(start))
        }
        error => error.to_string(),
    }
}

/// The certificate with its chain, and the key to it.
///
/// # Errors
/// What is wrong with either; that the two do not belong together.
pub(super) fn certified([chain, key]: &[Text; 2]) -> Result<CertifiedKey, InvalidTls> {
    let certificates = chain.certificates()?;
    let der = key.key()?;
    CertifiedKey::from_der(certificates, der, &super::provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => InvalidTls::new(format_args!(
            "{}: its key is not that of the first certificate in {} (the certificate of the key has to be the first, \
             then those of its issuers)",
            key.name, chain.name
        )),
        rustls::Error::InvalidCertificate(error) => match &error {
            CertificateError::Other(other)
                if matches!(other.0.downcast_ref(), Some(webpki::Error::UnsupportedCertVersion)) =>
            {
                chain.wrong(format_args!("its first certificate {OLD_VERSION}"))
            }
            error => chain.wrong(format_args!(
                "its first certificate cannot be read: {error}"
            )),
        },
        error => key.wrong(format_args!(
            "its key cannot be used: {error} (RSA of 2048 to 8192 bits, ECDSA on P-256 or P-384, and Ed25519 can)"
        )),
    })
}

/// Adds all certificates in `text` to `roots`.
pub(super) fn add_roots(roots: &mut RootCertStore, text: &Text) -> Result<(), InvalidTls> {
    for (number, certificate) in (1..).zip(text.certificates()?) {
        roots.add(certificate).map_err(|error| {
            text.wrong(format_args!(
                "certificate {number} is no root that could be trusted: {error}"
            ))
        })?;
    }
    Ok(())
}
