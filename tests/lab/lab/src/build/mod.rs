//! What the experiments on builds (B…) share: the input, the sides, their packages, cargo, and what a
//! process costs.
//!
//! It measures and compares nothing by itself: the experiments do.

pub(crate) mod cargo;
pub(crate) mod cost;
pub(crate) mod files;
pub(crate) mod protoc;
pub(crate) mod side;
pub(crate) mod site;
pub(crate) mod trial;
pub(crate) mod world;
