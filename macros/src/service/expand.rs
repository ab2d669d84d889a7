//! The code of a service: the trait as it is written, its module, and what rustc is to check at the signatures.
//! It refuses to write the module itself: the emitter for IDLs does.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use sinew_codegen::Emit;
use syn::{FnArg, Ident, ItemTrait, Pat, ReturnType, TraitItem, TraitItemFn, parse_quote};

use super::{
    keys,
    model::{Read, is_rpc},
};

pub(crate) fn emit(read: &Read, mut found: ItemTrait) -> TokenStream {
    let visibility = found.vis.to_token_stream();
    let (sinew, aliases) = (&read.sinew, &read.aliases);
    let checks = read
        .checks
        .iter()
        .map(|one| keys::check(one, read.is_plain, sinew));
    let module = if read.is_plain {
        let emit = Emit {
            sinew: sinew.clone(),
            visibility,
            export: true,
            ..Emit::default()
        };
        sinew_codegen::module(&read.service, &emit)
    } else {
        stub(read, &visibility)
    };
    for item in &mut found.items {
        if let TraitItem::Fn(method) = item {
            method.attrs.retain(|attr| !is_rpc(attr));
            rewrite(method);
        }
    }
    found.colon_token.get_or_insert_with(Default::default);
    found.supertraits.push(parse_quote!(::core::marker::Send));
    found.supertraits.push(parse_quote!(::core::marker::Sync));
    found.supertraits.push(parse_quote!('static));
    quote! {
        #found
        #(#aliases)*
        #[allow(dead_code, missing_docs, unreachable_pub)]
        #module
        #(#checks)*
    }
}

/// `async fn` as what it is, with a future that may be moved to any thread.
fn rewrite(method: &mut TraitItemFn) {
    if method.sig.asyncness.take().is_none() {
        return;
    }
    let output = match &method.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    // That the future is not `Send` is said of the method, too.
    let at = Span::call_site().located_at(method.sig.ident.span());
    let future = quote_spanned! {at=>
        -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
    };
    method.sig.output = parse_quote!(#future);
    let Some(mut body) = method.default.take() else {
        return;
    };
    // Or rustc would call the braces needless.
    let braces = Span::call_site().located_at(body.brace_token.span.join());
    body.brace_token = syn::token::Brace(braces);
    // What the body comes to is known inside, as in an `async fn`, so that a wrong value is said where it stands.
    // All arguments move into the future, used or not, as they do into that of an `async fn`.
    let mut moves = Vec::new();
    for arg in &mut method.sig.inputs {
        if let FnArg::Typed(arg) = arg
            && let Pat::Ident(name) = &mut *arg.pat
        {
            let (mutability, name) = (name.mutability.take(), name.ident.clone());
            moves.push(quote!(let #mutability #name = #name;));
        }
    }
    let returned = quote_spanned! {at=>
        async move {
            if let ::core::option::Option::Some(returned) = ::core::option::Option::None::<#output> {
                return returned;
            }
            #(#moves)*
            #body
        }
    };
    method.default = Some(parse_quote!({ #returned }));
}

/// What stands for the module of a trait that is no service, so that who uses it hears of the trait alone.
fn stub(read: &Read, visibility: &TokenStream) -> TokenStream {
    let module = match read.service.module.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        None => format_ident!("{}", read.service.module),
    };
    let sinew = &read.sinew;
    quote! {
        #visibility mod #module {
            pub fn server<T>(_: T) -> #sinew::Skeleton { ::core::unreachable!() }
            pub struct Client;
            impl Client {
                pub fn new(_: #sinew::Channel) -> Self { Self }
            }
        }
    }
}
