//! What services and methods are called on the wire: that it is a name there, and each once.
//! It refuses to make names: `naming` does, for IDLs, too.

use proc_macro2::Span;
use sinew_idl::{
    diag,
    model::{Method, Name, Service},
    naming,
};
use syn::Ident;

use super::model::Check;
use crate::ctxt::Ctxt;

/// The name on the wire that an identifier gives, which may be more than one there.
pub(super) fn of_ident(wire: String, ident: &Ident, ctxt: &mut Ctxt) -> String {
    if !is_word(&wire) {
        let message = format!(
            "`{ident}` gives no name on the wire, of letters, digits and `_`: say one by `name`"
        );
        ctxt.error(ident.span(), message);
    }
    wire
}

/// Is it a name of the wire: letters, digits and `_`, with dots where it is a package?
pub(super) fn name(text: &str, is_package: bool, span: Span, ctxt: &mut Ctxt) -> bool {
    let is_right = match is_package {
        true => text.split('.').all(is_word),
        false => is_word(text),
    };
    if !is_right {
        let what = if is_package { "package" } else { "name" };
        ctxt.error(
            span,
            format_args!("`{text}` is no {what} on the wire: letters, digits and `_`"),
        );
    }
    is_right
}

fn is_word(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Leaves out what would have the name of another: rpcs that are one on the wire, or one descriptor. Which of several
/// under conditions is there rustc knows, and that one name is there twice it says by itself.
pub(super) fn distinct(service: &mut Service, checks: &mut Vec<Check>, ctxt: &mut Ctxt) {
    let mut kept: Vec<(Method, Check)> = Vec::new();
    for (method, check) in service.methods.drain(..).zip(checks.drain(..)) {
        let constant = naming::constant(&method.name.wire);
        let is_other = |(one, of): &&(Method, Check)| {
            of.cfg.is_empty()
                && check.cfg.is_empty()
                && naming::constant(&one.name.wire) == constant
        };
        let Some((first, _)) = kept.iter().find(is_other) else {
            kept.push((method, check));
            continue;
        };
        let Name { wire, rust, span } = &method.name;
        if let diag::Span::Rust(span) = span
            && *rust != first.name.rust
        {
            let message = format!(
                "`{rust}` is `{wire}`, and `{constant}` in Rust, as `{}` is: name one of them otherwise, by `name`",
                first.name.rust
            );
            ctxt.error(*span, message);
        }
    }
    (service.methods, *checks) = kept.into_iter().unzip();
}
