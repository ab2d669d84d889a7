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

use crate::call::{Code, Inbound, Method, Outbound, Status, Typed};
use crate::client::{Call, Channel, Reply};

pub use crate::__domain_error as domain_error;

/// A declared error to be failed with, called by its name if it has no message.
pub fn failing<D>(detail: D, full_name: &str, code: Code, message: &str) -> Typed<D>
where
    D: prost::Message + Default,
{
    Typed::new(detail, full_name, code, message)
}

/// The status, if its detail at `index` is of this name and decodes; else as it was.
pub fn declared<D>(status: Status, index: usize, full_name: &str) -> Result<Typed<D>, Status>
where
    D: prost::Message + Default,
{
    Typed::find(status, index, full_name)
}

/// Says to people what happened.
pub fn with_message<D>(typed: Typed<D>, message: String) -> Typed<D> {
    typed.with_message(message)
}

/// The same call, failing with what its method declares.
pub fn typed<R, E>(call: Call<R>) -> Call<R, E> {
    call.typed()
}

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
pub fn client_stream<Req, Resp, E>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
) -> Call<(Outbound<Req>, Reply<Resp, E>), E>
where
    Req: 'static,
    Resp: 'static,
    E: 'static,
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
