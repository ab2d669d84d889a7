//! IDL names as Rust names: exactly as prost maps them, so that stubs and messages meet; and what to do when two names
//! meet.
//! It refuses to invent names for what is taken: a clash is an error that names both places of the IDL.

use std::collections::BTreeMap;

use crate::{
    diag::{Diagnostic, Span},
    model::{Method, Schema, Service},
    policy::{ErrorType, Spanned},
};

/// Names that a client cannot give to an rpc: its constructor, what would shadow `Clone`, and what takes `self` by
/// value for any type, which rustc finds before a method that takes `&self`.
const TAKEN_BY_CLIENTS: [&str; 5] = ["new", "clone", "into", "into_future", "try_into"];

/// Keywords that may be raw identifiers; of every edition, since generated code does not know where it is included.
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
    "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// What cannot be a raw identifier, or is not treated as one by prost.
const SUFFIXED: [&str; 6] = ["_", "Self", "crate", "extern", "self", "super"];

/// `AddLine` → `add_line`, as an identifier: `Move` → `r#move`.
#[must_use]
pub fn snake(name: &str) -> String {
    identifier(
        &words(name)
            .map(str::to_lowercase)
            .collect::<Vec<_>>()
            .join("_"),
    )
}

/// `add_line` → `AddLine`, as an identifier: `self` → `Self_`.
#[must_use]
pub fn upper_camel(name: &str) -> String {
    identifier(&words(name).map(capitalized).collect::<String>())
}

/// The method of an rpc: as [`snake`], but never a name that clients have for themselves, and never empty.
#[must_use]
pub fn method(name: &str) -> String {
    let mapped = snake(name);
    if mapped.is_empty() || TAKEN_BY_CLIENTS.contains(&&*mapped) {
        return format!("{}_", if mapped.is_empty() { "_" } else { &mapped });
    }
    mapped
}

/// The enum of what an rpc fails with, where it declares errors: `AddLineError`.
#[must_use]
pub fn errors(rpc: &str) -> String {
    let name: String = words(rpc).map(capitalized).collect();
    identifier(&format!("{name}Error"))
}

/// The variant of an error, by the full name of its message; `Status` is every other failure.
fn error(full_name: &str) -> String {
    let name = full_name.rsplit('.').next().unwrap_or_default();
    match upper_camel(name) {
        name if name == "Status" => "Status_".to_owned(),
        name if name.is_empty() => "__".to_owned(),
        name => name,
    }
}

/// The `static` that describes an rpc: `ADD_LINE`, but never a name that is taken beside it.
#[must_use]
pub fn constant(name: &str) -> String {
    let words: Vec<_> = words(name).map(str::to_uppercase).collect();
    let mapped = identifier(&words.join("_"));
    match &*mapped {
        "" => "__".to_owned(),
        "NAME" | "SERVICE" => format!("{mapped}_"),
        _ => mapped,
    }
}

/// The variant of an enum value: without the name of the enum (as Rust spells it) in front, where something sensible
/// remains.
#[must_use]
pub fn variant(rust_enum: &str, value: &str) -> String {
    let name = upper_camel(value);
    match name.strip_prefix(rust_enum) {
        Some(rest) if rest.starts_with(char::is_uppercase) => identifier(rest),
        _ => identifier(&name),
    }
}

/// A word as an identifier: raw if it is a keyword, with `_` behind if it cannot be raw, with `_` in front of a digit.
#[must_use]
pub fn identifier(word: &str) -> String {
    if KEYWORDS.contains(&word) {
        format!("r#{word}")
    } else if SUFFIXED.contains(&word) {
        format!("{word}_")
    } else if word.starts_with(char::is_numeric) {
        format!("_{word}")
    } else {
        word.to_owned()
    }
}

/// Splits at everything that is neither letter nor digit, and where the case changes: `XMLHttp_request2` → `XML`,
/// `Http`, `request2`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric())
        .flat_map(|part| {
            let mut words = Vec::new();
            let mut start = 0;
            // The case of the last letter of the word so far: digits keep it.
            let mut upper = None;
            let mut chars = part.char_indices().peekable();
            while let Some((at, c)) = chars.next() {
                let Some(&(next_at, next)) = chars.peek() else {
                    break;
                };
                let case = match (c.is_lowercase(), c.is_uppercase()) {
                    (true, _) => Some(false),
                    (_, true) => Some(true),
                    _ => upper,
                };
                if case == Some(false) && next.is_uppercase() {
                    words.push(&part[start..next_at]);
                    start = next_at;
                    upper = None;
                } else if upper == Some(true) && c.is_uppercase() && next.is_lowercase() {
                    words.push(&part[start..at]);
                    start = at;
                    upper = None;
                } else {
                    upper = case;
                }
            }
            words.push(&part[start..]);
            words
        })
        .filter(|word| !word.is_empty())
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(chars.as_str().to_lowercase().chars())
        .collect()
}

/// The names of one scope of the generated code (the items of a module, the fields of a message), and where the IDL
/// declares them.
/// `P` is a place that becomes a [`Span`] only when there is something to report.
#[derive(Debug)]
pub struct Scope<P = Span> {
    place: String,
    names: BTreeMap<String, (String, P)>,
}

impl<P> Scope<P> {
    /// A scope; `place` says which one to a reader of the IDL: `message shop.v1.Cart`.
    #[must_use]
    pub fn new(place: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            names: BTreeMap::new(),
        }
    }

    /// Takes `rust` for `what` (`rpc GetFoo`), declared at `at`.
    ///
    /// # Errors
    /// M0170 if it is taken, M0171 if nothing is left of the name in Rust.
    pub fn declare(
        &mut self,
        rust: &str,
        what: impl Into<String>,
        at: P,
        span: impl Fn(&P) -> Span,
    ) -> Result<(), Box<Diagnostic>> {
        let what = what.into();
        if rust.is_empty() {
            let message = format!("{what} has no name in Rust: it has neither letter nor digit");
            let found = Diagnostic::error("M0171", message, span(&at));
            return Err(Box::new(found.help("rename it")));
        }
        let Some((first, first_at)) = self.names.get(rust) else {
            self.names.insert(rust.to_owned(), (what, at));
            return Ok(());
        };
        let place = &self.place;
        let message = format!("{what} and {first} are both `{rust}` in {place}");
        Err(Box::new(
            Diagnostic::error("M0170", message, span(&at))
                .also(span(first_at), format!("{first} is declared"))
                .help("rename one of them"),
        ))
    }
}

/// Fills the Rust names of a schema.
pub fn assign(schema: &mut Schema) {
    for service in &mut schema.services {
        service.name.rust = upper_camel(&service.name.wire);
        if service.name.rust.is_empty() {
            service.name.rust = "__".to_owned();
        }
        service.module = snake(&service.name.wire);
        if service.module.is_empty() {
            service.module = "__service".to_owned();
        }
        for method_of in &mut service.methods {
            method_of.name.rust = method(&method_of.name.wire);
            for declared in &mut method_of.policy.errors {
                declared.value.variant = error(&declared.value.ty.full_name);
            }
        }
    }
}

/// Finds rpcs of one service that are one method in Rust, or whose errors are one enum, and errors of one rpc that are
/// one variant.
#[must_use]
pub fn clashes(schema: &Schema) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for service in &schema.services {
        let place = format!("the Rust trait of service {}", service.full_name);
        let mut scope = Scope::new(place);
        let place = format!("the Rust module of service {}", service.full_name);
        let mut enums = Scope::new(place);
        for method in &service.methods {
            let declared = scope.declare(
                &method.name.rust,
                format!("rpc {}", method.name.wire),
                method.name.span.clone(),
                Clone::clone,
            );
            let is_apart = declared.is_ok();
            found.extend(declared.err().map(|d| *d));
            if is_apart && !method.policy.errors.is_empty() {
                let what = format!("the enum of the errors of rpc {}", method.name.wire);
                let (name, span) = (errors(&method.name.wire), method.name.span.clone());
                let declared = enums.declare(&name, what, span, Clone::clone);
                found.extend(declared.err().map(|d| *d));
            }
            found.extend(errors_clash(service, method));
        }
    }
    found
}

fn errors_clash(service: &Service, method: &Method) -> Vec<Diagnostic> {
    let place = format!(
        "the errors of rpc {}.{}",
        service.full_name, method.name.wire
    );
    let mut scope = Scope::new(place);
    let errors = method.policy.errors.iter();
    let clash = |error: &Spanned<ErrorType>| {
        let (value, span) = (&error.value, error.span.clone());
        let what = format!("message {}", value.ty.full_name);
        scope
            .declare(&value.variant, what, span, Clone::clone)
            .err()
    };
    errors.filter_map(clash).map(|found| *found).collect()
}

#[cfg(test)]
mod tests;
