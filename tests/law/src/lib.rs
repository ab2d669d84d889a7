//! Checks that the runtime keeps the dependency law of `ARCHITECTURE.md`, and
//! that what `ARCHITECTURE.md` says of crates, folders and layer orders is true.
//! It reads sources as text and builds nothing.

pub mod edges;
pub mod files;
pub mod manifest;
pub mod names;
pub mod tables;
