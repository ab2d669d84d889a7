//! Paths of fields, looked up in messages: what calls can be routed by.
//! It refuses to know which option named them.

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};
use sinew_idl::{
    naming,
    nearest::nearest,
    policy::{FieldPath, Step},
};

/// What to say where a field is of another kind.
pub(crate) const KEYS: &str = "a key is text, bytes, an integer, a boolean or an enum";

/// What a path leads to.
pub(crate) struct Key {
    /// The fields on the way, the key the last.
    pub(crate) fields: Vec<FieldDescriptor>,
    /// The first segment that a message need not have.
    pub(crate) may_be_unset: Option<String>,
}

impl Key {
    /// How Rust goes to it.
    pub(crate) fn way(&self) -> Vec<Step> {
        self.fields.iter().filter_map(step).collect()
    }

    /// Does Rust warn of a field on the way?
    pub(crate) fn is_deprecated(&self) -> bool {
        let is_deprecated = |field: &FieldDescriptor| {
            let options = field.field_descriptor_proto().options.as_ref();
            options.is_some_and(|options| options.deprecated())
        };
        self.fields.iter().any(is_deprecated)
    }
}

/// Why a path leads to no key.
pub(crate) struct NoKey {
    /// The message in which it fails.
    pub(crate) message: MessageDescriptor,
    pub(crate) why: String,
    pub(crate) help: Option<String>,
}

/// Follows `path` from `message`.
pub(crate) fn resolve(message: &MessageDescriptor, path: &FieldPath) -> Result<Key, Box<NoKey>> {
    let mut may_be_unset = None;
    let mut fields = Vec::new();
    let mut inside = message.clone();
    for (index, segment) in path.0.iter().enumerate() {
        let no_key = |why: String| {
            let message = inside.clone();
            let help = Some(KEYS.to_owned());
            Box::new(NoKey { message, why, help })
        };
        if segment.is_empty() {
            return Err(no_key("a name is missing in it".to_owned()));
        }
        let Some(field) = inside.get_field_by_name(segment) else {
            let mut no_key = no_key(format!("`{}` has no field `{segment}`", inside.name()));
            no_key.help = suggestion(&inside, path, index);
            return Err(no_key);
        };
        if let Some(why) = why_not(&field) {
            return Err(no_key(format!("`{}.{segment}` is {why}", inside.name())));
        }
        if field.supports_presence() && field.cardinality() != Cardinality::Required {
            may_be_unset.get_or_insert_with(|| path.0[..=index].join("."));
        }
        let is_last = index + 1 == path.0.len();
        match (field.kind(), is_last) {
            (Kind::Message(next), false) => inside = next,
            (Kind::Message(_), true) => {
                return Err(no_key(format!(
                    "`{}.{segment}` is a message",
                    inside.name()
                )));
            }
            (Kind::Float | Kind::Double, true) => {
                let why = format!("`{}.{segment}` is a number with a fraction", inside.name());
                return Err(no_key(why));
            }
            (_, true) => {}
            (_, false) => {
                return Err(no_key(format!(
                    "`{}.{segment}` is no message",
                    inside.name()
                )));
            }
        }
        fields.push(field);
    }
    Ok(Key {
        fields,
        may_be_unset,
    })
}

/// Why a field leads nowhere, whatever its type.
fn why_not(field: &FieldDescriptor) -> Option<&'static str> {
    if field.is_map() {
        return Some("a map");
    }
    if field.is_list() {
        return Some("repeated");
    }
    // The oneof of an optional field of proto3 is written by nobody.
    let is_one_of_several = field
        .containing_oneof()
        .is_some_and(|one| !one.is_synthetic());
    is_one_of_several.then_some("one of a oneof")
}

/// The whole path with a field that is nearly called so, or the fields that could be meant.
fn suggestion(message: &MessageDescriptor, path: &FieldPath, index: usize) -> Option<String> {
    let fields: Vec<_> = message.fields().collect();
    let names = || fields.iter().map(FieldDescriptor::name);
    if let Some(near) = nearest(&path.0[index], names()) {
        let mut path = path.0.clone();
        near.clone_into(&mut path[index]);
        return Some(format!("did you mean `{}`?", path.join(".")));
    }
    /// As many as can be taken in at a glance.
    const NAMED: usize = 8;
    let mut named: Vec<_> = names()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    match fields.len() {
        0 => return None,
        count if count > NAMED => named.push("…".to_owned()),
        _ => {}
    }
    Some(format!("its fields are {}", named.join(", ")))
}

/// How Rust goes by a field; nowhere for the value of a wrapper, which in Rust is that value.
fn step(field: &FieldDescriptor) -> Option<Step> {
    if is_wrapper(field.parent_message().full_name()) {
        return None;
    }
    let leads_on = match field.kind() {
        Kind::Message(message) => !is_wrapper(message.full_name()),
        _ => false,
    };
    Some(Step {
        rust: naming::snake(field.name()),
        optional: leads_on && field.cardinality() != Cardinality::Required,
    })
}

/// Those of `google/protobuf/wrappers.proto`.
fn is_wrapper(full_name: &str) -> bool {
    let name = full_name.strip_prefix("google.protobuf.");
    matches!(
        name,
        Some(
            "BoolValue"
                | "BytesValue"
                | "Int32Value"
                | "Int64Value"
                | "StringValue"
                | "UInt32Value"
                | "UInt64Value"
        )
    )
}
