//! The runtime from outside: a service of all four shapes, over every transport.

mod foreign;
mod shapes;
mod talk;
mod world;
