//! Who can be called, where, and in which state its connection is.
//! It knows neither the client nor the server.

mod keeper;
mod node;
mod set;
mod table;

pub(crate) use keeper::KeepUp;
pub(crate) use node::{Node, Readiness, no_runtime};
pub(crate) use set::EndpointSet;
pub(crate) use table::Table;
