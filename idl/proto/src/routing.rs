//! What `google.api.routing` says about calls: their key.
//! It refuses to find fault with fields that can be no keys, since the annotation is not ours; a template that nobody
//! can read is another matter.

use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use sinew_idl::{
    diag::Diagnostic,
    naming,
    policy::{FieldPath, HashKey, Routing, RoutingParameter, Step},
    template::Template,
};

use crate::{keys, written::Place};

/// The number of the extension (<https://github.com/googleapis/googleapis/blob/master/google/api/routing.proto>).
pub(crate) const EXTENSION: i32 = 72_295_729;

/// What is written at `place` as a key of `input`; nothing if one of its fields cannot be one.
pub(crate) fn key(
    rule: &DynamicMessage,
    input: &MessageDescriptor,
    place: &Place<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<HashKey> {
    let all = rule.get_field_by_name("routing_parameters")?;
    let all = all.as_list()?.iter().filter_map(Value::as_message);
    let places = place.field("routing_parameters");
    let mut read = Vec::new();
    for (index, one) in all.enumerate() {
        read.push(parameter(one, input, &places.element(index), found));
    }
    let read: Option<Vec<_>> = read.into_iter().collect();
    let (parameters, deprecated): (Vec<_>, Vec<_>) = read?.into_iter().unzip();
    let first = &parameters.first()?.field;
    let is_first = |one: &RoutingParameter| {
        one.field == *first && one.template.as_ref().is_none_or(Template::is_whole)
    };
    if parameters.iter().all(is_first) {
        return Some(HashKey::Field(first.clone()));
    }
    Some(HashKey::Routing(Routing {
        parameters,
        deprecated: deprecated.contains(&true),
    }))
}

/// One parameter, and whether a field on its way is deprecated.
fn parameter(
    one: &DynamicMessage,
    input: &MessageDescriptor,
    place: &Place<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<(RoutingParameter, bool)> {
    let text = |name| {
        let value = one.get_field_by_name(name);
        value.and_then(|value| value.as_str().map(str::to_owned))
    };
    let written = text("path_template").filter(|written| !written.is_empty());
    let span = || place.field("path_template").value();
    let template = written.as_ref().map(|written| {
        Template::parse(written).map_err(|error| {
            let message = format!("`path_template` \"{written}\" is no template: {error}");
            found.push(Diagnostic::error("M0112", message, span()).help(error.help()));
        })
    });
    let template = template.transpose().ok()?;
    let field = FieldPath::new(&text("field")?);
    let fields = keys::resolve(input, &field).ok()?.fields;
    let last = fields.last()?;
    if let Some(template) = &template
        && last.kind() != Kind::String
        && !template.is_whole()
    {
        let message = format!("`path_template` \"{template}\", but `{field}` is no text");
        let help = "leave it out where the whole field is the key";
        found.push(Diagnostic::error("M0113", message, span()).help(help));
        return None;
    }
    let way = fields.iter().filter_map(step).collect();
    let is_deprecated = |field: &FieldDescriptor| {
        let options = field.field_descriptor_proto().options.as_ref();
        options.is_some_and(|options| options.deprecated())
    };
    let deprecated = fields.iter().any(is_deprecated);
    let read = RoutingParameter {
        field,
        template,
        way,
    };
    Some((read, deprecated))
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
