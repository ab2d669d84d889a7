//! What a `build.rs` calls to turn `.proto` files into messages, clients and servers for the `sinew` runtime; no
//! `protoc` is needed.
//! It refuses to look at the network, and at anything but the files it is told to read.
//!
//! `build.rs` is one line in `main`; it compiles every `.proto` file below the folder, which is the root of their
//! imports:
//! ```no_run
//! sinew_build::compile("proto");
//! ```
//! `sinew::include_idl!();` in the crate then is `pub mod hello { pub mod v1 { … } }` for a package `hello.v1`.
//!
//! Errors are shown by cargo, one line each, and fail the build; the full report with the quoted sources is in
//! `OUT_DIR/sinew-diagnostics.txt`, and on standard error with `SINEW_DIAG=full`. What can be chosen is in [`Config`].

mod aliases;
mod cargo;
mod codes;
mod comments;
mod config;
mod descriptors;
mod discover;
mod layout;
mod messages;
mod patches;
mod recorder;
mod redact;
mod run;
#[cfg(feature = "service-config")]
mod service_config;
mod tidy;
mod write;

pub use config::Config;
pub use run::Report;
pub use sinew_idl::diag::{Diagnostic, Diagnostics, Severity};

use std::path::Path;

/// Compiles all `.proto` files below a folder, or one file, for `sinew::include_idl!()`: short for
/// `Config::new(path).compile()`.
pub fn compile(path: impl AsRef<Path>) {
    Config::new(path).compile();
}
