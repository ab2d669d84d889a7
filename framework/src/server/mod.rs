//! The serving side.

pub(crate) mod sniff;
