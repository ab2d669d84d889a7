//! The hash of a key, by which its owner is found (`docs/routing.md`).
//! It refuses to know who owns what.

use std::fmt;

use twox_hash::XxHash64;

use super::HashKeyField;

/// The hash of a call's key: XXH64, with seed 0, of the bytes that stand for it. It is the same in every process, on
/// every machine and in every language.
///
/// ```
/// let key = sinew::KeyHash::of("cart-7");
/// assert_eq!(key.map(sinew::KeyHash::get), Some(0xfad2_9693_a91b_4541));
/// // A number is spelt in digits.
/// assert_eq!(sinew::KeyHash::of(&7_u64), sinew::KeyHash::of("7"));
/// // What is empty, or not set, is no key.
/// assert_eq!(sinew::KeyHash::of(""), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(u64);

impl KeyHash {
    /// Of a key: a string, bytes, an integer or a bool, set or not. `None` for what is not set, and for empty strings
    /// and bytes.
    pub fn of(key: &(impl HashKeyField + ?Sized)) -> Option<Self> {
        Self::of_bytes(key.key_value()?.bytes())
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        (!bytes.is_empty()).then(|| Self(XxHash64::oneshot(0, bytes)))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hashed_as_it_is_written() {
        let written = |key: &dyn HashKeyField| {
            let value = key.key_value()?;
            Some(String::from_utf8(value.bytes().to_vec()).unwrap())
        };
        for (key, want) in [
            (&"käse".to_owned() as &dyn HashKeyField, Some("käse")),
            (&b"bytes".to_vec(), Some("bytes")),
            (&bytes::Bytes::from_static(b"more"), Some("more")),
            (&i64::MIN, Some("-9223372036854775808")),
            (&u64::MAX, Some("18446744073709551615")),
            (&-1_i32, Some("-1")),
            (&0_u32, Some("0")),
            (&true, Some("true")),
            (&false, Some("false")),
            (&Some(7_i32), Some("7")),
            (&None::<String>, None),
        ] {
            assert_eq!(written(key).as_deref(), want);
            assert_eq!(KeyHash::of(key), want.and_then(KeyHash::of));
        }
        assert_eq!(KeyHash::of(&Some(String::new())), None);
        assert_eq!(KeyHash::of(&Vec::new()), None);
        // From the specification of xxHash.
        assert_eq!(
            KeyHash::of("abc").map(|key| key.to_string()).as_deref(),
            Some("44bc2cf5ad770999")
        );
    }
}
