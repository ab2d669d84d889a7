//! Who can be called, where, and in which state its connection is.
//! It knows neither the client nor the server.

mod keeper;
mod node;

pub(crate) use keeper::KeepUp;
pub(crate) use node::{Node, Readiness, no_runtime};
