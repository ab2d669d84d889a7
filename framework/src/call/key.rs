//! Which types of fields can be the key that calls are routed by.
//! It refuses to hash: nobody routes by keys yet.

use bytes::Bytes;

/// The type of a field that `hash_key` and `user_key` can name: a string, bytes, an integer (enums are integers) or
/// a bool, set or not.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` is no key",
    label = "no key",
    note = "a key is a string, bytes, an integer, an enum or a bool"
)]
pub trait HashKeyField {}

macro_rules! keys {
    ($($ty:ty),*) => { $(impl HashKeyField for $ty {})* };
}

keys!(String, str, Vec<u8>, Bytes, i32, u32, i64, u64, bool);

impl<T: HashKeyField> HashKeyField for Option<T> {}
