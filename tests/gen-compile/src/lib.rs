//! Everything that is generated for the good IDLs of `tests/idl`, compiled as strictly as a user's crate may be.
//! There is nothing to run: that it compiles, is documented and is linted without a word is the test.

#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    unused,
    future_incompatible,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    clippy::all,
    clippy::pedantic,
    rustdoc::all
)]

include!(concat!(env!("OUT_DIR"), "/cases.rs"));

#[cfg(test)]
mod calls;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod redacted;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod wire;
