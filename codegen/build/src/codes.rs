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

/// Of service configs.
#[cfg(feature = "service-config")]
pub(crate) mod config {
    /// A service config is no JSON, or none as a whole.
    pub(crate) const SYNTAX: &str = "M0411";
    /// A value of a service config is of the wrong type, out of its bounds, or missing.
    pub(crate) const VALUE: &str = "M0412";
    /// A name in a service config is none, or is there twice.
    pub(crate) const NAME: &str = "M0413";
    /// A retry policy beside a hedging policy.
    pub(crate) const EXCLUSIVE: &str = "M0414";
    /// A field of a service config that is not known.
    pub(crate) const UNKNOWN: &str = "M0415";
    /// A field of a service config that Sinew never acts on.
    pub(crate) const IDLE: &str = "M0416";
    /// A name in a service config that nothing has.
    pub(crate) const NOTHING: &str = "M0417";
    /// A retry policy for methods that the IDL does not call repeatable.
    pub(crate) const REPEATS: &str = "M0418";
    /// An idle timeout for methods whose replies do not stream.
    pub(crate) const SILENT: &str = "M0419";
}
