//! Options as the policy of the model: each value with the tokens that it stands in.
//! It refuses to judge what the rules for IDLs judge too.

use std::time::Duration;

use proc_macro2::Span;
use sinew_idl::{
    codes::CODES,
    diag::{self, Diagnostic},
    duration, naming, nearest,
    policy::{
        Criticality, Delay, FieldPath, HashKey, Hedge, KeyField, Policy, Retry, Spanned, UserKey,
    },
};
use syn::{Ident, ext::IdentExt};

use super::attr::Options;
use crate::ctxt::Ctxt;

const RETRY: [&str; 5] = [
    "max_attempts",
    "initial_backoff",
    "max_backoff",
    "multiplier",
    "codes",
];
const HEDGE: [&str; 3] = ["max_attempts", "delay", "codes"];
const CRITICALITIES: [(&str, Criticality); 4] = [
    ("CriticalPlus", Criticality::CriticalPlus),
    ("Critical", Criticality::Critical),
    ("SheddablePlus", Criticality::SheddablePlus),
    ("Sheddable", Criticality::Sheddable),
];

/// The fields that a policy names, as the user wrote them: rustc looks them up.
#[derive(Clone, Default)]
pub(crate) struct Fields {
    pub(crate) hash_key: Option<Vec<Ident>>,
    pub(crate) user_key: Option<Vec<Ident>>,
}

pub(crate) fn at<T>(value: T, span: Span) -> Spanned<T> {
    let span = diag::Span::Rust(span);
    Spanned { value, span }
}

pub(crate) fn policy(of: &Options, ctxt: &mut Ctxt) -> (Policy, Fields) {
    let mut fields = Fields::default();
    if of.is_text("hash_key") {
        let span = of
            .get("hash_key")
            .map_or_else(Span::call_site, |opt| opt.span);
        let message =
            "`hash_key` is the field itself: write it without quotes, `hash_key = user.id`";
        ctxt.error(span, message);
    } else {
        fields.hash_key = of.field("hash_key", "cart_id", ctxt);
    }
    let user_key = if of.is_text("user_key") {
        metadata(of, ctxt)
    } else {
        fields.user_key = of.field(
            "user_key",
            "user.id` or `user_key = \"metadata:x-user\"",
            ctxt,
        );
        fields
            .user_key
            .as_ref()
            .map(|path| at(UserKey::Field(path_of(path)), span_of(path)))
    };
    let bytes = of.number("max_request_bytes", "65536", ctxt);
    let policy = Policy {
        timeout: time(of, "timeout", ctxt),
        idle_timeout: time(of, "idle_timeout", ctxt),
        max_request_bytes: bytes.map(|(bytes, span)| at(bytes, span)),
        retry: retry(of, ctxt),
        hedge: hedge(of, ctxt),
        hash_key: fields
            .hash_key
            .as_ref()
            .map(|path| at(HashKey::Field(KeyField::at(path_of(path))), span_of(path))),
        criticality: criticality(of, ctxt),
        user_key,
        ..Policy::default()
    };
    (policy, fields)
}

fn path_of(path: &[Ident]) -> FieldPath {
    FieldPath(path.iter().map(|one| one.unraw().to_string()).collect())
}

fn span_of(path: &[Ident]) -> Span {
    path.first().map_or_else(Span::call_site, Ident::span)
}

fn metadata(of: &Options, ctxt: &mut Ctxt) -> Option<Spanned<UserKey>> {
    let (text, span) = of.text("user_key", "\"metadata:x-user\"", ctxt)?;
    let Some(name) = text.strip_prefix("metadata:") else {
        let message = "a field is written without quotes, and a key of the metadata \
            \"metadata:x-user\"";
        ctxt.error(span, message);
        return None;
    };
    Some(at(UserKey::Metadata(name.to_owned()), span))
}

fn time(of: &Options, name: &str, ctxt: &mut Ctxt) -> Option<Spanned<Duration>> {
    let (text, span) = of.text(name, "\"250ms\"", ctxt)?;
    Some(at(parsed(name, &text, span, ctxt)?, span))
}

fn parsed(name: &str, text: &str, span: Span, ctxt: &mut Ctxt) -> Option<Duration> {
    let error = match duration::parse(text) {
        Ok(duration) => return Some(duration),
        Err(error) => error,
    };
    let message = format!("`{name}` \"{text}\" is no duration: {error}");
    let wrong = Diagnostic::error("M0101", message, diag::Span::Rust(span));
    ctxt.diagnostic(wrong.help(error.help()));
    None
}

fn retry(of: &Options, ctxt: &mut Ctxt) -> Option<Spanned<Retry>> {
    let (of, span) = of.list("retry", &RETRY, ctxt)?;
    let attempts = of.number("max_attempts", "3", ctxt);
    let multiplier = of.float("multiplier", "1.6", ctxt);
    let retry = Retry {
        max_attempts: attempts.map(|(attempts, span)| at(attempts, span)),
        initial_backoff: time(&of, "initial_backoff", ctxt),
        max_backoff: time(&of, "max_backoff", ctxt),
        multiplier: multiplier.map(|(multiplier, span)| at(multiplier, span)),
        codes: codes(&of, ctxt),
    };
    Some(at(retry, span))
}

fn hedge(of: &Options, ctxt: &mut Ctxt) -> Option<Spanned<Hedge>> {
    let (of, span) = of.list("hedge", &HEDGE, ctxt)?;
    let attempts = of.number("max_attempts", "2", ctxt);
    let hedge = Hedge {
        max_attempts: attempts.map(|(attempts, span)| at(attempts, span)),
        delay: delay(&of, ctxt),
        codes: codes(&of, ctxt),
    };
    Some(at(hedge, span))
}

fn delay(of: &Options, ctxt: &mut Ctxt) -> Option<Spanned<Delay>> {
    let (text, span) = of.text("delay", "\"20ms\"", ctxt)?;
    let Some(quantile) = text.strip_prefix('p') else {
        return Some(at(Delay::After(parsed("delay", &text, span, ctxt)?), span));
    };
    let is_plain = quantile.len() == 2 && quantile.bytes().all(|b| b.is_ascii_digit());
    match quantile.parse() {
        Ok(quantile @ 50..=99) if is_plain => Some(at(Delay::Quantile(quantile), span)),
        _ => {
            let message = format!("`delay` \"{text}\" is no quantile");
            let wrong = Diagnostic::error("M0101", message, diag::Span::Rust(span));
            ctxt.diagnostic(wrong.help("write \"p50\" to \"p99\", or a duration"));
            None
        }
    }
}

/// Codes as `sinew::Code` has them: `Unavailable`; or as the IDL has: `UNAVAILABLE`.
fn codes(of: &Options, ctxt: &mut Ctxt) -> Vec<Spanned<String>> {
    let names = CODES.map(|code| (code, naming::upper_camel(code)));
    let mut codes = Vec::new();
    for word in of.words("codes", "[Unavailable]", ctxt) {
        let written = word.to_string();
        let is_it = |(code, name): &&(&str, String)| *code == written || *name == written;
        if let Some((code, _)) = names.iter().find(is_it) {
            codes.push(at((*code).to_owned(), word.span()));
            continue;
        }
        let rust = names.iter().map(|(_, name)| &**name);
        let near = nearest::nearest(&written.replace('_', ""), rust.clone());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the codes are {}", rust.collect::<Vec<_>>().join(", ")),
        };
        let message = format!("`{written}` is no status code");
        let wrong = Diagnostic::error("M0123", message, diag::Span::Rust(word.span()));
        ctxt.diagnostic(wrong.help(help));
    }
    codes
}

fn criticality(of: &Options, ctxt: &mut Ctxt) -> Option<Spanned<Criticality>> {
    let word = of.word("criticality", "CriticalPlus", ctxt)?;
    let written = word.to_string();
    let names = CRITICALITIES.map(|(name, _)| name);
    let Some((_, value)) = CRITICALITIES.iter().find(|(name, _)| *name == written) else {
        let help = match nearest::nearest(&written.replace('_', ""), names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("supported: {}", names.join(", ")),
        };
        ctxt.error(
            word.span(),
            format_args!("`{written}` is no criticality; {help}"),
        );
        return None;
    };
    Some(at(*value, word.span()))
}
