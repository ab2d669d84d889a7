//! The Sinew service model to Rust tokens.
