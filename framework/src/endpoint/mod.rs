//! Who can be called, and where.
//! It knows neither the client nor the server.

pub(crate) mod target;
