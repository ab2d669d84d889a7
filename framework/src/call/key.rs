//! Which types of fields can be the key that calls are routed by, and what rules of routing make of their values.
//! It refuses to hash them (`hash.rs`).

pub(crate) mod hash;
pub(crate) mod routing;
mod template;

use std::fmt::{self, Write as _};

use bytes::Bytes;

/// The type of a field that `hash_key` and `user_key` can name: a string, bytes, an integer (enums are integers) or
/// a bool, set or not.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` is no key",
    label = "no key",
    note = "a key is a string, bytes, an integer, an enum or a bool"
)]
pub trait HashKeyField {
    #[doc(hidden)]
    fn key_value(&self) -> Option<KeyValue<'_>>;
}

/// What a field has that a key is made of: text, which templates match, bytes, or what is spelt out.
#[derive(Clone, Debug)]
pub enum KeyValue<'m> {
    Text(&'m str),
    Bytes(&'m [u8]),
    Spelt(Spelt),
}

impl KeyValue<'_> {
    /// The bytes that stand for it, in every language: UTF-8, bytes as they are, decimal digits after a `-` where it
    /// is negative, or `true` and `false`.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
            Self::Spelt(spelt) => spelt.bytes(),
        }
    }
}

/// A number or a boolean as it is written, without an allocation.
#[derive(Clone, Debug)]
pub struct Spelt {
    bytes: [u8; Self::LONGEST],
    len: usize,
}

impl Spelt {
    /// Of `i64::MIN`, in bytes; `u64::MAX` is as long.
    const LONGEST: usize = 20;

    fn of(value: impl fmt::Display) -> Self {
        let mut spelt = Self {
            bytes: [0; Self::LONGEST],
            len: 0,
        };
        // Nothing that is spelt is longer.
        let _ = write!(spelt, "{value}");
        spelt
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Write for Spelt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

macro_rules! keys {
    ($($ty:ty: |$value:ident| $key:expr;)*) => {
        $(impl HashKeyField for $ty {
            fn key_value(&self) -> Option<KeyValue<'_>> {
                let $value = self;
                Some($key)
            }
        })*
    };
}

keys! {
    String: |text| KeyValue::Text(text);
    str: |text| KeyValue::Text(text);
    Vec<u8>: |bytes| KeyValue::Bytes(bytes);
    Bytes: |bytes| KeyValue::Bytes(bytes);
    i32: |number| KeyValue::Spelt(Spelt::of(number));
    u32: |number| KeyValue::Spelt(Spelt::of(number));
    i64: |number| KeyValue::Spelt(Spelt::of(number));
    u64: |number| KeyValue::Spelt(Spelt::of(number));
    bool: |flag| KeyValue::Spelt(Spelt::of(flag));
}

impl<T: HashKeyField> HashKeyField for Option<T> {
    fn key_value(&self) -> Option<KeyValue<'_>> {
        self.as_ref()?.key_value()
    }
}
