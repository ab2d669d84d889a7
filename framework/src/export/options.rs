//! A method's policy as the options of `sinew/options.proto`, and of `google/api/routing.proto` where it has a rule.
//! It refuses what a service config said: that is no part of the contract.

use std::fmt::Display;
use std::time::Duration;

use super::Rpc;
use crate::call::policy::{self, Codes, Delay, Hedge, Retry, Source};
use crate::call::{Code, MethodSpec};

/// A method, and what it declares in words of the IDL.
pub(super) struct Declared<'a> {
    pub(super) method: &'a MethodSpec,
    hash_key: Option<String>,
    user_key: Option<String>,
    /// By full name.
    pub(super) errors: Vec<(String, Code)>,
    /// Fields that it names and the request does not have.
    pub(super) unknown: Vec<String>,
}

impl<'a> Declared<'a> {
    /// `in_idl` is the path of a field of the request as the IDL spells it, from one as Rust does.
    #[inline]
    pub(super) fn new(
        method: &'a MethodSpec,
        rpc: &Rpc<'_>,
        in_idl: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let policy = method.policy();
        let mut unknown = Vec::new();
        let mut key = |key: Option<policy::Declared<&'static str>>| {
            let key = key?.value;
            let found = match key.starts_with("metadata:") {
                true => Some(key.to_owned()),
                false => in_idl(key),
            };
            if found.is_none() {
                unknown.push(key.to_owned());
            }
            found
        };
        let (hash_key, user_key) = (key(policy.hash_key), key(policy.user_key));
        let own = policy.errors.iter();
        let own = own.map(|(name, code)| ((*name).to_owned(), *code));
        Self {
            method,
            hash_key,
            user_key,
            errors: own.chain((rpc.errors)()).collect(),
            unknown,
        }
    }
}

/// One option, and where it was declared.
#[derive(Clone, PartialEq)]
pub(super) struct Field {
    name: &'static str,
    value: String,
    source: Source,
}

/// What the service declares, as far as one of its methods took it.
pub(super) fn of_service<'a>(methods: impl Iterator<Item = &'a Declared<'a>>) -> Vec<Field> {
    let mut out: Vec<Field> = Vec::new();
    for field in methods.flat_map(fields) {
        if field.source == Source::Service && out.iter().all(|known| known.name != field.name) {
            out.push(field);
        }
    }
    out
}

/// What the method declares beyond `service`.
#[inline]
pub(super) fn of_method(method: &Declared<'_>, service: &[Field]) -> Vec<Field> {
    let mut out = fields(method);
    out.retain(|field| field.source != Source::ServiceConfig && !service.contains(field));
    out
}

/// Appends `option (of) = { … };`, and says whether there was anything.
#[inline]
pub(super) fn print(out: &mut String, indent: &str, of: &str, fields: &[Field]) -> bool {
    if fields.is_empty() {
        return false;
    }
    *out += &format!("{indent}option ({of}) = {{\n");
    for field in fields {
        *out += &format!("{indent}  {}: {}\n", field.name, field.value);
    }
    *out += &format!("{indent}}};\n");
    true
}

/// Appends the rule of routing as the annotation that it comes from, and says whether there was one.
#[inline]
pub(super) fn print_routing(out: &mut String, method: &MethodSpec) -> bool {
    let Some(rule) = method.policy().routing else {
        return false;
    };
    *out += "    option (google.api.routing) = {\n";
    for (field, template) in rule.value.parameters() {
        let mut parts = vec![format!("field: {}", quoted(field))];
        if !template.is_empty() {
            parts.push(format!("path_template: {}", quoted(template)));
        }
        *out += &format!("      routing_parameters: {}\n", braced(&parts));
    }
    *out += "    };\n";
    true
}

/// As a string literal.
#[inline]
pub(super) fn quoted(text: impl Display) -> String {
    let text = text.to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[inline]
fn fields(of: &Declared<'_>) -> Vec<Field> {
    let policy = of.method.policy();
    let spelt = |key: &Option<String>| quoted(key.as_deref().unwrap_or_default());
    let mut out = Vec::new();
    out.extend(field("timeout", policy.timeout, duration));
    out.extend(field("idle_timeout", policy.idle_timeout, duration));
    out.extend(field("max_request_bytes", policy.max_request_bytes, |n| {
        n.to_string()
    }));
    out.extend(field("retry", policy.retry, retry));
    out.extend(field("hedge", policy.hedge, hedge));
    out.extend(field("hash_key", policy.hash_key, |_| spelt(&of.hash_key)));
    out.extend(field("criticality", policy.criticality, |c| c.to_string()));
    out.extend(field("user_key", policy.user_key, |_| spelt(&of.user_key)));
    out.extend(of.errors.iter().map(|(name, code)| Field {
        name: "errors",
        value: format!(
            "{{ type: {}, code: {} }}",
            quoted(name),
            quoted(code.as_str())
        ),
        source: Source::Method,
    }));
    out
}

fn field<T>(
    name: &'static str,
    declared: Option<policy::Declared<T>>,
    print: impl FnOnce(T) -> String,
) -> Option<Field> {
    declared.map(|declared| Field {
        name,
        value: print(declared.value),
        source: declared.source,
    })
}

#[inline]
fn retry(retry: Retry) -> String {
    let mut parts = Vec::new();
    parts.extend(retry.max_attempts.map(|n| format!("max_attempts: {n}")));
    let backoff = |name, time| format!("{name}: {}", duration(time));
    parts.extend(
        retry
            .initial_backoff
            .map(|time| backoff("initial_backoff", time)),
    );
    parts.extend(retry.max_backoff.map(|time| backoff("max_backoff", time)));
    parts.extend(retry.multiplier.map(|by| format!("multiplier: {by}")));
    parts.extend(codes(retry.codes));
    braced(&parts)
}

#[inline]
fn hedge(hedge: Hedge) -> String {
    let mut parts = Vec::new();
    parts.extend(hedge.max_attempts.map(|n| format!("max_attempts: {n}")));
    parts.extend(hedge.delay.map(|delay| match delay {
        Delay::After(time) => format!("delay: {}", duration(time)),
        Delay::Quantile(quantile) => format!("delay: \"p{quantile}\""),
    }));
    parts.extend(codes(hedge.codes));
    braced(&parts)
}

#[inline]
fn codes(codes: Codes) -> Option<String> {
    let names: Vec<String> = codes.iter().map(|code| quoted(code.as_str())).collect();
    (!names.is_empty()).then(|| format!("codes: [{}]", names.join(", ")))
}

#[inline]
fn braced(parts: &[String]) -> String {
    match parts {
        [] => "{}".to_owned(),
        _ => format!("{{ {} }}", parts.join(", ")),
    }
}

/// In the largest unit that takes a whole number, else in parts of a microsecond: there is no smaller unit.
#[inline]
fn duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    match units
        .into_iter()
        .find(|(unit, _)| nanos.is_multiple_of(*unit))
    {
        Some((unit, name)) => format!("\"{}{name}\"", nanos / unit),
        None => format!("\"{}.{:03}us\"", nanos / 1_000, nanos % 1_000),
    }
}
