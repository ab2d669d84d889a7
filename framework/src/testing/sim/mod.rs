#![doc = include_str!("../../docs/simulator.md")]
// Nodes that are not there, under many clients that are: the table, the balancer and discovery of a channel as they
// are in production, in model time.
// It refuses to have sockets, threads and a clock of the wall.

mod ask;
mod client;
mod clock;
mod cluster;
mod control;
mod drive;
mod journal;
mod load;
mod node;
mod quantile;
mod run;
mod script;
mod site;
/// The page of the documentation: what it shows is compiled, run, and true.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/simulator.md")]
mod page {}
#[cfg(test)]
mod tests;
mod watched;
mod way;
mod work;
mod world;

pub use ask::Ask;
pub use client::{Client, Direct};
pub use clock::{now, sleep};
pub use cluster::Cluster;
pub use control::Control;
pub use journal::{Event, What};
pub use load::Load;
pub use node::Node;
pub use run::{Arrived, Ended, Run};
