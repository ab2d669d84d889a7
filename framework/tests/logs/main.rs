//! What is logged, seen by a subscriber.
//! A program of its own, as `tracing` keeps for all threads whether anybody listens, and may have it from one that does
//! not: here all do.

#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::module_inception,
    reason = "tests fail by panicking; of what they share with others they need a part"
)]

#[path = "../it/tls/certs.rs"]
mod certs;
#[path = "../it/double.rs"]
mod double;
mod kept;
mod said;
#[path = "../it/talk.rs"]
mod talk;
#[path = "../it/world.rs"]
mod world;
