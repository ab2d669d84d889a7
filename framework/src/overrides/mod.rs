//! What is said of methods while the process runs: a file in the format of gRPC's service config, looked up by calls,
//! followed while it changes, and shown beside what methods declare.
//! It refuses to be asked by a call that has no file: who has none pays nothing. Without the feature `policy-file`
//! there is no way to name one, and what reads it is not compiled.

#![cfg_attr(not(feature = "policy-file"), allow(dead_code))]

#[cfg(not(feature = "policy-file"))]
mod absent;
#[cfg(feature = "policy-file")]
mod file;
#[cfg(feature = "policy-file")]
mod follow;
#[cfg(feature = "policy-file")]
mod served;
mod show;
mod state;
mod table;

#[cfg(not(feature = "policy-file"))]
pub(crate) use absent::{Loaded, Overrides};
#[cfg(feature = "policy-file")]
pub(crate) use file::Loaded;
#[cfg(feature = "policy-file")]
pub(crate) use follow::Overrides;
pub use show::Policies;
pub(crate) use show::{At, Settings, show};
pub use state::{InvalidPolicy, PolicyState};
pub(crate) use table::Override;
