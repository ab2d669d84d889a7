//! The runtime from outside: a service of all four shapes, over every transport.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::module_inception,
    reason = "tests fail by panicking; `talk::talk` is what generated code looks like"
)]

mod balance;
mod cancellation;
mod compression;
mod deadlines;
mod dns;
mod double;
mod drain;
mod errors;
mod export;
mod foreign;
mod headers;
mod health;
mod hostile;
mod in_process;
mod limits;
mod listen;
mod metadata;
mod metrics;
mod middleware;
mod mount;
mod no_runtime;
mod nothing_left;
mod peer;
mod policy;
mod policy_file;
mod reconnect;
mod shapes;
mod talk;
mod tls;
mod trace;
mod windows;
mod world;
