//! The client of a service: one nameable type, one method an rpc, each returning a call that owns its channel.
//! It refuses to offer helpers beside `new`: every other name belongs to the IDL.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::model::{Method, Service, Shape};

use crate::{Emit, docs, errors, paths};

pub(crate) fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let sinew = &emit.sinew;
    let docs = docs::client(service);
    let deprecated = docs::deprecated(service.deprecated);
    let methods = service.methods.iter().map(|m| method(service, m, sinew));
    // Without a method nothing reads the channel.
    let unread = service
        .methods
        .is_empty()
        .then(|| quote!(#[allow(dead_code)]));
    quote! {
        #docs
        #deprecated
        #[derive(Clone, Debug)]
        pub struct Client {
            #unread
            channel: #sinew::Channel,
        }

        impl Client {
            /// A client that calls through `channel`.
            pub fn new(channel: #sinew::Channel) -> Self {
                Self { channel }
            }
            #(#methods)*
        }
    }
}

fn method(service: &Service, method: &Method, sinew: &TokenStream) -> TokenStream {
    let name = paths::ident(&method.name.rust);
    let docs = docs::method(service, method);
    let deprecated = docs::deprecated(method.deprecated);
    let descriptor = paths::descriptor(method);
    let (input, output) = (
        paths::message(&method.input),
        paths::message(&method.output),
    );
    let failure = errors::from_module(method).map(|failure| quote!(, #failure));
    let (parameter, reply, start, argument) = match method.shape {
        Shape::Unary => (
            quote!(, req: #input),
            quote!(#output),
            quote!(unary),
            quote!(, req),
        ),
        Shape::ServerStream => (
            quote!(, req: #input),
            quote!(#sinew::Inbound<#output>),
            quote!(server_stream),
            quote!(, req),
        ),
        Shape::ClientStream => (
            quote!(),
            quote!((#sinew::Outbound<#input>, #sinew::Reply<#output #failure>)),
            quote!(client_stream),
            quote!(),
        ),
        Shape::Bidi => (
            quote!(),
            quote!((#sinew::Outbound<#input>, #sinew::Inbound<#output>)),
            quote!(bidi),
            quote!(),
        ),
    };
    let call = quote!(#sinew::codegen::#start(&self.channel, &#descriptor #argument));
    // That of a stream of requests has two futures that fail, and knows with what.
    let call = match (&failure, method.shape) {
        (None, _) | (_, Shape::ClientStream) => call,
        (Some(_), _) => quote!(#sinew::codegen::typed(#call)),
    };
    // Compiled where it is called: of a large IDL, a program calls a few methods.
    let cfg = &method.own.cfg;
    quote! {
        #docs
        #cfg
        #deprecated
        #[inline]
        pub fn #name(&self #parameter) -> #sinew::Call<#reply #failure> {
            #call
        }
    }
}
