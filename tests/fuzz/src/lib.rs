//! What no input may do to the compiler and to the runtime: panic, hang, take memory without bound; point outside of a
//! file, or come out as something that is no Rust; be read as something that cannot be sent again.
//! It refuses to know who makes the inputs: libFuzzer does (`libfuzzer/`), and the replay in `tests/replay.rs`.

mod archive;
mod check;
pub mod fixtures;
mod folder;
mod peer;
mod target;
mod text;
mod wire;

pub use archive::Archive;
pub use folder::Folder;
pub use target::Target;
