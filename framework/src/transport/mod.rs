//! How encoded calls travel: sockets, and the protocol on them.
//! It knows no retry, balance or discovery.

pub(crate) mod deferred;
