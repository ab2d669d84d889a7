//! What travels beside the messages of a call: keys and values in HTTP/2 headers and trailers.
//! It never shows or sets what belongs to the protocol itself.

mod invalid;
mod iter;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{HeaderName, HeaderValue};

use super::{Status, wire};
pub use invalid::{InvalidMetadata, InvalidMetadataReason};
pub use iter::{MetadataIter, MetadataValue};

/// The most values that a block of headers takes from us: 64 KiB, the most that is sent, hold at most
/// twice as many; a header map itself panics far above this.
const MAX_VALUES: usize = 1024;

/// Keys and values that travel beside the messages of a call: ASCII text, or bytes under keys that
/// end in `-bin`. A key may have several values. Empty metadata does not allocate.
///
/// Keys are not case-sensitive. Names that belong to the protocol (`grpc-*`, `x-sinew-*`, `te`,
/// `content-type`, `host`, `endpoint-load-metrics-bin` and those that HTTP/2 bans) can neither be set nor seen.
///
/// Setting never fails at once: what cannot be sent is remembered in [`invalid`](Self::invalid),
/// and the call that would send it fails with an error that names the key.
/// [`try_insert`](Self::try_insert) is for keys and values that are not known in advance.
///
/// What is sent at once, before the messages or behind them, is at most 64 KiB: names, values, 32 bytes for each, and
/// what the protocol adds. A call or a reply with more fails with RESOURCE_EXHAUSTED before it is sent; a call that
/// failed anyway keeps its code and message, and its metadata are left out. Many peers take less: 8 or 16 KiB.
///
/// ```
/// let mut metadata = sinew::Metadata::default();
/// metadata.insert("x-tenant", "acme");
/// metadata.insert_bin("x-digest-bin", [1, 2, 3]);
/// assert_eq!(metadata.get("x-tenant"), Some("acme"));
/// assert_eq!(metadata.get_bin("x-digest-bin").as_deref(), Some(&[1, 2, 3][..]));
/// assert!(metadata.invalid().is_none());
/// ```
#[derive(Clone, Default)]
pub struct Metadata(
    /// One word: calls and replies hold several, and most are empty.
    Option<Box<Inner>>,
);

#[derive(Clone, Default)]
struct Inner {
    headers: HeaderMap,
    /// The first thing that could not be set.
    invalid: Option<InvalidMetadata>,
}

/// What metadata without anything look into.
static EMPTY: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);

/// Of so few headers it is worth to see whether all are the protocol's, and nothing need be kept.
const FEW: usize = 4;

impl Metadata {
    /// No metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first text under `key`; `None` when there is none, it is not ASCII, or the key is binary.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.get_all(key).next()
    }

    /// All texts under `key`, in the order in which they came.
    pub fn get_all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let visible = !wire::is_reserved(key) && !wire::is_binary(key);
        visible
            .then(|| self.headers().get_all(key).into_iter())
            .into_iter()
            .flatten()
            .filter_map(|value| value.to_str().ok())
    }

    /// The first bytes under `key`, which ends in `-bin`; `None` when there are none or they are
    /// not base64. Allocates the bytes.
    pub fn get_bin(&self, key: &str) -> Option<Bytes> {
        self.get_all_bin(key).next()
    }

    /// All bytes under `key`, which ends in `-bin`, also those that came joined by commas.
    pub fn get_all_bin<'a>(&'a self, key: &str) -> impl Iterator<Item = Bytes> + use<'a> {
        let visible = !wire::is_reserved(key) && wire::is_binary(key);
        visible
            .then(|| self.headers().get_all(key).into_iter())
            .into_iter()
            .flatten()
            .flat_map(iter::decode_joined)
    }

    /// Whether something that is not the protocol's came or was set under `key`.
    pub fn contains(&self, key: &str) -> bool {
        !wire::is_reserved(key) && self.headers().contains_key(key)
    }

    /// Every key with each of its values, without those of the protocol and those that are
    /// neither ASCII nor, under `-bin`, base64.
    pub fn iter(&self) -> MetadataIter<'_> {
        MetadataIter::new(self.headers())
    }

    /// How many values [`iter`](Self::iter) gives. Looks at each.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether [`iter`](Self::iter) gives nothing.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Sets a text under `key` in place of all that is there. The value is text, such as `&str` or
    /// `String`, or an integer. See [`Metadata`] for what happens when it cannot be sent.
    pub fn insert(&mut self, key: &str, value: impl TryInto<HeaderValue>) {
        let result = self.try_insert(key, value);
        self.note(result);
    }

    /// As [`insert`](Self::insert), but tells at once.
    ///
    /// # Errors
    /// When the key is no name of a header, belongs to the protocol or ends in `-bin`; when the
    /// value is not visible ASCII. Nothing is changed then. Also when there would be more than 1,024
    /// values.
    pub fn try_insert(
        &mut self,
        key: &str,
        value: impl TryInto<HeaderValue>,
    ) -> Result<(), InvalidMetadata> {
        let (name, value) = ascii(key, value)?;
        self.put(name, value)
    }

    /// Sets bytes under `key`, which must end in `-bin`, in place of all that is there.
    pub fn insert_bin(&mut self, key: &str, value: impl AsRef<[u8]>) {
        let result = self.try_insert_bin(key, value);
        self.note(result);
    }

    /// As [`insert_bin`](Self::insert_bin), but tells at once.
    ///
    /// # Errors
    /// When the key is no name of a header, belongs to the protocol or does not end in `-bin`.
    /// Nothing is changed then. Also when there would be more than 1,024 values.
    pub fn try_insert_bin(
        &mut self,
        key: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidMetadata> {
        let (name, value) = binary(key, value)?;
        self.put(name, value)
    }

    /// Adds a text after those under `key`.
    pub fn append(&mut self, key: &str, value: impl TryInto<HeaderValue>) {
        let result = ascii(key, value).and_then(|(name, value)| self.add(name, value));
        self.note(result);
    }

    /// Adds bytes after those under `key`, which must end in `-bin`.
    pub fn append_bin(&mut self, key: &str, value: impl AsRef<[u8]>) {
        let result = binary(key, value).and_then(|(name, value)| self.add(name, value));
        self.note(result);
    }

    /// Removes all values under `key` and tells whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let Some(inner) = &mut self.0 else {
            return false;
        };
        !wire::is_reserved(key) && inner.headers.remove(key).is_some()
    }

    /// The first thing that was set and cannot be sent, if there is one. The call that would send
    /// this metadata fails with it.
    pub fn invalid(&self) -> Option<&InvalidMetadata> {
        self.0.as_ref()?.invalid.as_ref()
    }

    /// What a peer sent, as it came: nothing is copied.
    pub(crate) fn from_headers(headers: HeaderMap) -> Self {
        let few = headers.len() <= FEW;
        if few && headers.keys().all(|name| wire::is_reserved(name.as_str())) {
            return Self::default();
        }
        Self(Some(Box::new(Inner {
            headers,
            invalid: None,
        })))
    }

    /// Whether anything may be in it. Looks at nothing.
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// All of it, also what belongs to the protocol.
    pub(crate) fn headers(&self) -> &HeaderMap {
        match &self.0 {
            Some(inner) => &inner.headers,
            None => &EMPTY,
        }
    }

    /// All of it, also what belongs to the protocol.
    #[cfg(test)]
    pub(crate) fn into_headers(self) -> HeaderMap {
        self.0.map(|inner| inner.headers).unwrap_or_default()
    }

    /// Appends all but what belongs to the protocol to the headers of a call, before the protocol
    /// writes its own.
    ///
    /// # Errors
    /// When something invalid was set, or there would be more than 1,024 headers.
    pub(crate) fn write_to(&self, out: &mut HeaderMap) -> Result<(), InvalidMetadata> {
        let Some(inner) = &self.0 else {
            return Ok(());
        };
        if let Some(invalid) = &inner.invalid {
            return Err(invalid.clone());
        }
        for (name, value) in &inner.headers {
            if wire::is_reserved(name.as_str()) {
                continue;
            }
            add_to(out, name, value.clone())?;
        }
        Ok(())
    }

    /// As [`write_to`](Self::write_to), to a block of a reply that must not be too large for its peer.
    ///
    /// # Errors
    /// Also RESOURCE_EXHAUSTED when it is.
    pub(crate) fn write_reply(&self, out: &mut HeaderMap) -> Result<(), Status> {
        self.write_to(out)?;
        if self.is_set() {
            wire::check_block(out, wire::REPLY_OWN)?;
        }
        Ok(())
    }

    fn put(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), InvalidMetadata> {
        self.inner().headers.remove(&name);
        self.add(name, value)
    }

    fn add(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), InvalidMetadata> {
        add_to(&mut self.inner().headers, &name, value)
    }

    fn note(&mut self, result: Result<(), InvalidMetadata>) {
        if let Err(invalid) = result {
            self.inner().invalid.get_or_insert(invalid);
        }
    }

    fn inner(&mut self) -> &mut Inner {
        self.0.get_or_insert_default()
    }
}

impl<'a> IntoIterator for &'a Metadata {
    type Item = (&'a str, MetadataValue<'a>);
    type IntoIter = MetadataIter<'a>;

    fn into_iter(self) -> MetadataIter<'a> {
        self.iter()
    }
}

/// Values of keys that look like credentials are not shown, binary ones only by their length.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (key, value) in self {
            map.key(&key);
            match value {
                _ if wire::is_secret(key) => map.value(&format_args!("[REDACTED]")),
                MetadataValue::Ascii(text) => map.value(&text),
                MetadataValue::Binary(bytes) => map.value(&format_args!("<{} bytes>", bytes.len())),
            };
        }
        if let Some(invalid) = self.invalid() {
            map.entry(&format_args!("<invalid>"), &format_args!("{invalid}"));
        }
        map.finish()
    }
}

fn add_to(
    headers: &mut HeaderMap,
    name: &HeaderName,
    value: HeaderValue,
) -> Result<(), InvalidMetadata> {
    if headers.len() < MAX_VALUES && headers.try_append(name, value).is_ok() {
        return Ok(());
    }
    let reason = InvalidMetadataReason::TooMany;
    Err(InvalidMetadata::new(name.as_str(), reason))
}

fn ascii(
    key: &str,
    value: impl TryInto<HeaderValue>,
) -> Result<(HeaderName, HeaderValue), InvalidMetadata> {
    let name = name(key)?;
    if wire::is_binary(key) {
        return Err(InvalidMetadata::new(key, InvalidMetadataReason::BinaryKey));
    }
    match value.try_into() {
        // What a header may hold and gRPC's ASCII-Value may not: tab, and bytes above ASCII.
        Ok(value)
            if value
                .as_bytes()
                .iter()
                .all(|byte| matches!(byte, b' '..=b'~')) =>
        {
            Ok((name, value))
        }
        _ => Err(InvalidMetadata::new(key, InvalidMetadataReason::Value)),
    }
}

fn binary(
    key: &str,
    value: impl AsRef<[u8]>,
) -> Result<(HeaderName, HeaderValue), InvalidMetadata> {
    let name = name(key)?;
    if !wire::is_binary(key) {
        return Err(InvalidMetadata::new(key, InvalidMetadataReason::AsciiKey));
    }
    Ok((name, wire::encode_bin(value.as_ref())))
}

fn name(key: &str) -> Result<HeaderName, InvalidMetadata> {
    if wire::is_reserved(key) {
        return Err(InvalidMetadata::new(key, InvalidMetadataReason::Reserved));
    }
    HeaderName::from_bytes(key.as_bytes())
        .map_err(|_| InvalidMetadata::new(key, InvalidMetadataReason::Key))
}
