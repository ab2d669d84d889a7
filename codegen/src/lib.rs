//! The Sinew service model to Rust tokens: trait, descriptors, client and server of one service.
//! It refuses to parse, to place modules and to write files: those are the front ends' and the build crate's.
//!
//! What is emitted is fixed in `docs/decisions/0001-seams-and-generated-code.md`. It names nothing but the runtime's
//! crate, `core`, `std` and the messages, by absolute paths (or `super::`), and has no `use`: whatever the user's
//! messages are called.

mod client;
mod descriptor;
mod docs;
mod errors;
mod export;
mod paths;
mod policy;
mod routing;
mod server;
mod service_trait;

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::model::Service;

/// What is emitted for a service, and the paths that it is hung onto.
#[derive(Clone, Debug)]
pub struct Emit {
    /// The trait, and what dispatches calls to it.
    pub server: bool,
    /// The client.
    pub client: bool,
    /// The path of the runtime's crate: `::sinew`.
    pub sinew: TokenStream,
    /// The path of the static of the encoded descriptor set, as seen from the service's module, if there is one.
    pub descriptors: Option<TokenStream>,
    /// The visibility of the service's module.
    pub visibility: TokenStream,
    /// Whether the module can export the service as a `.proto` file: it comes from none.
    pub export: bool,
}

impl Default for Emit {
    fn default() -> Self {
        Self {
            server: true,
            client: true,
            sinew: quote!(::sinew),
            descriptors: None,
            visibility: quote!(pub),
            export: false,
        }
    }
}

/// The items of one service, to stand in the module of its package, beside the messages.
///
/// # Panics
/// When a name of the model is no identifier: `naming` fills only ones that are.
pub fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let server_trait = emit.server.then(|| service_trait::emit(service, emit));
    let module = module(service, emit);
    quote! {
        #server_trait
        #module
    }
}

/// The module of one service alone: for a trait that is written by hand.
///
/// # Panics
/// As [`emit`].
pub fn module(service: &Service, emit: &Emit) -> TokenStream {
    let docs = docs::module(service, emit);
    // Our own calls of what callers are warned of.
    let is_deprecated = service.deprecated || service.methods.iter().any(|m| m.deprecated);
    let allow = is_deprecated.then(|| quote!(#[allow(deprecated)]));
    let module = paths::ident(&service.module);
    let descriptors = descriptor::emit(service, emit);
    let errors = errors::emit(service, emit);
    let client = emit.client.then(|| client::emit(service, emit));
    let server = emit.server.then(|| server::emit(service, emit));
    let export = emit.export.then(|| export::emit(service, emit));
    let visibility = &emit.visibility;
    quote! {
        #docs
        #allow
        #visibility mod #module {
            #descriptors
            #errors
            #client
            #server
            #export
        }
    }
}
