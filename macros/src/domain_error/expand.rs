//! What the derive becomes: the runtime's macro, or a stub of it behind an error.
//! It refuses to name anything but the runtime's `codegen`, `::core` and `::std` besides what the user named.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::Declared;
use crate::paths::point;

/// The implementation.
pub(super) fn whole(
    name: &Ident,
    errors: &[Declared],
    other: &Ident,
    sinew: &TokenStream,
) -> TokenStream {
    let errors = errors.iter().map(|error| {
        let (variant, detail, code) = (&error.variant, &error.detail, &error.code);
        let message = match &error.message {
            Some(message) => quote!(#message),
            None => quote!(""),
        };
        // That it has a name has to turn out where it is written.
        let at = Span::call_site().located_at(point(detail));
        let name = quote_spanned!(at=> #sinew::codegen::full_name::<#detail>());
        quote!(#variant(#detail) = #name, #code, #message;)
    });
    quote! {
        #sinew::codegen::domain_error! { #name, #other { #(#errors)* } }
    }
}

/// Everything that others may use of the enum, so that nothing but the real errors shows. It never runs.
pub(super) fn stub(name: &Ident, errors: &[Declared], sinew: &TokenStream) -> TokenStream {
    let never = quote!(::core::unreachable!());
    let details = errors.iter().map(|error| {
        let detail = &error.detail;
        quote! {
            impl ::core::convert::From<#detail> for #name {
                fn from(_: #detail) -> Self { #never }
            }
        }
    });
    quote! {
        #[allow(dead_code, unreachable_pub)]
        impl #name {
            pub fn code(&self) -> #sinew::codegen::Code { #never }
            pub fn message(&self) -> &str { #never }
            pub fn with_message(self, _: impl ::core::convert::Into<::std::string::String>) -> Self { #never }
        }
        impl #sinew::codegen::DomainError for #name {
            fn status(&self) -> &#sinew::codegen::Status { #never }
        }
        impl ::core::convert::From<#sinew::codegen::Status> for #name {
            fn from(_: #sinew::codegen::Status) -> Self { #never }
        }
        impl ::core::convert::From<#name> for #sinew::codegen::Status {
            fn from(_: #name) -> Self { #never }
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { #never }
        }
        impl ::std::error::Error for #name {}
        #(#details)*
    }
}
