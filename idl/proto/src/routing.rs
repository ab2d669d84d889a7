//! What `google.api.routing` says about calls: their key.
//! It refuses to find fault with fields that can be no keys, since the annotation is not ours; a template that nobody
//! can read is another matter.

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, Value};
use sinew_idl::{
    diag::Diagnostic,
    policy::{FieldPath, HashKey, KeyField, Routing, RoutingParameter},
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
    let deprecated = deprecated.contains(&true);
    let first = parameters.first()?;
    let is_first = |one: &RoutingParameter| {
        one.field == first.field && one.template.as_ref().is_none_or(Template::is_whole)
    };
    if parameters.iter().all(is_first) {
        return Some(HashKey::Field(KeyField {
            path: first.field.clone(),
            way: first.way.clone(),
            deprecated,
        }));
    }
    Some(HashKey::Routing(Routing {
        parameters,
        deprecated,
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
    let key = keys::resolve(input, &field).ok()?;
    let last = key.fields.last()?;
    if let Some(template) = &template
        && last.kind() != Kind::String
        && !template.is_whole()
    {
        let message = format!("`path_template` \"{template}\", but `{field}` is no text");
        let help = "leave it out where the whole field is the key";
        found.push(Diagnostic::error("M0113", message, span()).help(help));
        return None;
    }
    let read = RoutingParameter {
        field,
        template,
        way: key.way(),
    };
    Some((read, key.is_deprecated()))
}
