//! `sinew/options.proto` as it is set on a declaration → the model's policy, each value with its place.
//! It refuses to judge a value that can be read: `policies.rs` and the model's own rules do.

use std::time::Duration;

use prost_reflect::{DynamicMessage, ReflectMessage, Value};
use sinew_idl::{
    codes,
    diag::{Diagnostic, Span},
    duration,
    model::TypeRef,
    policy::{
        Criticality, Delay, ErrorType, FieldPath, HashKey, Hedge, KeyField, Policy, Retry, Spanned,
        UserKey,
    },
};

use crate::written::Place;

/// Reads what is set, and tells what cannot be read.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) found: Vec<Diagnostic>,
    /// The options that no layer acts on in this version, where they were declared.
    pub(crate) idle: Vec<(&'static str, Span)>,
}

/// One message among the options, and where it is written.
struct Fields<'m, 'w> {
    message: &'m DynamicMessage,
    place: Place<'w>,
}

impl Reader {
    /// The policy of a service or a method. The codes of errors that have none are left empty.
    pub(crate) fn policy(&mut self, message: &DynamicMessage, place: Place<'_>) -> Policy {
        let of = Fields { message, place };
        self.known(
            &of,
            &[
                "timeout",
                "retry",
                "hedge",
                "hash_key",
                "criticality",
                "errors",
                "max_request_bytes",
                "idle_timeout",
                "user_key",
            ],
        );
        for name in ["retry", "hedge", "criticality", "user_key"] {
            if message.has_field_by_name(name) {
                let place = of.place.field(name);
                self.idle.push((name, place.key()));
            }
        }
        Policy {
            timeout: self.duration(&of, "timeout"),
            idle_timeout: self.duration(&of, "idle_timeout"),
            max_request_bytes: self.one(&of, "max_request_bytes", Value::as_u32),
            retry: self.message(&of, "retry", Self::retry),
            hedge: self.message(&of, "hedge", Self::hedge),
            hash_key: self.text(&of, "hash_key").map(|key| Spanned {
                value: HashKey::Field(KeyField::at(FieldPath::new(&key.value))),
                span: key.span,
            }),
            criticality: self.criticality(&of),
            user_key: self.text(&of, "user_key").map(|key| Spanned {
                value: match key.value.strip_prefix("metadata:") {
                    Some(name) => UserKey::Metadata(name.to_owned()),
                    None => UserKey::Field(FieldPath::new(&key.value)),
                },
                span: key.span,
            }),
            errors: self.errors(&of),
            ..Policy::default()
        }
    }

    /// The mark of a field by which calls are routed.
    pub(crate) fn hash_key(&mut self, message: &DynamicMessage, place: Place<'_>) -> Option<Span> {
        let of = Fields { message, place };
        self.known(&of, &["hash_key"]);
        let mark = self.one(&of, "hash_key", Value::as_bool)?;
        mark.value.then_some(mark.span)
    }

    /// The code of a message that is an error.
    pub(crate) fn code(
        &mut self,
        message: &DynamicMessage,
        place: Place<'_>,
    ) -> Option<Spanned<String>> {
        let of = Fields { message, place };
        self.known(&of, &["code"]);
        self.text(&of, "code")
    }

    fn retry(&mut self, of: &Fields<'_, '_>) -> Retry {
        self.known(
            of,
            &[
                "max_attempts",
                "initial_backoff",
                "max_backoff",
                "multiplier",
                "codes",
            ],
        );
        Retry {
            max_attempts: self.one(of, "max_attempts", Value::as_u32),
            initial_backoff: self.duration(of, "initial_backoff"),
            max_backoff: self.duration(of, "max_backoff"),
            multiplier: self.one(of, "multiplier", Value::as_f64),
            codes: self.texts(of, "codes"),
        }
    }

    fn hedge(&mut self, of: &Fields<'_, '_>) -> Hedge {
        self.known(of, &["max_attempts", "delay", "codes"]);
        Hedge {
            max_attempts: self.one(of, "max_attempts", Value::as_u32),
            delay: self.delay(of),
            codes: self.texts(of, "codes"),
        }
    }

    fn delay(&mut self, of: &Fields<'_, '_>) -> Option<Spanned<Delay>> {
        let Spanned { value, span } = self.text(of, "delay")?;
        let Some(quantile) = value.strip_prefix('p') else {
            let value = self.parsed("delay", &value, &span).map(Delay::After)?;
            return Some(Spanned { value, span });
        };
        let is_plain = quantile.len() == 2 && quantile.bytes().all(|b| b.is_ascii_digit());
        match quantile.parse() {
            Ok(quantile @ 50..=99) if is_plain => {
                let value = Delay::Quantile(quantile);
                Some(Spanned { value, span })
            }
            _ => {
                let message = format!("`delay` \"{value}\" is no quantile");
                let wrong = Diagnostic::error("M0101", message, span);
                self.found
                    .push(wrong.help("write \"p50\" to \"p99\", or a duration"));
                None
            }
        }
    }

    fn errors(&mut self, of: &Fields<'_, '_>) -> Vec<Spanned<ErrorType>> {
        let Some(errors) = of.message.get_field_by_name("errors") else {
            return Vec::new();
        };
        let entries = errors.as_list().unwrap_or_default().iter();
        let entries = entries.filter_map(Value::as_message).enumerate();
        let all = of.place.field("errors");
        let entries = entries.map(|(index, message)| {
            let place = all.element(index);
            let span = match message.has_field_by_name("type") {
                true => place.field("type").value(),
                false => place.value(),
            };
            let of = Fields { message, place };
            self.known(&of, &["type", "code"]);
            let none = || Spanned {
                value: String::new(),
                span: span.clone(),
            };
            let value = ErrorType {
                ty: TypeRef {
                    full_name: self.text(&of, "type").unwrap_or_else(none).value,
                    rust: Default::default(),
                    span: Span::None,
                },
                variant: String::new(),
                code: self.text(&of, "code").unwrap_or_else(none),
            };
            Spanned { value, span }
        });
        entries.collect()
    }

    fn criticality(&mut self, of: &Fields<'_, '_>) -> Option<Spanned<Criticality>> {
        let number = self.one(of, "criticality", Value::as_enum_number)?;
        let value = match number.value {
            // As in the file: to say nothing is to say this.
            0 | 2 => Criticality::Critical,
            1 => Criticality::CriticalPlus,
            3 => Criticality::SheddablePlus,
            4 => Criticality::Sheddable,
            unknown => {
                let message = format!("`criticality` {unknown} is of a newer version");
                self.newer(message, number.span);
                return None;
            }
        };
        let span = number.span;
        Some(Spanned { value, span })
    }

    fn duration(&mut self, of: &Fields<'_, '_>, name: &str) -> Option<Spanned<Duration>> {
        let Spanned { value, span } = self.text(of, name)?;
        let value = self.parsed(name, &value, &span)?;
        Some(Spanned { value, span })
    }

    fn parsed(&mut self, name: &str, text: &str, span: &Span) -> Option<Duration> {
        match duration::parse(text) {
            Ok(duration) => Some(duration),
            Err(error) => {
                let message = format!("`{name}` \"{text}\" is no duration: {error}");
                let wrong = Diagnostic::error("M0101", message, span.clone());
                self.found.push(wrong.help(error.help()));
                None
            }
        }
    }

    fn message<T>(
        &mut self,
        of: &Fields<'_, '_>,
        name: &str,
        read: impl FnOnce(&mut Self, &Fields<'_, '_>) -> T,
    ) -> Option<Spanned<T>> {
        let value = set(of.message, name)?;
        let place = of.place.field(name);
        let span = place.key();
        let Some(message) = value.as_message() else {
            self.newer(format!("`{name}` is of another type here"), span);
            return None;
        };
        let value = read(self, &Fields { message, place });
        Some(Spanned { value, span })
    }

    fn text(&mut self, of: &Fields<'_, '_>, name: &str) -> Option<Spanned<String>> {
        self.one(of, name, |value| value.as_str().map(str::to_owned))
    }

    fn texts(&mut self, of: &Fields<'_, '_>, name: &str) -> Vec<Spanned<String>> {
        let Some(values) = set(of.message, name) else {
            return Vec::new();
        };
        let values = values.as_list().unwrap_or_default().iter();
        let values = values.filter_map(Value::as_str).enumerate();
        let all = of.place.field(name);
        let spanned = |(index, value): (usize, &str)| Spanned {
            value: value.to_owned(),
            span: all.element(index).value(),
        };
        values.map(spanned).collect()
    }

    fn one<T>(
        &mut self,
        of: &Fields<'_, '_>,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let value = set(of.message, name)?;
        let span = of.place.field(name).value();
        match read(&value) {
            Some(value) => Some(Spanned { value, span }),
            None => {
                self.newer(format!("`{name}` is of another type here"), span);
                None
            }
        }
    }

    /// A descriptor set brings declarations of its own: what is not among ours would be lost without a word.
    fn known(&mut self, of: &Fields<'_, '_>, names: &[&str]) {
        let fields: Vec<_> = of.message.fields().map(|(field, _)| field).collect();
        for field in fields.iter().filter(|field| !names.contains(&field.name())) {
            let message = format!("this version knows no option `{}`", field.name());
            self.newer(message, of.place.field(field.name()).key());
        }
        if let Some(unknown) = of.message.unknown_fields().next() {
            let (number, name) = (unknown.number(), of.message.descriptor());
            let message = format!("this version knows no option {number} of `{}`", name.name());
            self.newer(message, of.place.key());
        }
    }

    fn newer(&mut self, message: String, span: Span) {
        let help = "the file was compiled for another version of Sinew";
        self.found
            .push(Diagnostic::error("M0180", message, span).help(help));
    }
}

/// A field that is set.
fn set<'m>(message: &'m DynamicMessage, name: &str) -> Option<std::borrow::Cow<'m, Value>> {
    let is_set = message.has_field_by_name(name);
    is_set.then(|| message.get_field_by_name(name)).flatten()
}

/// The code of an error that does not say, and whose message does not say.
pub(crate) fn default_code(span: &Span) -> Spanned<String> {
    Spanned {
        value: codes::DEFAULT_ERROR_CODE.to_owned(),
        span: span.clone(),
    }
}
