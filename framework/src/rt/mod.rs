//! What the rest waits with and on.
//! It knows nothing of calls, endpoints or sockets.

pub(crate) mod backoff;
pub(crate) mod decay;
pub(crate) mod fetch;
#[cfg(any(feature = "policy-file", feature = "tls"))]
pub(crate) mod follow;
pub(crate) mod json;
pub(crate) mod pace;
pub(crate) mod stamp;
pub(crate) mod task;
