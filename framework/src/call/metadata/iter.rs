//! Going through metadata, each value as what its key says it is.
//! Neither names of the protocol nor values that do not decode come out.

use bytes::Bytes;
use http::HeaderValue;
use http::header::{self, HeaderMap};

use crate::call::wire;

/// A value of [`Metadata`](crate::Metadata).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataValue<'a> {
    /// Text.
    Ascii(&'a str),
    /// Bytes, of a key that ends in `-bin`.
    Binary(Bytes),
}

/// The keys and values of [`Metadata`](crate::Metadata).
#[derive(Debug)]
pub struct MetadataIter<'a> {
    headers: header::Iter<'a, HeaderValue>,
    /// What is left of a binary value that may hold several, joined by commas.
    joined: Option<(&'a str, &'a [u8])>,
}

impl<'a> MetadataIter<'a> {
    pub(super) fn new(headers: &'a HeaderMap) -> Self {
        Self {
            headers: headers.iter(),
            joined: None,
        }
    }
}

impl<'a> Iterator for MetadataIter<'a> {
    type Item = (&'a str, MetadataValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, joined)) = self.joined.take() {
                let (first, rest) = split(joined);
                self.joined = rest.map(|rest| (key, rest));
                match wire::decode_bin(first) {
                    Some(bytes) => return Some((key, MetadataValue::Binary(bytes.into()))),
                    None => continue,
                }
            }
            let (name, value) = self.headers.next()?;
            let key = name.as_str();
            if wire::is_reserved(key) {
                continue;
            }
            if wire::is_binary(key) {
                self.joined = Some((key, value.as_bytes()));
            } else if let Ok(text) = value.to_str() {
                return Some((key, MetadataValue::Ascii(text)));
            }
        }
    }
}

/// Each of the values that `value` holds, joined by commas.
pub(super) fn decode_joined(value: &HeaderValue) -> impl Iterator<Item = Bytes> {
    value
        .as_bytes()
        .split(|byte| *byte == b',')
        .filter_map(wire::decode_bin)
        .map(Bytes::from)
}

fn split(joined: &[u8]) -> (&[u8], Option<&[u8]>) {
    match joined.iter().position(|byte| *byte == b',') {
        Some(comma) => (&joined[..comma], Some(&joined[comma + 1..])),
        None => (joined, None),
    }
}
