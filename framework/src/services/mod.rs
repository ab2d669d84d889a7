//! Services that a server brings along: health, and reflection where it is asked for.
//! It refuses to be in the way: a service of the same name that a user adds stands in its place.

pub mod health;
pub(crate) mod reflection;
