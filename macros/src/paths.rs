//! Paths as users write them in attributes and signatures.
//! It refuses to resolve them.

use proc_macro2::{Ident, Span};
use syn::{GenericArgument, Path, PathArguments, Type, spanned::Spanned as _};

/// What is said of a path of the runtime's crate that depends on where it stands.
pub(crate) const NOT_ABSOLUTE: &str =
    "write the path from the root: `::my::sinew`, or `crate::sinew`";

/// Does a path mean the same in every module?
pub(crate) fn is_absolute(path: &Path) -> bool {
    let first = path.segments.first().map(|first| first.ident.to_string());
    path.leading_colon.is_some() || matches!(first.as_deref(), Some("crate" | "$crate"))
}

/// Without the groups that macros put around what they were given.
pub(crate) fn inner(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => inner(&group.elem),
        Type::Paren(paren) => inner(&paren.elem),
        other => other,
    }
}

/// Where it is pointed at: rustc shows no more than one token of what a macro made.
pub(crate) fn point(ty: &Type) -> Span {
    tail(ty).map_or_else(|| ty.span(), |(name, _)| name.span())
}

/// The last name of a path and its arguments.
pub(crate) fn tail(ty: &Type) -> Option<(&Ident, Vec<&Type>)> {
    let Type::Path(path) = inner(ty) else {
        return None;
    };
    let last = path.path.segments.last()?;
    let mut types = Vec::new();
    if let PathArguments::AngleBracketed(all) = &last.arguments {
        for one in &all.args {
            if let GenericArgument::Type(ty) = one {
                types.push(ty);
            }
        }
    }
    Some((&last.ident, types))
}
