//! What no compiler writes into a descriptor, and what the libraries and generators behind would stumble over.
//! It refuses to resolve names, and to check what the linker checks.

use std::collections::HashMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto, UninterpretedOption,
    field_descriptor_proto::{Label, Type},
};

use crate::parse::DEEPEST;

/// The kinds of keys that a map may have.
const KEYS: [Type; 12] = [
    Type::Bool,
    Type::Fixed32,
    Type::Fixed64,
    Type::Int32,
    Type::Int64,
    Type::Sfixed32,
    Type::Sfixed64,
    Type::Sint32,
    Type::Sint64,
    Type::String,
    Type::Uint32,
    Type::Uint64,
];

/// Checks one file.
///
/// # Errors
/// The first thing that is wrong, in words.
pub(crate) fn check(file: &FileDescriptorProto) -> Result<(), String> {
    if !matches!(file.syntax.as_deref(), None | Some("proto2" | "proto3")) {
        return Err(format!("unknown syntax `{}`", file.syntax()));
    }
    let is_import = |index: &i32| {
        let index = usize::try_from(*index).ok();
        index.is_some_and(|index| index < file.dependency.len())
    };
    let mut indexes = file.public_dependency.iter().chain(&file.weak_dependency);
    if !indexes.all(is_import) {
        return Err("the index of an import is out of range".to_owned());
    }
    let mut parts = file.package().split('.');
    if !file.package().is_empty() && !parts.all(is_identifier) {
        return Err(format!("`{}` is no name of a package", file.package()));
    }
    if file.package().split('.').count() > DEEPEST {
        return Err(format!("the package has more than {DEEPEST} parts"));
    }
    let options = file.options.as_ref();
    resolved(options.map(|options| &*options.uninterpreted_option))?;
    for message in &file.message_type {
        if is_entry(message) {
            return Err(no_entry(message));
        }
        self::message(message)?;
    }
    file.enum_type.iter().try_for_each(enumeration)?;
    file.service.iter().try_for_each(service)?;
    file.extension.iter().try_for_each(extension)
}

fn message(message: &DescriptorProto) -> Result<(), String> {
    let name = message.name();
    identifier("a message", name)?;
    let options = message.options.as_ref();
    resolved(options.map(|options| &*options.uninterpreted_option))?;
    for field in &message.field {
        self::field(field)?;
        let index = field.oneof_index.map(usize::try_from);
        if index.is_some_and(|index| !index.is_ok_and(|index| index < message.oneof_decl.len())) {
            return Err(format!(
                "a field of message `{name}` is in a oneof that does not exist"
            ));
        }
    }
    let mut members: Vec<Vec<&FieldDescriptorProto>> = vec![Vec::new(); message.oneof_decl.len()];
    for field in &message.field {
        let index = field.oneof_index.and_then(|at| usize::try_from(at).ok());
        if let Some(members) = index.and_then(|index| members.get_mut(index)) {
            members.push(field);
        }
    }
    for (oneof, members) in message.oneof_decl.iter().zip(members) {
        identifier("a oneof", oneof.name())?;
        let options = oneof.options.as_ref();
        resolved(options.map(|options| &*options.uninterpreted_option))?;
        let name = oneof.name();
        if members.is_empty() {
            return Err(format!("oneof `{name}` has no field"));
        }
        if members.len() > 1 && members.iter().any(|field| field.proto3_optional()) {
            return Err(format!("an `optional` field shares the oneof `{name}`"));
        }
    }
    for range in &message.extension_range {
        let options = range.options.as_ref();
        resolved(options.map(|options| &*options.uninterpreted_option))?;
    }
    message.nested_type.iter().try_for_each(self::message)?;
    message.enum_type.iter().try_for_each(enumeration)?;
    message.extension.iter().try_for_each(extension)?;
    let maps = maps(message);
    let mut entries = message.nested_type.iter().filter(|nested| is_entry(nested));
    entries.try_for_each(|one| entry(&maps, one))
}

/// How many fields of a message could be maps of an entry, by the last part of its name.
fn maps(message: &DescriptorProto) -> HashMap<&str, usize> {
    let is_map = |field: &&FieldDescriptorProto| {
        field.label() == Label::Repeated
            && field.r#type() == Type::Message
            && field.oneof_index.is_none()
    };
    let mut maps = HashMap::new();
    for field in message.field.iter().filter(is_map) {
        let name = field.type_name().rsplit('.').next().unwrap_or_default();
        *maps.entry(name).or_insert(0) += 1;
    }
    maps
}

/// A message that stands for the pairs of a map.
fn entry(maps: &HashMap<&str, usize>, entry: &DescriptorProto) -> Result<(), String> {
    let is_key = |field: &FieldDescriptorProto| {
        (field.name(), field.number()) == ("key", 1) && KEYS.contains(&field.r#type())
    };
    let is_value = |field: &FieldDescriptorProto| {
        (field.name(), field.number()) == ("value", 2) && field.r#type() != Type::Group
    };
    let is_pair = match &*entry.field {
        [key, value] => {
            is_key(key)
                && is_value(value)
                && [key, value]
                    .iter()
                    .all(|field| field.label() == Label::Optional)
        }
        _ => false,
    };
    let holds_more = !entry.nested_type.is_empty()
        || !entry.enum_type.is_empty()
        || !entry.oneof_decl.is_empty()
        || !entry.extension.is_empty()
        || !entry.extension_range.is_empty();
    let is_of_one_map = maps.get(entry.name()) == Some(&1);
    if is_pair && !holds_more && is_of_one_map {
        Ok(())
    } else {
        Err(no_entry(entry))
    }
}

fn no_entry(message: &DescriptorProto) -> String {
    let name = message.name();
    format!("`{name}` is marked as the entry of a map, and is none")
}

fn extension(extension: &FieldDescriptorProto) -> Result<(), String> {
    field(extension)?;
    let name = extension.name();
    if extension.oneof_index.is_some() {
        return Err(format!("extension `{name}` is in a oneof"));
    }
    match extension.extendee() {
        "" => Err(format!("extension `{name}` extends nothing")),
        _ => Ok(()),
    }
}

fn field(field: &FieldDescriptorProto) -> Result<(), String> {
    let name = field.name();
    identifier("a field", name)?;
    let options = field.options.as_ref();
    resolved(options.map(|options| &*options.uninterpreted_option))?;
    let label = field.label.map_or(Ok(Label::Optional), Label::try_from);
    let Ok(label) = label else {
        return Err(format!("field `{name}` has a label that is none"));
    };
    if field.oneof_index.is_some() && label != Label::Optional {
        return Err(format!("field `{name}` of a oneof is not single"));
    }
    if field.proto3_optional() && field.oneof_index.is_none() && field.extendee.is_none() {
        return Err(format!("field `{name}` is `optional`, and in no oneof"));
    }
    let is_named = !field.type_name().is_empty();
    let kind = field.r#type.map(Type::try_from);
    let fits = match kind {
        None => is_named,
        Some(Ok(Type::Enum | Type::Group | Type::Message)) => is_named,
        Some(Ok(_)) => !is_named,
        Some(Err(_)) => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("field `{name}` has a type that is none"))
    }
}

fn enumeration(one: &EnumDescriptorProto) -> Result<(), String> {
    identifier("an enum", one.name())?;
    let options = one.options.as_ref();
    resolved(options.map(|options| &*options.uninterpreted_option))?;
    for value in &one.value {
        identifier("a value", value.name())?;
        let options = value.options.as_ref();
        resolved(options.map(|options| &*options.uninterpreted_option))?;
    }
    Ok(())
}

fn service(service: &ServiceDescriptorProto) -> Result<(), String> {
    identifier("a service", service.name())?;
    let options = service.options.as_ref();
    resolved(options.map(|options| &*options.uninterpreted_option))?;
    for method in &service.method {
        identifier("an rpc", method.name())?;
        let options = method.options.as_ref();
        resolved(options.map(|options| &*options.uninterpreted_option))?;
    }
    Ok(())
}

/// Options that are still text are a parser's business.
fn resolved(options: Option<&[UninterpretedOption]>) -> Result<(), String> {
    match options {
        None | Some([]) => Ok(()),
        Some(_) => Err("an option is not resolved".to_owned()),
    }
}

fn identifier(what: &str, name: &str) -> Result<(), String> {
    if is_identifier(name) {
        Ok(())
    } else {
        Err(format!("`{name}` is no name of {what}"))
    }
}

fn is_identifier(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

fn is_entry(message: &DescriptorProto) -> bool {
    let options = message.options.as_ref();
    options.is_some_and(|options| options.map_entry())
}
