//! The runtime from outside: a service of all four shapes, over every transport.

mod deadlines;
mod double;
mod shapes;
mod talk;
mod world;
