//! The types that can be asked for, each as `SET/full.name`: those of the sets, and the well-known ones.
//! It refuses two types of one name.

use std::collections::BTreeMap;

use sinew::codegen::{
    prost::{Message, Name},
    prost_types,
};

use crate::{
    exchange::{Exchange, exchange},
    sets,
};

/// The set of what `google.protobuf` declares and no set generates.
const KNOWN: &str = "known";

pub(crate) struct Table(BTreeMap<String, Exchange>);

impl Table {
    pub(crate) fn new() -> Self {
        let mut table = Self(BTreeMap::new());
        table.known_types();
        sets::list(&mut table);
        table
    }

    pub(crate) fn find(&self, name: &[u8]) -> Option<Exchange> {
        self.0.get(str::from_utf8(name).ok()?).copied()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Adds a generated type, by the name that it gives itself.
    pub(crate) fn named<M: Message + Name + Default>(&mut self, set: &str) {
        let name = format!("{set}/{}", M::full_name());
        let twice = self.0.insert(name, exchange::<M>);
        assert!(
            twice.is_none(),
            "two messages of {set} are {}",
            M::full_name()
        );
    }

    fn known_types(&mut self) {
        for (name, exchange) in KNOWN_TYPES {
            self.0
                .insert(format!("{KNOWN}/google.protobuf.{name}"), exchange);
        }
    }
}

/// By hand: not all of them have their names with them in `prost_types`, and the wrappers and `()` are no messages of
/// their own.
const KNOWN_TYPES: [(&str, Exchange); 20] = [
    ("Any", exchange::<prost_types::Any>),
    ("Api", exchange::<prost_types::Api>),
    ("BoolValue", exchange::<bool>),
    ("BytesValue", exchange::<Vec<u8>>),
    ("DoubleValue", exchange::<f64>),
    ("Duration", exchange::<prost_types::Duration>),
    ("Empty", exchange::<()>),
    ("FieldMask", exchange::<prost_types::FieldMask>),
    ("FloatValue", exchange::<f32>),
    ("Int32Value", exchange::<i32>),
    ("Int64Value", exchange::<i64>),
    ("ListValue", exchange::<prost_types::ListValue>),
    ("SourceContext", exchange::<prost_types::SourceContext>),
    ("StringValue", exchange::<String>),
    ("Struct", exchange::<prost_types::Struct>),
    ("Timestamp", exchange::<prost_types::Timestamp>),
    ("Type", exchange::<prost_types::Type>),
    ("UInt32Value", exchange::<u32>),
    ("UInt64Value", exchange::<u64>),
    ("Value", exchange::<prost_types::Value>),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Outcome;

    /// The names of groups, and of what is nested in a oneof, are those that the IDL gives them.
    #[test]
    fn types_are_found_by_set_and_full_name() {
        let table = Table::new();
        for name in [
            "every_kind/kinds.v2.OneOf.Chosen.Deep",
            "every_kind/kinds.v3.Leaf",
            "known/google.protobuf.Empty",
        ] {
            let exchange = table.find(name.as_bytes());
            let back = exchange.map(|exchange| exchange(&[]));
            assert!(
                matches!(back, Some(Outcome::Back(bytes)) if bytes.is_empty()),
                "{name}"
            );
        }
        assert!(table.find(b"every_kind/kinds.v3.None").is_none());
    }
}
