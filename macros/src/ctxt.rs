//! What is wrong in what a macro was given, collected so that all of it is said at once.
//! It refuses to stop at the first.

use proc_macro2::{Span, TokenStream};
use sinew_idl::diag::{self, Diagnostic};

#[derive(Default)]
pub(crate) struct Ctxt(Vec<syn::Error>);

impl Ctxt {
    pub(crate) fn error(&mut self, span: Span, message: impl std::fmt::Display) {
        self.0.push(syn::Error::new(span, message));
    }

    /// Takes over what the parser says.
    pub(crate) fn syn<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Takes over what the rules say that a trait shares with an IDL.
    pub(crate) fn diagnostic(&mut self, found: Diagnostic) {
        let span = match found.span {
            diag::Span::Rust(span) => span,
            _ => Span::call_site(),
        };
        // The rule is the same, the way out is not.
        let help = match found.code {
            "M0120" => Some("if it does none, say so: `idempotent`, or `no_side_effects`".into()),
            _ => found.help,
        };
        let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
        self.error(span, format_args!("{} {}{help}", found.code, found.message));
    }

    /// An error of the compiler for each.
    pub(crate) fn finish(self) -> TokenStream {
        self.0.iter().map(syn::Error::to_compile_error).collect()
    }
}
