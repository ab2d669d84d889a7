//! The statics that describe a service and its methods.
//! It refuses to know options one by one: `policy` does.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::model::{Idempotency, Method, Service, Shape};

use crate::{Emit, docs, paths, policy, routing};

pub(crate) fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let sinew = &emit.sinew;
    let full_name = &service.full_name;
    let methods = service.methods.iter().map(|m| method(service, m, sinew));
    let names = service.methods.iter().map(|method| {
        let (cfg, name) = (&method.own.cfg, paths::descriptor(method));
        quote!(#cfg #name.spec())
    });
    let described = emit.descriptors.as_ref();
    let described = described.map(|path| quote!(.described_by(&#path)));
    quote! {
        /// The name on the wire.
        pub const NAME: &str = #full_name;
        #(#methods)*
        /// What a registry, reflection and the server's table need to know.
        pub static SERVICE: #sinew::ServiceSpec =
            #sinew::ServiceSpec::new(NAME, &[#(#names),*]) #described;
    }
}

fn method(service: &Service, method: &Method, sinew: &TokenStream) -> TokenStream {
    let name = paths::descriptor(method);
    let docs = docs::descriptor(service, method);
    let (input, output) = (
        paths::message(&method.input),
        paths::message(&method.output),
    );
    let constructor = match method.shape {
        Shape::Unary => quote!(unary),
        Shape::ClientStream => quote!(client_stream),
        Shape::ServerStream => quote!(server_stream),
        Shape::Bidi => quote!(bidi),
    };
    let path = format!("/{}/{}", service.full_name, method.name.wire);
    let idempotency = match method.idempotency {
        Idempotency::Unsafe => None,
        Idempotency::Idempotent => Some(quote!(.idempotency(#sinew::Idempotency::Idempotent))),
        Idempotency::Safe => Some(quote!(.idempotency(#sinew::Idempotency::Safe))),
    };
    let policy = policy::emit(&method.policy, sinew);
    let cfg = &method.own.cfg;
    let reads_deprecated = routing::is_deprecated(&method.policy);
    let allow = reads_deprecated.then(|| quote!(#[allow(deprecated)]));
    quote! {
        #docs
        #cfg
        #allow
        pub static #name: #sinew::Method<#input, #output> =
            #sinew::Method::#constructor(#path) #idempotency #policy;
    }
}
