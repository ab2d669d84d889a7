//! Who can be called, where, and in which state its connection is.
//! It knows neither the client nor the server.

mod cause;
mod fleet;
mod hang;
mod health;
mod in_flight;
mod judge;
mod keeper;
mod node;
mod phase;
mod set;
mod table;
mod tuning;
mod vitals;

pub(crate) use cause::Cause;
pub(crate) use fleet::Fleet;
pub(crate) use in_flight::InFlight;
pub(crate) use keeper::KeepUp;
pub(crate) use node::{Node, Readiness, no_runtime};
pub(crate) use phase::Phase;
pub(crate) use set::EndpointSet;
pub(crate) use table::Table;
pub(crate) use tuning::Tuning;
#[cfg(test)]
pub(crate) use vitals::Said;
pub(crate) use vitals::{Facts, Moment, NORMAL_WEIGHT, Vitals};
