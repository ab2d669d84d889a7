//! The documentation of generated items: the IDL's comment, or a sentence that names the item.
//! It refuses to interpret comments: `sinew_idl::docs` has made them safe.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::{
    docs::rustdoc,
    duration::spell,
    model::{Docs, Idempotency, Method, Service},
    policy::ErrorType,
};

use crate::Emit;

pub(crate) fn service(service: &Service) -> TokenStream {
    let mut lines = comment(&service.docs, || {
        format!("The service `{}`.", service.full_name)
    });
    if service.deprecated {
        lines.extend([
            String::new(),
            line("Deprecated: serve it for the callers that it still has."),
        ]);
    }
    attributes(&lines)
}

pub(crate) fn method(service: &Service, method: &Method) -> TokenStream {
    let mut lines = comment(&method.docs, || format!("{}.", full_name(service, method)));
    let policy = policy(method);
    if !policy.is_empty() {
        lines.extend([String::new(), line("# Policy")]);
        lines.extend(policy.iter().map(|one| line(one)));
    }
    attributes(&lines)
}

/// What the IDL declares for calls, as far as something acts on it.
fn policy(method: &Method) -> Vec<String> {
    let policy = &method.policy;
    let timeout = policy.timeout.as_ref().map(|timeout| {
        let spelt = spell(timeout.value);
        format!("- A call may take {spelt}, unless it says itself.")
    });
    let idle_timeout = policy.idle_timeout.as_ref().map(|timeout| {
        let spelt = spell(timeout.value);
        format!("- No message for {spelt} ends the stream of replies, unless the call says itself.")
    });
    let max_request_bytes = policy.max_request_bytes.as_ref().map(|bytes| {
        let what = match method.shape.client_streams() {
            true => "A message of the requests",
            false => "A request",
        };
        format!("- {what} has at most {} bytes.", bytes.value)
    });
    let all = timeout.into_iter().chain(idle_timeout);
    all.chain(max_request_bytes).collect()
}

pub(crate) fn descriptor(service: &Service, method: &Method) -> TokenStream {
    let repeatable = match method.idempotency {
        Idempotency::Unsafe => "",
        Idempotency::Idempotent => ": calling it twice does what calling it once does",
        Idempotency::Safe => ": calling it changes nothing",
    };
    attributes(&[line(&format!(
        "{}{repeatable}.",
        full_name(service, method)
    ))])
}

/// Of the enum of what a method fails with.
pub(crate) fn errors(service: &Service, method: &Method) -> TokenStream {
    attributes(&[line(&format!(
        "What {} fails with.",
        full_name(service, method)
    ))])
}

/// Of one of its variants.
pub(crate) fn error(error: &ErrorType) -> TokenStream {
    let (name, code) = (&error.ty.full_name, &error.code.value);
    attributes(&[line(&format!("`{name}`, sent as {code}."))])
}

pub(crate) fn module(service: &Service, emit: &Emit) -> TokenStream {
    let name = &service.name.rust;
    let text = match (emit.server, emit.client) {
        (true, true) => format!("Descriptors, client and server of [`{name}`]."),
        (true, false) => format!("Descriptors and server of [`{name}`]."),
        (false, true) => format!("Descriptors and client of `{}`.", service.full_name),
        (false, false) => format!("Descriptors of `{}`.", service.full_name),
    };
    attributes(&[line(&text)])
}

pub(crate) fn client(service: &Service) -> TokenStream {
    let first = format!(
        "A client of `{}`: cheap to clone, used by `&self`.",
        service.full_name
    );
    let mut lines = vec![line(&first)];
    let comment = rustdoc(&service.docs);
    if !comment.is_empty() {
        lines.push(String::new());
        lines.extend(comment);
    }
    attributes(&lines)
}

pub(crate) fn server(emit: &Emit) -> TokenStream {
    let sinew: String = emit.sinew.to_string().split_whitespace().collect();
    attributes(&[line(&format!(
        "A server of `service`, to be added to a [`{}::Server`] or served by itself.",
        sinew.trim_start_matches(':')
    ))])
}

fn full_name(service: &Service, method: &Method) -> String {
    format!("`{}/{}`", service.full_name, method.name.wire)
}

pub(crate) fn deprecated(deprecated: bool) -> Option<TokenStream> {
    deprecated.then(|| quote!(#[deprecated]))
}

/// The rustdoc of a comment, or of what is said without one.
fn comment(docs: &Docs, otherwise: impl FnOnce() -> String) -> Vec<String> {
    let lines = rustdoc(docs);
    if lines.is_empty() {
        vec![line(&otherwise())]
    } else {
        lines
    }
}

/// A line of our own, as rustdoc has them: with the space behind `///`.
fn line(text: &str) -> String {
    format!(" {text}")
}

fn attributes(lines: &[String]) -> TokenStream {
    quote!(#(#[doc = #lines])*)
}
