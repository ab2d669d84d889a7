//! The code that the README shows: two services that call one another, and their callers.
//! It refuses to be more than an example: what is sold is not even paid for.

sinew::include_idl!();

pub mod calls;
pub mod metrics;
pub mod middleware;
pub mod mount;
pub mod orders;
pub mod policies;
pub mod service;
pub mod traits;
