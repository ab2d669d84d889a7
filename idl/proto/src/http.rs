//! What `google.api.http` and `google.api.routing` say about calls: whether they can be repeated, and their key.
//! It refuses to serve HTTP, and to find fault with annotations that other tools own.

use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use sinew_idl::{model::Idempotency, policy::FieldPath};

use crate::keys;

/// What the verbs of a rule promise (RFC 9110, section 9.2): the least of all its bindings; nothing without a verb.
pub(crate) fn idempotency(rule: &DynamicMessage) -> Option<Idempotency> {
    let verbs = ["get", "put", "delete", "post", "patch", "custom"];
    let verb = verbs.into_iter().find(|verb| rule.has_field_by_name(verb));
    let own = verb.map(|verb| match verb {
        "get" => Idempotency::Safe,
        "put" | "delete" => Idempotency::Idempotent,
        _ => Idempotency::Unsafe,
    });
    let more = rule.get_field_by_name("additional_bindings");
    let more = more.iter().filter_map(|more| more.as_list()).flatten();
    // They cannot be nested: what an inner rule had inside would be ignored by everybody.
    let more = more.filter_map(Value::as_message).filter_map(idempotency);
    own.into_iter().chain(more).min()
}

/// The field that a routing rule names, if it is one, and calls can be routed by it.
pub(crate) fn routing_key(rule: &DynamicMessage, input: &MessageDescriptor) -> Option<FieldPath> {
    let parameters = rule.get_field_by_name("routing_parameters")?;
    let parameters = parameters.as_list()?.iter().filter_map(Value::as_message);
    let fields = parameters.filter_map(|one| one.get_field_by_name("field"));
    let mut fields: Vec<_> = fields
        .filter_map(|field| field.as_str().map(str::to_owned))
        .collect();
    fields.dedup();
    let [field] = fields.as_slice() else {
        return None;
    };
    let path = FieldPath::new(field);
    keys::resolve(input, &path).is_ok().then_some(path)
}
