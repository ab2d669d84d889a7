//! The runtime from outside: a service of all four shapes, over every transport.

mod shapes;
mod talk;
mod world;
