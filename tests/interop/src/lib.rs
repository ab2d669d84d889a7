//! gRPC's interop service and its cases, on Sinew: what the two programs of this crate run.
//!
//! Starts no process and knows no other implementation: `tests/interop/run` does.

pub mod arguments;
pub mod cases;
pub mod ledger;
pub mod service;
pub mod shop;

sinew::include_idl!();

/// What a client sends under this key comes back in the initial metadata.
pub const ECHO_INITIAL: &str = "x-grpc-test-echo-initial";
/// What a client sends under this key comes back in the trailing metadata.
pub const ECHO_TRAILING: &str = "x-grpc-test-echo-trailing-bin";
