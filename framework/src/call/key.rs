//! Which types of fields can be the key that calls are routed by, and what rules of routing make of their values.
//! It refuses to hash: nobody routes by keys yet.

pub(crate) mod routing;
mod template;

use std::borrow::Cow;

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

/// What a field has that a key is made of: text, which templates match, or anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValue<'m> {
    Text(&'m str),
    Other(Cow<'m, [u8]>),
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
    Vec<u8>: |bytes| KeyValue::Other(Cow::Borrowed(bytes));
    Bytes: |bytes| KeyValue::Other(Cow::Borrowed(bytes));
    i32: |number| shown(number);
    u32: |number| shown(number);
    i64: |number| shown(number);
    u64: |number| shown(number);
    bool: |flag| shown(flag);
}

impl<T: HashKeyField> HashKeyField for Option<T> {
    fn key_value(&self) -> Option<KeyValue<'_>> {
        self.as_ref()?.key_value()
    }
}

fn shown(value: impl ToString) -> KeyValue<'static> {
    KeyValue::Other(Cow::Owned(value.to_string().into_bytes()))
}
