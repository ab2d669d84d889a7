//! Lowers the editions file of a descriptor set to proto2 or proto3, whichever can say the same.
//! It refuses what neither can: a file with fields without presence beside enums that do not start at zero.

use prost_reflect::{DynamicMessage, ReflectMessage, Value};
use prost_types::{
    FileDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

use crate::wire;

// Field numbers of descriptor.proto that not every version of the libraries knows: `edition`, and `features` in each
// kind of options.
const EDITION: u64 = 14;
const IN_FILE: u64 = 50;
const IN_MESSAGE: u64 = 12;
const IN_FIELD: u64 = 21;

// `google.protobuf.FeatureSet`: numbers of its fields, and of the values that make a difference.
const PRESENCE: u64 = 1;
const PRESENCE_IMPLICIT: u64 = 2;
const PRESENCE_REQUIRED: u64 = 3;
const REPEATED: u64 = 3;
const REPEATED_EXPANDED: u64 = 2;
const MESSAGES: u64 = 5;
const MESSAGES_DELIMITED: u64 = 2;

/// The editions whose defaults are known: 2023 and 2024, which do not differ in what matters here.
const KNOWN: std::ops::RangeInclusive<u64> = 1000..=1001;

/// A file that is no editions file comes back as it is.
///
/// # Errors
/// What cannot be lowered, in words.
pub(crate) fn lower(file: &[u8]) -> Result<Vec<u8>, String> {
    let broken = || "it is malformed".to_owned();
    let descriptor = FileDescriptorProto::default().descriptor();
    let mut message = DynamicMessage::decode(descriptor, file).map_err(|_| broken())?;
    if text(&message, "syntax") != "editions" {
        return Ok(file.to_vec());
    }
    let edition = wire::last_varint(file, EDITION).unwrap_or(0);
    if !KNOWN.contains(&edition) {
        return Err(format!("edition number {edition} is not known"));
    }
    let features = Features::default().with(&message, "options", IN_FILE);
    let has_implicit = messages(&message, "message_type").any(|m| has_implicit(m, features));
    if has_implicit && has_odd_enum(&message, "message_type") {
        return Err(
            "it has fields with implicit presence, and an enum whose first value is not 0"
                .to_owned(),
        );
    }
    let lowering = Lowering {
        to_proto3: has_implicit,
    };
    lowering.fields(&mut message, "extension", features);
    each(&mut message, "message_type", |m| {
        lowering.message(m, features)
    });
    let syntax = if has_implicit { "proto3" } else { "proto2" };
    message.set_field_by_name("syntax", Value::String(syntax.to_owned()));
    let mut out = Vec::new();
    prost::Message::encode(&message, &mut out).map_err(|_| broken())?;
    Ok(wire::without(&out, EDITION))
}

/// What is in force at a declaration.
#[derive(Clone, Copy, Default)]
struct Features {
    presence: u64,
    repeated: u64,
    messages: u64,
}

impl Features {
    /// With what the options of `message` say.
    fn with(mut self, message: &DynamicMessage, options: &str, number: u64) -> Self {
        let Some(options) = message.get_field_by_name(options) else {
            return self;
        };
        let Some(options) = options.as_message() else {
            return self;
        };
        let mut encoded = Vec::new();
        if prost::Message::encode(options, &mut encoded).is_err() {
            return self;
        }
        for set in wire::payloads(&encoded, number) {
            self.presence = wire::last_varint(set, PRESENCE).unwrap_or(self.presence);
            self.repeated = wire::last_varint(set, REPEATED).unwrap_or(self.repeated);
            self.messages = wire::last_varint(set, MESSAGES).unwrap_or(self.messages);
        }
        self
    }
}

struct Lowering {
    to_proto3: bool,
}

impl Lowering {
    fn message(&self, message: &mut DynamicMessage, features: Features) {
        let features = features.with(message, "options", IN_MESSAGE);
        self.fields(message, "extension", features);
        if !is_map_entry(message) {
            if self.to_proto3 {
                optional(message, features);
            }
            self.fields(message, "field", features);
        }
        each(message, "nested_type", |m| self.message(m, features));
    }

    fn fields(&self, message: &mut DynamicMessage, list: &str, features: Features) {
        let maps: Vec<String> = messages(message, "nested_type")
            .filter(|nested| is_map_entry(nested))
            .map(|nested| text(nested, "name"))
            .collect();
        each(message, list, |field| {
            let features = features.with(field, "options", IN_FIELD);
            let kind = number(field, "type");
            if number(field, "label") == Label::Repeated as i32 {
                let unpacked = [Type::String, Type::Bytes, Type::Message, Type::Group];
                if !unpacked.iter().any(|other| *other as i32 == kind) {
                    let packed = features.repeated != REPEATED_EXPANDED;
                    set_packed(field, packed);
                }
            } else if features.presence == PRESENCE_REQUIRED
                && !field.has_field_by_name("oneof_index")
            {
                field.set_field_by_name("label", Value::EnumNumber(Label::Required as i32));
            }
            let name = text(field, "type_name");
            let is_map = maps.iter().any(|map| name.rsplit('.').next() == Some(map));
            if kind == Type::Message as i32 && features.messages == MESSAGES_DELIMITED && !is_map {
                field.set_field_by_name("type", Value::EnumNumber(Type::Group as i32));
            }
        });
    }
}

/// Makes fields with presence `optional`, as proto3 writes it: each in a oneof of its own.
fn optional(message: &mut DynamicMessage, features: Features) {
    let mut oneofs: Vec<String> = messages(message, "oneof_decl")
        .map(|oneof| text(oneof, "name"))
        .collect();
    let lists = ["field", "nested_type", "enum_type", "extension"];
    let mut taken: Vec<String> = Vec::new();
    for list in lists {
        taken.extend(messages(message, list).map(|one| text(one, "name")));
    }
    for one in messages(message, "enum_type") {
        taken.extend(messages(one, "value").map(|value| text(value, "name")));
    }
    let first = oneofs.len();
    each(message, "field", |field| {
        let explicit = is_singular_value(field)
            && !matches!(
                features.with(field, "options", IN_FIELD).presence,
                PRESENCE_IMPLICIT | PRESENCE_REQUIRED
            );
        if explicit {
            let mut name = format!("_{}", text(field, "name"));
            while oneofs.contains(&name) || taken.contains(&name) {
                name.insert(0, 'X');
            }
            let index = i32::try_from(oneofs.len()).unwrap_or(i32::MAX);
            oneofs.push(name);
            field.set_field_by_name("oneof_index", Value::I32(index));
            field.set_field_by_name("proto3_optional", Value::Bool(true));
        }
    });
    let descriptor = prost_types::OneofDescriptorProto::default().descriptor();
    if let Some(Value::List(list)) = message.get_field_by_name_mut("oneof_decl") {
        for name in oneofs.drain(first..) {
            let mut oneof = DynamicMessage::new(descriptor.clone());
            oneof.set_field_by_name("name", Value::String(name));
            list.push(Value::Message(oneof));
        }
    }
}

fn has_implicit(message: &DynamicMessage, features: Features) -> bool {
    let features = features.with(message, "options", IN_MESSAGE);
    let here = !is_map_entry(message)
        && messages(message, "field").any(|field| {
            is_singular_value(field)
                && features.with(field, "options", IN_FIELD).presence == PRESENCE_IMPLICIT
        });
    here || messages(message, "nested_type").any(|nested| has_implicit(nested, features))
}

fn has_odd_enum(message: &DynamicMessage, nested: &str) -> bool {
    let here = messages(message, "enum_type").any(|one| {
        let first = messages(one, "value").next();
        first.is_some_and(|value| number(value, "number") != 0)
    });
    here || messages(message, nested).any(|nested| has_odd_enum(nested, "nested_type"))
}

/// A field that holds at most one value that is no message, outside of oneofs: where presence is a matter of choice.
fn is_singular_value(field: &DynamicMessage) -> bool {
    let kind = number(field, "type");
    number(field, "label") != Label::Repeated as i32
        && kind != Type::Message as i32
        && kind != Type::Group as i32
        && !field.has_field_by_name("oneof_index")
}

fn is_map_entry(message: &DynamicMessage) -> bool {
    let options = message.get_field_by_name("options");
    let options = options.as_ref().and_then(|options| options.as_message());
    let entry = options.and_then(|options| options.get_field_by_name("map_entry")?.as_bool());
    entry.unwrap_or(false)
}

fn set_packed(field: &mut DynamicMessage, packed: bool) {
    if let Some(Value::Message(options)) = field.get_field_by_name_mut("options") {
        options.set_field_by_name("packed", Value::Bool(packed));
    }
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value
        .as_ref()
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned()
}

fn number(message: &DynamicMessage, field: &str) -> i32 {
    match message.get_field_by_name(field).as_deref() {
        Some(Value::I32(number) | Value::EnumNumber(number)) => *number,
        _ => 0,
    }
}

/// The messages of a list.
fn messages<'a>(
    message: &'a DynamicMessage,
    list: &str,
) -> impl Iterator<Item = &'a DynamicMessage> {
    let field = message.descriptor().get_field_by_name(list);
    let found = message
        .fields()
        .find(|(other, _)| Some(other) == field.as_ref());
    let list = found.and_then(|(_, value)| value.as_list());
    list.into_iter().flatten().filter_map(Value::as_message)
}

/// Changes the messages of a list.
fn each(message: &mut DynamicMessage, list: &str, mut change: impl FnMut(&mut DynamicMessage)) {
    if !message.has_field_by_name(list) {
        return;
    }
    if let Some(Value::List(values)) = message.get_field_by_name_mut(list) {
        values
            .iter_mut()
            .filter_map(Value::as_message_mut)
            .for_each(&mut change);
    }
}
