//! Why metadata cannot be sent.
//! It shows the key, never the value: that may be a credential.

use std::error::Error;
use std::fmt;

/// The longest part of a key that an error shows, in characters: keys may come from outside.
const MAX_SHOWN: usize = 100;

/// Metadata that cannot be sent, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMetadata {
    key: String,
    reason: InvalidMetadataReason,
}

/// Why metadata cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidMetadataReason {
    /// The key is not the name of an HTTP header.
    Key,
    /// The key belongs to the protocol.
    Reserved,
    /// The key ends in `-bin`, and the value was given as text.
    BinaryKey,
    /// The key does not end in `-bin`, and the value was given as bytes.
    AsciiKey,
    /// The value is not visible ASCII.
    Value,
    /// There are more than 1,024 values.
    TooMany,
}

impl InvalidMetadata {
    pub(super) fn new(key: &str, reason: InvalidMetadataReason) -> Self {
        let key = key.chars().take(MAX_SHOWN).collect();
        Self { key, reason }
    }

    /// The key, at most its first 100 characters.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong.
    pub fn reason(&self) -> InvalidMetadataReason {
        self.reason
    }
}

impl fmt::Display for InvalidMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata {:?} cannot be sent: ", self.key)?;
        f.write_str(match self.reason {
            InvalidMetadataReason::Key => {
                "a key is made of letters, digits and any of -_. (as in names of HTTP headers)"
            }
            InvalidMetadataReason::Reserved => "this key belongs to the protocol; use another",
            InvalidMetadataReason::BinaryKey => {
                "a key that ends in -bin holds bytes; use insert_bin or append_bin (on a Call: metadata_bin)"
            }
            InvalidMetadataReason::AsciiKey => {
                "bytes need a key that ends in -bin; rename it, or use insert or append for text"
            }
            InvalidMetadataReason::Value => {
                "the value is not visible ASCII; for any other, use insert_bin and a key that ends in -bin"
            }
            InvalidMetadataReason::TooMany => "there are too many values; at most 1,024 are sent",
        })
    }
}

impl Error for InvalidMetadata {}
