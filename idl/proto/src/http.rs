//! What `google.api.http` says about calls: whether they can be repeated.
//! It refuses to serve HTTP, and to find fault with annotations that other tools own.

use prost_reflect::{DynamicMessage, Value};
use sinew_idl::model::Idempotency;

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
