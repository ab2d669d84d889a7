//! Why a service cannot be exported.
//! It refuses to stop at the first message that lacks something: all are named.

use std::error::Error;
use std::fmt;

use crate::call::MethodSpec;

/// Why a service cannot be exported.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportError {
    /// A descriptor set that cannot be decoded.
    Descriptors(prost::DecodeError),
    /// Messages that lack something.
    Missing(Vec<Missing>),
}

/// A message that lacks something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    method: String,
    message: String,
    lack: Lack,
}

/// What a message lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A full name: its type does not implement `prost::Name`.
    Name,
    /// A place in the descriptor sets.
    Descriptor,
    /// A field of this name, by which calls are routed or known.
    Field,
    /// All: the export was not told of the method's messages.
    Messages,
}

impl Missing {
    #[inline]
    pub(super) fn new(method: &MethodSpec, message: &str, lack: Lack) -> Self {
        Self {
            method: method.to_string(),
            message: message.to_owned(),
            lack,
        }
    }

    /// The method: `shop.v1.Cart/AddLine`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The message as Rust names it; a declared error by its full name, and a field by its path.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What it lacks.
    pub const fn lack(&self) -> Lack {
        self.lack
    }
}

impl fmt::Display for Missing {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method, message, ..
        } = self;
        match self.lack {
            Lack::Name => write!(
                f,
                "{method}: `{message}` has no full name (`prost::Name`), and so no descriptor; declare it in a \
                 `.proto` file"
            ),
            Lack::Descriptor => write!(
                f,
                "{method}: `{message}` is in none of the descriptor sets; pass the `DESCRIPTORS` of its package"
            ),
            Lack::Field => write!(
                f,
                "{method}: its request has no field `{message}` in the descriptor sets, or more than one that it may \
                 be; without it the key cannot be exported"
            ),
            Lack::Messages => write!(f, "{method}: its request and its reply were not given"),
        }
    }
}

impl fmt::Display for ExportError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptors(_) => f.write_str("a descriptor set cannot be decoded"),
            Self::Missing(missing) => {
                let lines: Vec<String> = missing.iter().map(Missing::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl Error for ExportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Descriptors(error) => Some(error),
            Self::Missing(_) => None,
        }
    }
}
