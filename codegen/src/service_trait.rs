//! The trait that a server implements: one `async fn` a method.
//! It refuses to box, and to leave out `Send`: a handler may be moved to any thread.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::model::{Method, Service, Shape};

use crate::{Emit, docs, errors, paths};

pub(crate) fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let name = paths::ident(&service.name.rust);
    let docs = docs::service(service);
    let methods = service
        .methods
        .iter()
        .map(|m| method(service, m, &emit.sinew));
    // A deprecated service is not marked so here: whoever still implements it serves its remaining callers.
    quote! {
        #docs
        pub trait #name: ::core::marker::Send + ::core::marker::Sync + 'static {
            #(#methods)*
        }
    }
}

fn method(service: &Service, method: &Method, sinew: &TokenStream) -> TokenStream {
    let name = paths::ident(&method.name.rust);
    let docs = docs::method(service, method);
    let deprecated = docs::deprecated(method.deprecated);
    let (input, output) = (&method.input.rust, &method.output.rust);
    let failure = errors::from_package(service, method).map(|failure| quote!(, #failure));
    let (arguments, reply) = match method.shape {
        Shape::Unary => (quote!(req: #input), quote!(#output)),
        Shape::ClientStream => (quote!(rx: #sinew::Inbound<#input>), quote!(#output)),
        Shape::ServerStream => (
            quote!(req: #input, out: &mut #sinew::Outbound<#output>),
            quote!(()),
        ),
        Shape::Bidi => (
            quote!(rx: #sinew::Inbound<#input>, out: &mut #sinew::Outbound<#output>),
            quote!(()),
        ),
    };
    quote! {
        #docs
        #deprecated
        fn #name(&self, cx: &#sinew::Context, #arguments)
            -> impl ::core::future::Future<Output = #sinew::Result<#reply #failure>> + ::core::marker::Send;
    }
}
