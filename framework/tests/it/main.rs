//! The runtime from outside: a service of all four shapes, over every transport.

#![allow(missing_docs, unreachable_pub)]

mod cancellation;
mod deadlines;
mod double;
mod metadata;
mod peer;
mod shapes;
mod talk;
mod trace;
mod world;
