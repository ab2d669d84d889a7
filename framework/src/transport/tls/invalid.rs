//! What is wrong with what TLS is set up with.
//! It finds no fault itself.

use std::fmt;
use std::io;

use crate::call::Status;

/// Why a certificate, a key or the roots cannot be used: which file, what is wrong with it, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTls(String);

impl InvalidTls {
    pub(super) fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl fmt::Display for InvalidTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidTls {}

impl From<InvalidTls> for io::Error {
    fn from(error: InvalidTls) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

/// In a function that returns our [`Status`].
impl From<InvalidTls> for Status {
    fn from(error: InvalidTls) -> Self {
        Status::invalid_argument(error.to_string()).with_source(error)
    }
}

/// A configuration that rustls refuses though its parts are good.
impl From<rustls::Error> for InvalidTls {
    fn from(error: rustls::Error) -> Self {
        Self::new(error)
    }
}
