//! The codes of what goes wrong after the front end: the message back end, the files, the configuration.
//! It refuses to hold codes of the IDL itself: those belong to `sinew-idl`.

/// The message back end cannot make Rust of a file.
pub(crate) const BACK_END: &str = "M0401";
/// Nothing to compile.
pub(crate) const NO_INPUT: &str = "M0402";
/// A file or folder cannot be read or written.
pub(crate) const IO: &str = "M0403";
/// Generated code that is checked in is not what the IDL gives.
pub(crate) const STALE: &str = "M0404";
/// An option of `Config` makes no sense.
pub(crate) const CONFIG: &str = "M0405";
