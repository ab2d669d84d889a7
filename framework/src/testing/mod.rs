#![doc = include_str!("../docs/testing.md")]
// Behind the feature `testing`: tools that break things, for the tests of services and our own.
// They refuse to be used by the runtime.

mod failed;
mod frame;
mod hpack;
mod peer;
#[doc(hidden)]
pub mod pick;
mod proxy;
#[doc(hidden)]
pub mod readers;
#[doc(hidden)]
pub mod ring;

pub use failed::Failed;
pub use frame::{ErrorCode, Frame, FrameKind, Setting};
pub use hpack::Fields;
pub use peer::{
    Closed, Closing, Conn, Event, Flood, FloodEnd, HalfOpen, Peer, Reply, ReplyEnd, Request,
};
pub use proxy::{Direction, Proxy};

pub mod sim;
