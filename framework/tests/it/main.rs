//! The runtime from outside: a service of all four shapes, over every transport.

#![allow(
    clippy::unwrap_used,
    clippy::module_inception,
    reason = "tests fail by panicking; `talk::talk` is what generated code looks like"
)]

mod foreign;
mod shapes;
mod talk;
mod world;
