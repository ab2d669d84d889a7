//! The only door for generated code: what `sinew-build` and `#[service]` may name besides the public types.
//! Not a public interface: it changes with the generators of the same version.
#![doc(hidden)]

pub use bytes;
pub use prost;
pub use prost_types;

pub use crate::server::{Dispatch, Handling, ReplyContext, ServerCall, StreamReply};

use crate::server::Skeleton;

/// A service with its handlers.
pub fn skeleton(dispatch: impl Dispatch) -> Skeleton {
    Skeleton::new(dispatch)
}

use crate::call::{Inbound, Method, Outbound};
use crate::client::{Call, Channel, Reply};

/// The stub of a unary method.
pub fn unary<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
    req: Req,
) -> Call<Resp>
where
    Req: Send + 'static,
    Resp: 'static,
{
    crate::client::unary(channel, method, req)
}

/// The stub of a method with a stream of replies.
pub fn server_stream<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
    req: Req,
) -> Call<Inbound<Resp>>
where
    Req: Send + 'static,
    Resp: 'static,
{
    crate::client::server_stream(channel, method, req)
}

/// The stub of a method with a stream of requests.
pub fn client_stream<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
) -> Call<(Outbound<Req>, Reply<Resp>)>
where
    Req: 'static,
    Resp: 'static,
{
    crate::client::client_stream(channel, method)
}

/// The stub of a method that streams both ways.
pub fn bidi<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
) -> Call<(Outbound<Req>, Inbound<Resp>)>
where
    Req: 'static,
    Resp: 'static,
{
    crate::client::bidi(channel, method)
}
