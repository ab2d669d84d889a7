//! Which node a call goes to. A decision is a pure function of what is known of the nodes.
//! It sees no message, no connection, and waits for nothing.

// No channel has a ring yet.
#[cfg_attr(not(feature = "testing"), allow(dead_code, unused_imports))]
pub(crate) mod ring;
mod round_robin;

pub(crate) use round_robin::{Pick, RoundRobin, pick};
