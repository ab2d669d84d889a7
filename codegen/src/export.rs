//! The way from a service in Rust to a `.proto` file: which messages its methods have, and the comments, which only who
//! calls this one function links.
//! It refuses to print: the runtime does, when it is asked.

use proc_macro2::TokenStream;
use quote::quote;
use sinew_idl::{
    docs,
    model::{Docs, Method, Service},
};

use crate::{Emit, errors, paths};

pub(crate) fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let sinew = &emit.sinew;
    let rpcs = service.methods.iter().map(|method| rpc(method, sinew));
    let docs = comment(&service.docs);
    // Types are asked for their names by a trait where they have none, which must be in scope.
    quote! {
        /// The service as a `.proto` file, for other languages: it imports the files that declare its messages, found
        /// in `descriptors` (encoded descriptor sets, as the `DESCRIPTORS` of what `sinew-build` generates).
        ///
        /// # Errors
        /// Which message of which method lacks a name or a descriptor.
        pub fn proto(
            descriptors: &[&[u8]],
        ) -> ::core::result::Result<::std::string::String, #sinew::export::ExportError> {
            #[allow(unused_imports)]
            use #sinew::export::Unnamed as _;
            #sinew::export::export(&SERVICE, #docs, &[#(#rpcs),*], descriptors)
        }
    }
}

fn rpc(method: &Method, sinew: &TokenStream) -> TokenStream {
    let (cfg, name) = (&method.own.cfg, &method.name.wire);
    let (input, output) = (
        paths::message(&method.input),
        paths::message(&method.output),
    );
    let docs = comment(&method.docs);
    let errors = match errors::from_module(method) {
        Some(failure) => quote!(#sinew::export::Probe::<#failure>::errors),
        None => quote!(::std::vec::Vec::new),
    };
    quote! {
        #cfg
        #sinew::export::Rpc {
            name: #name,
            docs: #docs,
            request: #sinew::export::Probe::<#input>::message(),
            reply: #sinew::export::Probe::<#output>::message(),
            errors: #errors,
        }
    }
}

fn comment(docs: &Docs) -> String {
    docs::text(docs).join("\n")
}
