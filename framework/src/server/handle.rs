//! What generated skeletons are written against: the call that a handler gets, and the reply that it gives.
//! It refuses to run handlers: that is `route.rs`.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Buf;

use super::reply::StreamReply;
use crate::call::ambient::Ambient;
use crate::call::body::Body;
use crate::call::frame::{self, Limit};
use crate::call::method::Codec;
use crate::call::one::OneMessage;
use crate::call::pipe::pipe;
use crate::call::serve::BoxFuture;
use crate::call::stream::Messages;
use crate::call::{
    Code, Context, Inbound, Method, MethodSpec, Outbound, Payload, RawCall, RawReply, ServiceSpec,
    Status,
};
use crate::overrides::Settings;

/// The future of one call on a server.
pub type Handling = BoxFuture<Result<RawReply, Status>>;

/// A service's methods by index: what generated code implements.
pub trait Dispatch: Send + Sync + 'static {
    /// The service; the order of its methods gives their indexes.
    fn spec(&self) -> &'static ServiceSpec;

    /// Handles a call of the method with this index.
    fn dispatch(&self, index: usize, call: ServerCall) -> Handling;
}

/// A call on its way into a handler.
#[derive(Debug)]
pub struct ServerCall {
    /// Boxed: it moves through several futures on its way, and each would hold it twice.
    context: Box<Context>,
    payload: Payload,
    limits: Limits,
}

/// The largest messages of both directions: of a server, where a method declares nothing else; of a call, what holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) request: Limit,
    pub(crate) reply: Limit,
}

impl Limits {
    pub(crate) fn shown(self) -> Settings {
        Settings {
            timeout: None,
            built_in: None,
            max_request_bytes: self.request.bytes,
            max_reply_bytes: self.reply.bytes,
        }
    }
}

impl ServerCall {
    pub(crate) fn new(call: RawCall, limits: Limits) -> Self {
        let ambient = Ambient {
            deadline: call.deadline,
            trace: call.trace,
        };
        Self {
            context: Box::new(Context {
                method: call.method,
                metadata: call.metadata,
                ambient,
                peer: call.peer,
                extensions: call.extensions,
                was_compressed: call.was_compressed,
                compress_reply: call.compress_reply,
                stays_plain: AtomicBool::new(false),
                reply: Default::default(),
            }),
            payload: call.payload,
            limits,
        }
    }

    /// Reads the one request of a unary call.
    pub async fn unary<Req, Resp>(
        mut self,
        method: &Method<Req, Resp>,
    ) -> Result<(ReplyContext, Req), Status> {
        let request = self.limits.request;
        let message = match self.payload {
            // In process, or read by a layer: it has passed no deframer of ours.
            Payload::Whole(mut framed) => {
                request.check_framed(&framed)?;
                framed.advance(frame::PREFIX.min(framed.len()));
                framed
            }
            Payload::Stream(body) => {
                let (message, compressed) = OneMessage::new(body, request).read().await?;
                self.context.was_compressed = compressed;
                message
            }
        };
        let req = frame::decode(method.request, message, "the request")
            .map_err(|status| Status::new(Code::InvalidArgument, status.message()))?;
        Ok((ReplyContext::new(self.context, self.limits), req))
    }

    /// Reads the one request, and opens the way of the replies.
    pub async fn server_stream<Req, Resp>(
        self,
        method: &Method<Req, Resp>,
    ) -> Result<(ReplyContext, Req, Outbound<Resp>, StreamReply), Status> {
        let (cx, req) = self.unary(method).await?;
        let (out, reply) = cx.open(method.reply);
        Ok((cx, req, out, reply))
    }

    /// Opens the way of the requests.
    pub fn client_stream<Req, Resp>(
        self,
        method: &Method<Req, Resp>,
    ) -> Result<(ReplyContext, Inbound<Req>), Status> {
        let body = match self.payload {
            Payload::Stream(body) => body,
            Payload::Whole(framed) => Body::whole(framed),
        };
        let messages = Messages::new(self.context.method.clone(), body, self.limits.request);
        let rx = Inbound::new(messages, method.request);
        Ok((ReplyContext::new(self.context, self.limits), rx))
    }

    /// Opens the ways of requests and replies.
    pub fn bidi<Req, Resp>(
        self,
        method: &Method<Req, Resp>,
    ) -> Result<(ReplyContext, Inbound<Req>, Outbound<Resp>, StreamReply), Status> {
        let (cx, rx) = self.client_stream(method)?;
        let (out, reply) = cx.open(method.reply);
        Ok((cx, rx, out, reply))
    }

    /// The end of a `match` over indexes that cannot be reached.
    pub fn unknown_method(self) -> Handling {
        let status = unknown_method(self.context.method());
        Box::pin(std::future::ready(Err(status)))
    }
}

pub(crate) fn unknown_method(method: &MethodSpec) -> Status {
    Status::unimplemented(format!("this server has no method {method}"))
}

/// The [`Context`] of a call together with what its reply needs.
#[derive(Debug)]
pub struct ReplyContext {
    context: Box<Context>,
    limits: Limits,
}

impl ReplyContext {
    fn new(context: Box<Context>, limits: Limits) -> Self {
        Self { context, limits }
    }

    /// Encodes what a handler returned.
    ///
    /// # Errors
    /// The handler's, as its caller may see it; RESOURCE_EXHAUSTED when the reply is over the limit.
    pub fn reply<Req, Resp>(
        self,
        method: &Method<Req, Resp>,
        result: Result<Resp, Status>,
    ) -> Result<RawReply, Status> {
        let (metadata, trailers) = match &self.context.reply.get() {
            Some(reply) => {
                let mut reply = crate::call::pipe::lock_reply(reply);
                (reply.head(), reply.trailers())
            }
            None => Default::default(),
        };
        let encoded = match result {
            Ok(message) => frame::encode(method.reply, &message, self.limits.reply),
            Err(status) => Err(status.for_caller()),
        };
        match encoded {
            Ok(framed) => Ok(RawReply {
                metadata,
                trailers,
                payload: Payload::Whole(framed),
                was_compressed: false,
                stays_plain: self.context.stays_plain.load(Ordering::Relaxed),
            }),
            Err(status) => Err(status.with_metadata(metadata).with_trailers(trailers)),
        }
    }

    fn open<T>(&self, codec: Codec<T>) -> (Outbound<T>, StreamReply) {
        let reply = self.context.reply.get_or_init(Default::default);
        let (writer, reader) = pipe(Some(Arc::clone(reply)));
        let control = writer.control();
        let compression = self.context.compress_reply;
        let out = Outbound::new(writer, codec, self.limits.reply).compressing(compression);
        let (method, ambient) = (self.context.method.clone(), self.context.ambient.clone());
        let reply = StreamReply::new(reader, control, method, ambient, compression);
        (out, reply)
    }
}

impl Deref for ReplyContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}
