//! The messages of descriptor sets: which file declares each, and what the IDL calls its fields.
//! It refuses to guess a field: one that is not found, or may be two, is not.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet};

use super::ExportError;

/// By full name.
pub(super) struct Messages(BTreeMap<String, Message>);

struct Message {
    file: String,
    /// Each field with the full name of its message, if it has one.
    fields: Vec<(String, String)>,
}

impl Messages {
    /// # Errors
    /// The first set that cannot be decoded.
    #[inline]
    pub(super) fn read(descriptors: &[&[u8]]) -> Result<Self, ExportError> {
        let mut messages = Self(BTreeMap::new());
        for set in descriptors {
            let set = FileDescriptorSet::decode(*set).map_err(ExportError::Descriptors)?;
            for file in set.file {
                let package = file.package.as_deref().unwrap_or_default();
                let path = file.name.as_deref().unwrap_or_default();
                messages.add(package, &file.message_type, path);
            }
        }
        Ok(messages)
    }

    #[inline]
    fn add(&mut self, scope: &str, all: &[DescriptorProto], path: &str) {
        for message in all {
            let name = message.name.as_deref().unwrap_or_default();
            let full = match scope {
                "" => name.to_owned(),
                _ => format!("{scope}.{name}"),
            };
            self.add(&full, &message.nested_type, path);
            let fields = message.field.iter().map(|field| {
                let of = field.type_name.as_deref().unwrap_or_default();
                let name = field.name.as_deref().unwrap_or_default();
                (name.to_owned(), of.trim_start_matches('.').to_owned())
            });
            let (file, fields) = (path.to_owned(), fields.collect());
            self.0.insert(full, Message { file, fields });
        }
    }

    /// The file that declares a message. Those that come with every compiler need not be in a set: `()` is one of
    /// them.
    #[inline]
    pub(super) fn home(&self, name: &str) -> Option<&str> {
        if let Some(message) = self.0.get(name) {
            return Some(&message.file);
        }
        Some(match name.strip_prefix("google.protobuf.")? {
            "Any" => "google/protobuf/any.proto",
            "Duration" => "google/protobuf/duration.proto",
            "Empty" => "google/protobuf/empty.proto",
            "FieldMask" => "google/protobuf/field_mask.proto",
            "Timestamp" => "google/protobuf/timestamp.proto",
            "ListValue" | "Struct" | "Value" => "google/protobuf/struct.proto",
            "BoolValue" | "BytesValue" | "DoubleValue" | "FloatValue" | "Int32Value"
            | "Int64Value" | "StringValue" | "UInt32Value" | "UInt64Value" => {
                "google/protobuf/wrappers.proto"
            }
            _ => return None,
        })
    }

    /// The path of a field as the IDL spells it, from one as Rust does: `user.tenant_id` → `user.tenantId`. Of what is
    /// in no set the fields are not known: those that come with every compiler are spelt alike.
    #[inline]
    pub(super) fn path(&self, message: &str, rust: &str) -> Option<String> {
        let mut of = self.0.get(message);
        let mut path = Vec::new();
        for part in rust.split('.') {
            let Some(message) = of else {
                path.push(part);
                continue;
            };
            let (name, next) = message.field(part)?;
            path.push(name);
            of = self.0.get(next);
        }
        Some(path.join("."))
    }
}

impl Message {
    /// Rust's names of fields differ from the IDL's in case and in underscores alone: `cartId` is `cart_id`, and `self`
    /// is `self_`.
    #[inline]
    fn field(&self, rust: &str) -> Option<(&str, &str)> {
        let fields = || {
            self.fields
                .iter()
                .map(|(name, of)| (name.as_str(), of.as_str()))
        };
        if let Some(same) = fields().find(|(name, _)| *name == rust) {
            return Some(same);
        }
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        let mut alike = fields().filter(|(name, _)| plain(name) == plain(rust));
        alike.next().filter(|_| alike.next().is_none())
    }
}
