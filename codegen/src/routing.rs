//! The key that calls are routed by: the field, or the rule of `google.api.routing`, as the IDL has it, and how a
//! message gives its value.
//! It refuses to match templates and to hash: the runtime does.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::{
    model::Method,
    policy::{HashKey, KeyField, Policy, Routing, Step},
};

use crate::paths;

/// Does it read a field that rustc warns of?
pub(crate) fn is_deprecated(policy: &Policy) -> bool {
    let key = policy.hash_key.as_ref().map(|key| &key.value);
    match key {
        Some(HashKey::Field(field)) => field.deprecated,
        Some(HashKey::Routing(rule)) => rule.deprecated,
        None => false,
    }
}

pub(crate) fn emit(key: &HashKey, method: &Method, sinew: &TokenStream) -> TokenStream {
    match key {
        HashKey::Field(field) => self::field(field, method, sinew),
        HashKey::Routing(rule) => self::rule(rule, sinew),
    }
}

fn field(field: &KeyField, method: &Method, sinew: &TokenStream) -> TokenStream {
    let path = field.path.to_string();
    let key = match &method.own.hash_key {
        Some(closure) => closure.clone(),
        None => {
            let input = paths::message(&method.input);
            let key = value(&field.way, &quote!(#sinew::codegen::key_hash));
            // A chain of calls is put into braces by whoever formats it, and then formatted in another way.
            match field.way.iter().any(|step| step.optional) {
                true => quote!(|req: &#input| { #key }),
                false => quote!(|req: &#input| #key),
            }
        }
    };
    quote!(.hash_key(#path, #key))
}

fn rule(rule: &Routing, sinew: &TokenStream) -> TokenStream {
    let parameters = rule.parameters.iter().map(|one| {
        let (field, template) = (one.field.to_string(), one.template.as_ref());
        let template = template.map(ToString::to_string).unwrap_or_default();
        quote!((#field, #template))
    });
    let read = quote!(#sinew::codegen::key_value);
    let values = rule.parameters.iter().map(|one| value(&one.way, &read));
    quote! {
        .routing(
            #sinew::policy::Routing::new(&[#(#parameters),*]),
            |rule, req| #sinew::codegen::routing_key(rule, &[#(#values),*]),
        )
    }
}

/// What `read` makes of the field, where it is set.
fn value(way: &[Step], read: &TokenStream) -> TokenStream {
    let mut path = quote!(req);
    // Whatever an `Option` holds is looked into; the last may be one itself.
    let mut open = Vec::new();
    for Step { rust, optional } in way {
        let field = paths::ident(rust);
        path = quote!(#path.#field);
        if *optional {
            open.push(path);
            path = quote!(inner);
        }
    }
    let reference = if way.is_empty() { quote!() } else { quote!(&) };
    let last = quote!(#read(#reference #path));
    open.iter().rev().fold(
        last,
        |inside, option| quote!(#option.as_ref().and_then(|inner| #inside)),
    )
}
