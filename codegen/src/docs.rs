//! The documentation of generated items: the IDL's comment, or a sentence that names the item.
//! It refuses to interpret comments: `sinew_idl::docs` has made them safe.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::model::{Docs, Idempotency, Method, Service};

use crate::Emit;

pub(crate) fn service(service: &Service) -> TokenStream {
    let mut lines = comment(&service.docs, || {
        format!("The service `{}`.", service.full_name)
    });
    if service.deprecated {
        lines.extend([
            String::new(),
            "Deprecated: serve it for the callers that it still has.".to_owned(),
        ]);
    }
    attributes(&lines)
}

pub(crate) fn method(service: &Service, method: &Method) -> TokenStream {
    attributes(&comment(&method.docs, || {
        format!("`{}/{}`.", service.full_name, method.name.wire)
    }))
}

pub(crate) fn descriptor(service: &Service, method: &Method) -> TokenStream {
    let repeatable = match method.idempotency {
        Idempotency::Unsafe => "",
        Idempotency::Idempotent => ": calling it twice does what calling it once does",
        Idempotency::Safe => ": calling it changes nothing",
    };
    attributes(&[format!(
        "`{}/{}`{repeatable}.",
        service.full_name, method.name.wire
    )])
}

pub(crate) fn module(service: &Service, emit: &Emit) -> TokenStream {
    let name = &service.name.rust;
    let line = match (emit.server, emit.client) {
        (true, true) => format!("Descriptors, client and server of [`{name}`]."),
        (true, false) => format!("Descriptors and server of [`{name}`]."),
        (false, true) => format!("Descriptors and client of `{}`.", service.full_name),
        (false, false) => format!("Descriptors of `{}`.", service.full_name),
    };
    attributes(&[line])
}

pub(crate) fn client(service: &Service) -> TokenStream {
    let mut lines = vec![format!(
        "A client of `{}`: cheap to clone, used by `&self`.",
        service.full_name
    )];
    let comment = comment(&service.docs, String::new);
    if comment.iter().any(|line| !line.is_empty()) {
        lines.push(String::new());
        lines.extend(comment);
    }
    attributes(&lines)
}

pub(crate) fn server(emit: &Emit) -> TokenStream {
    let sinew: String = emit.sinew.to_string().split_whitespace().collect();
    attributes(&[format!(
        "A server of `service`, to be added to a [`{}::Server`] or served by itself.",
        sinew.trim_start_matches(':')
    )])
}

pub(crate) fn deprecated(deprecated: bool) -> Option<TokenStream> {
    deprecated.then(|| quote!(#[deprecated]))
}

fn comment(docs: &Docs, otherwise: impl FnOnce() -> String) -> Vec<String> {
    if docs.0.iter().all(|line| line.trim().is_empty()) {
        return vec![otherwise()];
    }
    docs.0.clone()
}

fn attributes(lines: &[String]) -> TokenStream {
    let lines = lines.iter().map(|line| {
        let line = if line.is_empty() {
            String::new()
        } else {
            format!(" {line}")
        };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}
