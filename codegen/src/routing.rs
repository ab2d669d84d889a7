//! A rule of `google.api.routing`: its parameters as the IDL has them, and how a message gives their values.
//! It refuses to match templates: the runtime does.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::policy::{HashKey, Policy, Routing, RoutingParameter, Step};

use crate::paths;

/// Does it read a field that rustc warns of?
pub(crate) fn is_deprecated(policy: &Policy) -> bool {
    let key = policy.hash_key.as_ref().map(|key| &key.value);
    matches!(key, Some(HashKey::Routing(rule)) if rule.deprecated)
}

pub(crate) fn emit(rule: &Routing, sinew: &TokenStream) -> TokenStream {
    let parameters = rule.parameters.iter().map(|one| {
        let (field, template) = (one.field.to_string(), one.template.as_ref());
        let template = template.map(ToString::to_string).unwrap_or_default();
        quote!((#field, #template))
    });
    let values = rule.parameters.iter().map(|one| value(one, sinew));
    quote! {
        .routing(
            #sinew::policy::Routing::new(&[#(#parameters),*]),
            |rule, req| #sinew::codegen::routing_key(rule, &[#(#values),*]),
        )
    }
}

fn value(parameter: &RoutingParameter, sinew: &TokenStream) -> TokenStream {
    let mut path = quote!(req);
    // Whatever an `Option` holds is looked into; the last may be one itself.
    let mut open = Vec::new();
    for Step { rust, optional } in &parameter.way {
        let field = paths::ident(rust);
        path = quote!(#path.#field);
        if *optional {
            open.push(path);
            path = quote!(inner);
        }
    }
    let reference = if parameter.way.is_empty() {
        quote!()
    } else {
        quote!(&)
    };
    let last = quote!(#sinew::codegen::key_value(#reference #path));
    open.iter().rev().fold(
        last,
        |inside, option| quote!(#option.as_ref().and_then(|inner| #inside)),
    )
}
