//! What a method fails with: the enum of the errors that it declares, and how the others name it.
//! It refuses to write what such an enum can do: the runtime's macro has it once, for derived ones, too.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::{
    model::{Method, Service},
    naming,
};

use crate::{Emit, docs, paths};

/// The enums of a service, inside its module.
pub(crate) fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let methods = service.methods.iter();
    let declaring = methods.filter(|method| !method.policy.errors.is_empty());
    let enums = declaring.map(|method| declared(service, method, &emit.sinew));
    quote!(#(#enums)*)
}

/// What a method fails with as seen from the module of the package, if it is not a plain status.
pub(crate) fn from_package(service: &Service, method: &Method) -> Option<TokenStream> {
    let module = paths::ident(&service.module);
    let declared = from_module(method)?;
    Some(match &method.own.failure {
        Some(given) => given.clone(),
        None => quote!(#module::#declared),
    })
}

/// The same as seen from the module of the service.
pub(crate) fn from_module(method: &Method) -> Option<TokenStream> {
    if let Some(given) = &method.own.failure {
        return Some(paths::from_module(given));
    }
    let name = paths::ident(&naming::errors(&method.name.wire));
    (!method.policy.errors.is_empty()).then(|| quote!(#name))
}

fn declared(service: &Service, method: &Method, sinew: &TokenStream) -> TokenStream {
    let docs = docs::errors(service, method);
    let name = paths::ident(&naming::errors(&method.name.wire));
    let errors = || method.policy.errors.iter().map(|error| &error.value);
    let variants = errors().map(|error| paths::ident(&error.variant));
    let names = errors().map(|error| &error.ty.full_name);
    let codes = errors().map(|error| paths::ident(&naming::upper_camel(&error.code.value)));
    let details = errors().map(|error| paths::message(&error.ty));
    let docs_of_variants = errors().map(docs::error);
    let (variants, details): (Vec<_>, Vec<_>) = (variants.collect(), details.collect());
    quote! {
        #docs
        #[derive(Clone, Debug)]
        pub enum #name {
            #(#docs_of_variants #variants(#sinew::Typed<#details>),)*
            /// Every other failure.
            Status(#sinew::Status),
        }
        #sinew::codegen::domain_error! { #name, Status {
            #(#variants(#details) = #names, #codes, "";)*
        } }
    }
}
