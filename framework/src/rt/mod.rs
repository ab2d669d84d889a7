//! What the rest waits with and on.
//! It knows nothing of calls, endpoints or sockets.

pub(crate) mod backoff;
pub(crate) mod follow;
