//! Places in the sources of an IDL, and what is wrong there.

/// A place in a source that diagnostics point at.
#[derive(Clone, Debug, Default)]
pub enum Span {
    /// A file of the IDL, by the name it is imported with, and a 1-based line and column (in characters).
    Idl {
        /// The file, as imported.
        file: std::sync::Arc<str>,
        /// 1-based.
        line: u32,
        /// 1-based, in characters.
        column: u32,
        /// 1-based, exclusive end; equals the start where it is not known.
        end_line: u32,
        /// 1-based, exclusive.
        end_column: u32,
    },
    /// Tokens of a Rust source.
    Rust(proc_macro2::Span),
    /// Nowhere in particular.
    #[default]
    None,
}
