//! The fields that a policy names, as code that rustc reads: it looks them up, and says what is wrong with one where it
//! is written.
//! It refuses to know which types are keys: a trait of the runtime does.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, Type};

use super::model::Check;

/// What makes the hash of a key from a request.
pub(crate) fn closure(path: &[Ident], sinew: &TokenStream) -> TokenStream {
    let (from, seams) = (format_ident!("message"), seams(path, sinew));
    let hash = read(path, &quote!(#sinew::codegen::key_hash));
    quote!(|#from| { #seams #hash })
}

/// What has rustc look up the fields that nothing else reads. The closure of a key does it itself, if there is one:
/// not where the trait is no service, `with_closures`.
pub(crate) fn check(check: &Check, with_closures: bool, sinew: &TokenStream) -> TokenStream {
    let fields = &check.fields;
    let hash_key = fields.hash_key.as_ref().filter(|_| !with_closures);
    let keys = hash_key.into_iter().chain(&fields.user_key);
    let keys = keys.map(|path| look_up(path, &check.request, &check.cfg, sinew));
    quote!(#(#keys)*)
}

fn look_up(path: &[Ident], message: &Type, cfg: &TokenStream, sinew: &TokenStream) -> TokenStream {
    let (from, seams) = (format_ident!("message"), seams(path, sinew));
    let value = read(path, &quote!(#sinew::codegen::key_value));
    quote! {
        #cfg
        const _: fn(&#message) = |#from| {
            #seams
            let _ = #value;
        };
    }
}

/// What `what` makes of the field, where the messages on the way are set.
fn read(path: &[Ident], what: &TokenStream) -> TokenStream {
    let Some((last, way)) = path.split_last() else {
        return quote!(::core::option::Option::None);
    };
    let from = format_ident!("message");
    // Where the field is written, so that rustc points there and not at the attribute.
    let from_at = |field: &Ident| Ident::new("message", from.span().located_at(field.span()));
    let at_last = from_at(last);
    let mut code = quote_spanned!(last.span()=> #what(&#at_last.#last));
    for field in way.iter().rev() {
        let at_field = from_at(field);
        let through = quote_spanned!(field.span()=> (&#at_field.#field).through());
        code = quote! {
            if let ::core::option::Option::Some(#from) = #through {
                #code
            } else {
                ::core::option::Option::None
            }
        };
    }
    code
}

/// What goes from one message to the next, be it optional or not.
fn seams(path: &[Ident], sinew: &TokenStream) -> Option<TokenStream> {
    (path.len() > 1).then(|| {
        quote! {
            #[allow(unused_imports)]
            use #sinew::codegen::{ThroughMessage as _, ThroughOption as _};
        }
    })
}
