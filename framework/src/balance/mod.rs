//! Which node a call goes to. A decision is a pure function of what is known of the nodes.
//! It sees no message, no connection, and waits for nothing.

mod class;
mod cost;
mod custom;
mod pick;
mod placed;
mod policy;
pub(crate) mod ring;
mod sample;
mod stand_in;
mod waiting;

pub(crate) use pick::{Asks, Considered, Picker};
pub(crate) use waiting::{Hope, hope};

pub use custom::{Balancer, Candidate, Candidates};
pub use policy::Balance;
