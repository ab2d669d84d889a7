//! How encoded calls travel: sockets, and the protocol on them.
//! It knows no retry, balance or discovery.

pub(crate) mod connect;
pub(crate) mod deferred;
pub(crate) mod stream;
