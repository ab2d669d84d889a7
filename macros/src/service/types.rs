//! Types of a signature as the module one below the trait finds them.
//! It refuses to resolve names: where the path alone does not say, an alias beside the trait lets rustc do it.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Path, Type};

use crate::paths::{inner, point};

/// Names that stand everywhere, so that a module below would not look for them above.
const EVERYWHERE: [&str; 22] = [
    "Box", "Option", "Result", "Self", "String", "Vec", "bool", "char", "f32", "f64", "i128",
    "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16", "u32", "u64", "u8",
];

/// The aliases that the types of one service need.
pub(crate) struct Aliases {
    prefix: String,
    pub(crate) all: Vec<TokenStream>,
}

impl Aliases {
    pub(crate) fn new(service: &Ident) -> Self {
        Self {
            prefix: format!("__{service}Type"),
            all: Vec::new(),
        }
    }

    /// The path of a type from the module of the trait, as the emitter of the service's module takes it.
    pub(crate) fn place(&mut self, ty: &Type, cfg: &TokenStream) -> TokenStream {
        match inner(ty) {
            Type::Tuple(unit) if unit.elems.is_empty() => quote!(()),
            Type::Path(path) if path.qself.is_none() => {
                place(&path.path).unwrap_or_else(|| self.alias(ty, cfg))
            }
            _ => self.alias(ty, cfg),
        }
    }

    fn alias(&mut self, ty: &Type, cfg: &TokenStream) -> TokenStream {
        let name = format_ident!(
            "{}{}",
            self.prefix,
            self.all.len(),
            span = Span::call_site().located_at(point(ty))
        );
        self.all.push(quote! {
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #cfg
            type #name = #ty;
        });
        quote!(#name)
    }
}

/// Where the path says by itself where it starts.
fn place(path: &Path) -> Option<TokenStream> {
    if path.segments.iter().any(|one| !one.arguments.is_none()) {
        return None;
    }
    let first = path.segments.first()?.ident.to_string();
    if path.leading_colon.is_some() || first == "crate" {
        return Some(quote!(#path));
    }
    match &*first {
        // As one group, which says to the emitter that it is absolute.
        "$crate" => {
            let group = Group::new(proc_macro2::Delimiter::None, path.to_token_stream());
            Some(group.into_token_stream())
        }
        "self" => {
            let rest = path.segments.iter().skip(1);
            Some(quote!(#(#rest)::*))
        }
        "super" => Some(quote!(#path)),
        name if path.segments.len() == 1 && !EVERYWHERE.contains(&name) => Some(quote!(#path)),
        _ => None,
    }
}
