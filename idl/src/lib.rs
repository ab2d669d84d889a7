//! The service model that every Sinew front end lowers to, its checks and diagnostics.

pub mod codes;
pub mod diag;
pub mod docs;
pub mod duration;
pub mod model;
pub mod naming;
pub mod nearest;
pub mod policy;
pub mod template;
pub mod validate;
