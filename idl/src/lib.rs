//! The service model that every Sinew front end lowers to, its checks and diagnostics.

pub mod diag;
pub mod docs;
pub mod model;
pub mod naming;
