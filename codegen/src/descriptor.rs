//! The statics that describe a service and its methods.
//! It refuses to know options one by one: `policy` does.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use sinew_idl::{
    diag,
    model::{Idempotency, Method, Service, Shape, TypeRef},
};

use crate::{Emit, docs, paths, policy, routing};

pub(crate) fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let sinew = &emit.sinew;
    let full_name = &service.full_name;
    let methods = service.methods.iter().map(|m| method(service, m, sinew));
    let names = service.methods.iter().map(|method| {
        let (cfg, name) = (&method.own.cfg, paths::descriptor(method));
        quote!(#cfg #name.spec())
    });
    let deprecated = deprecated(service.deprecated);
    let described = emit.descriptors.as_ref();
    let described = described.map(|path| quote!(.described_by(&#path)));
    quote! {
        /// The name on the wire.
        pub const NAME: &str = #full_name;
        #(#methods)*
        /// What a registry, reflection and the server's table need to know.
        pub static SERVICE: #sinew::ServiceSpec =
            #sinew::ServiceSpec::new(NAME, &[#(#names),*]) #deprecated #described;
    }
}

fn method(service: &Service, method: &Method, sinew: &TokenStream) -> TokenStream {
    let name = paths::descriptor(method);
    let docs = docs::descriptor(service, method);
    let (input, output) = (
        paths::message(&method.input),
        paths::message(&method.output),
    );
    let path = format!("/{}/{}", service.full_name, method.name.wire);
    let new = new(method, &path, sinew);
    let idempotency = match method.idempotency {
        Idempotency::Unsafe => None,
        Idempotency::Idempotent => Some(quote!(.idempotency(#sinew::Idempotency::Idempotent))),
        Idempotency::Safe => Some(quote!(.idempotency(#sinew::Idempotency::Safe))),
    };
    let deprecated = deprecated(method.deprecated);
    let policy = policy::emit(method, sinew);
    let cfg = &method.own.cfg;
    let reads_deprecated = routing::is_deprecated(&method.policy);
    let allow = reads_deprecated.then(|| quote!(#[allow(deprecated)]));
    quote! {
        #docs
        #cfg
        #allow
        pub static #name: #sinew::Method<#input, #output> =
            #new #idempotency #deprecated #policy;
    }
}

fn deprecated(deprecated: bool) -> Option<TokenStream> {
    deprecated.then(|| quote!(.deprecated()))
}

/// That the types of a trait are messages has to turn out where they are written.
fn new(method: &Method, path: &str, sinew: &TokenStream) -> TokenStream {
    let (constructor, shape) = match method.shape {
        Shape::Unary => (quote!(unary), quote!(Unary)),
        Shape::ClientStream => (quote!(client_stream), quote!(ClientStream)),
        Shape::ServerStream => (quote!(server_stream), quote!(ServerStream)),
        Shape::Bidi => (quote!(bidi), quote!(Bidi)),
    };
    if !matches!(method.input.span, diag::Span::Rust(_)) {
        return quote!(#sinew::Method::#constructor(#path));
    }
    let message = |ty: &TypeRef| {
        let message = paths::message(ty);
        quote_spanned!(paths::place(&ty.span)=> #sinew::codegen::message::<#message>())
    };
    let (input, output) = (message(&method.input), message(&method.output));
    quote!(#sinew::codegen::method(#path, #sinew::Shape::#shape, #input, #output))
}
