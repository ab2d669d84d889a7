#![doc = include_str!("docs/front.md")]

// Generated code names this crate as it does from elsewhere.
extern crate self as sinew;

pub mod balance;
mod call;
mod client;
pub mod codegen;
pub mod discovery;
mod endpoint;
pub mod export;
mod middleware;
pub mod observe;
mod overrides;
mod rt;
mod server;
mod services;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;

pub use call::key::HashKeyField;
pub use call::key::hash::KeyHash;
pub use call::{
    Background, Body, Code, Compression, Context, DEFAULT_MAX_MESSAGE_BYTES, DomainError,
    Idempotency, Inbound, InvalidMetadata, InvalidMetadataReason, Metadata, MetadataIter,
    MetadataMut, MetadataValue, Method, MethodHandle, MethodSpec, Outbound, Peer, RawCall,
    RawReply, ReplyBody, Result, ServiceSpec, Shape, Status, Trace, Typed, code_of,
};
pub use call::{details, policy};
pub use client::explain;
pub use client::{Call, Channel, ChannelBuilder, Reply, Response, WithResponse};
pub use middleware::{FromFn, FromFnLayer, Next, from_fn};
pub use overrides::{InvalidPolicy, Policies, PolicyState};
pub use server::{Bound, HttpService, IntoServices, Server, ServerLoad, Skeleton};
pub use services::health;
#[cfg(feature = "macros")]
pub use sinew_macros::{DomainError, service};
pub use transport::connect::{Connect, ConnectError, SocketConnector};
pub use transport::memory::InProcess;
pub use transport::stream::Stream;
pub use transport::target::{InvalidTarget, Target};
#[cfg(feature = "tls")]
pub use transport::tls;

/// Includes what `sinew_build::compile` generated in the build script of this crate: one module a package.
#[macro_export]
macro_rules! include_idl {
    () => {
        include!(concat!(env!("OUT_DIR"), "/sinew.rs"));
    };
}
