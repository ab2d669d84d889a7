//! How generated code spells names: identifiers, and messages as seen from a service's module.
//! It refuses to choose names: they come ready from the model.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use sinew_idl::{
    diag,
    model::{Method, TypeRef},
    naming,
};

/// What a message back end calls the messages that are wrappers of one scalar.
const SCALARS: [&str; 7] = ["bool", "i32", "i64", "u32", "u64", "f32", "f64"];

pub(crate) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}

/// The static of a method: `SAY_HELLO`.
pub(crate) fn descriptor(method: &Method) -> Ident {
    ident(&naming::constant(&method.name.wire))
}

/// The path of a message from inside the service's module, which is one below the package's.
pub(crate) fn message(ty: &TypeRef) -> TokenStream {
    from(&ty.rust, place(&ty.span))
}

/// Where a trait in Rust writes it, so that rustc points there; resolved as all that is generated. Else nowhere.
pub(crate) fn place(span: &diag::Span) -> Span {
    match span {
        diag::Span::Rust(at) => Span::call_site().located_at(*at),
        _ => Span::call_site(),
    }
}

/// A path of the package's module as seen from inside the service's.
pub(crate) fn from_module(path: &TokenStream) -> TokenStream {
    from(path, Span::call_site())
}

fn from(path: &TokenStream, place: Span) -> TokenStream {
    if is_absolute(path) {
        quote!(#path)
    } else {
        quote_spanned!(place=> super::#path)
    }
}

fn is_absolute(path: &TokenStream) -> bool {
    match path.clone().into_iter().next() {
        Some(TokenTree::Ident(first)) => {
            first == "crate" || SCALARS.iter().any(|scalar| first == scalar)
        }
        Some(TokenTree::Punct(first)) => first.as_char() == ':',
        // `()`, and tokens that a front end passed through as one group.
        Some(TokenTree::Group(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_from_one_module_below() {
        let table = [
            ("HelloRequest", "super::HelloRequest"),
            ("super::types::Line", "super::super::types::Line"),
            ("r#type::Line", "super::r#type::Line"),
            ("bool_::Line", "super::bool_::Line"),
            (
                "::sinew::codegen::prost_types::Any",
                "::sinew::codegen::prost_types::Any",
            ),
            ("crate::shared::Line", "crate::shared::Line"),
            ("()", "()"),
            ("bool", "bool"),
            ("f64", "f64"),
        ];
        for (from_package, from_service) in table {
            let ty = TypeRef {
                full_name: String::new(),
                rust: from_package.parse().unwrap(),
                span: diag::Span::None,
            };
            let want: TokenStream = from_service.parse().unwrap();
            assert_eq!(message(&ty).to_string(), want.to_string());
        }
    }
}
