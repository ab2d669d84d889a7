//! `#[service]`: parse, to the model that IDLs are lowered to, the rules that they share, the emitter that they share.
//! It refuses to give up the trait: what is wrong is said beside it, so that its implementations do not fail as well.

mod attr;
mod expand;
mod keys;
mod method;
mod model;
mod names;
mod options;
mod types;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Item, ItemTrait};

use crate::ctxt::Ctxt;

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut ctxt = Ctxt::default();
    let found = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Trait(found)) => found,
        Ok(other) => {
            let what = match &other {
                Item::Impl(_) => "put `#[service]` on the trait, not on an implementation of it",
                _ => "`#[service]` is for traits",
            };
            let first = other.to_token_stream().into_iter().next();
            let span = first.map_or_else(proc_macro2::Span::call_site, |first| first.span());
            ctxt.error(span, what);
            let errors = ctxt.finish();
            return quote!(#item #errors);
        }
        Err(error) => {
            ctxt.syn::<ItemTrait>(Err(error));
            let errors = ctxt.finish();
            return quote!(#item #errors);
        }
    };
    let service = model::read(options, &found, &mut ctxt);
    let code = expand::emit(&service, found);
    let errors = ctxt.finish();
    quote!(#code #errors)
}
