//! What every peer process of an experiment shares: the load, the counters, the cores, the line to
//! the driver.
//!
//! It knows no RPC framework and judges nothing: peers bring their stack by [`Peer`] and
//! [`Caller`], and the driver (`lab`) decides what figures mean.
//!
//! A peer is one library with two binaries. The plain one is timed; the `-counted` one is the same
//! code under a counting allocator and behind counting sockets, so that counting costs the timed
//! one nothing.

mod attack;
mod cluster;
mod cpu;
mod failure;
mod latency;
mod load;
mod meter;
mod order;
mod peer;
mod process;
mod socket;

pub use attack::{Attack, AttackOrder};
pub use cluster::{Calls, CallsReport, Chooser, ClusterOrder, Slots};
pub use cpu::{burn, pin, process_cpu, yield_to_all};
pub use failure::Failure;
pub use latency::{Latencies, Recorder};
pub use load::{Load, Work};
pub use meter::{Meter, Reading};
pub use order::{ClientOrder, ClientReport, Event, Order, READ, ServerOrder};
pub use peer::{Announce, Caller, DEADLINE, Peer};
pub use process::{end_in_time, obey, run, tell};
pub use socket::{Counted, Writes};
