//! What a stub method does: begin, encode, send, decode. The four shapes side by side.
//! It refuses to know the layers below [`Channel::run`].

use std::time::Duration;

use bytes::{Buf, Bytes};

use super::Channel;
use super::call::{Call, Options, Response};
use super::enter::{self, Entered};
use super::reply::Reply;
use super::terms::{Bounded, Said, Terms};
use crate::call::body::Body;
use crate::call::frame::{self, Limit};
use crate::call::key::hash::KeyHash;
use crate::call::pipe::{Control, pipe};
use crate::call::stream::Messages;
use crate::call::{
    Deadline, Inbound, Metadata, Method, MethodHandle, MethodSpec, Outbound, Payload, RawCall,
    RawReply, Status,
};

/// One message each way.
pub(crate) fn unary<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
    req: Req,
) -> Call<Resp>
where
    Req: Send + 'static,
    Resp: 'static,
{
    let channel = channel.clone();
    Call::new(move |options| {
        let begun = Begun::new(&channel, method.spec(), options, Bounded::Yes)?;
        let key = begun.key(method, &req);
        let framed = begun.encode(method, &req)?;
        let mut call = begun.call(key, Payload::Whole(framed));
        Ok(async move {
            let reply = channel.run(&mut call).await?;
            let Payload::Whole(mut framed) = reply.payload else {
                let status = Status::broken("a unary call was answered with a stream");
                return Err(status.with_method(method.spec().path()));
            };
            framed.advance(frame::PREFIX.min(framed.len()));
            let message = frame::decode(method.reply, framed, "the reply")
                .map_err(|status| status.with_method(method.spec().path()))?;
            let mut response = Response::new(message, reply.metadata, reply.trailers);
            response.was_compressed = reply.was_compressed;
            Ok(response)
        })
    })
}

/// One request, many replies.
pub(crate) fn server_stream<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
    req: Req,
) -> Call<Inbound<Resp>>
where
    Req: Send + 'static,
    Resp: 'static,
{
    let channel = channel.clone();
    Call::new(move |options| {
        let begun = Begun::new(&channel, method.spec(), options, Bounded::No)?;
        let key = begun.key(method, &req);
        let framed = begun.encode(method, &req)?;
        let receiving = begun.receiving();
        let mut call = begun.call(key, Payload::Whole(framed));
        Ok(async move {
            let reply = channel.run(&mut call).await?;
            let (messages, metadata) = receiving.messages(reply, None);
            let inbound = Inbound::new(messages, method.reply);
            Ok(Response::new(inbound, metadata, Default::default()))
        })
    })
}

/// Many requests, one reply.
pub(crate) fn client_stream<Req, Resp, E>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
) -> Call<(Outbound<Req>, Reply<Resp, E>), E>
where
    Req: 'static,
    Resp: 'static,
    E: 'static,
{
    let channel = channel.clone();
    Call::new(move |options| {
        let opening = Opening::new(&channel, method, options)?;
        Ok(async move {
            let (out, messages, metadata) = opening.open(&channel).await?;
            let reply = Reply::new(messages, method.reply);
            Ok(Response::new((out, reply), metadata, Default::default()))
        })
    })
    .typed()
}

/// Many messages both ways.
pub(crate) fn bidi<Req, Resp>(
    channel: &Channel,
    method: &'static Method<Req, Resp>,
) -> Call<(Outbound<Req>, Inbound<Resp>)>
where
    Req: 'static,
    Resp: 'static,
{
    let channel = channel.clone();
    Call::new(move |options| {
        let opening = Opening::new(&channel, method, options)?;
        Ok(async move {
            let (out, messages, metadata) = opening.open(&channel).await?;
            let inbound = Inbound::new(messages, method.reply);
            Ok(Response::new((out, inbound), metadata, Default::default()))
        })
    })
}

/// A call whose requests stream, begun and not sent.
struct Opening<Req> {
    call: RawCall,
    out: Outbound<Req>,
    control: Control,
    receiving: Receiving,
}

impl<Req> Opening<Req> {
    fn new<Resp>(
        channel: &Channel,
        method: &'static Method<Req, Resp>,
        options: Options,
    ) -> Result<Self, Status> {
        let begun = Begun::new(channel, method.spec(), options, Bounded::No)?;
        let (writer, reader) = pipe(None);
        let control = writer.control();
        let Terms {
            request_limit,
            compression,
            ..
        } = begun.terms;
        let key = begun.options.key.flatten();
        let body = Body::pipe(reader).compressed(compression);
        Ok(Self {
            out: Outbound::new(writer, method.request, request_limit).compressing(compression),
            control,
            receiving: begun.receiving(),
            call: begun.call(key, Payload::Stream(body)),
        })
    }

    async fn open(
        mut self,
        channel: &Channel,
    ) -> Result<(Outbound<Req>, Messages, Metadata), Status> {
        let reply = channel.run(&mut self.call).await?;
        let (messages, metadata) = self.receiving.messages(reply, Some(self.control));
        Ok((self.out, messages, metadata))
    }
}

/// A call that has begun: its time runs, nothing is sent yet.
struct Begun {
    method: MethodHandle,
    options: Options,
    entered: Entered,
    terms: Terms,
}

impl Begun {
    fn new(
        channel: &Channel,
        method: &'static MethodSpec,
        options: Options,
        bounded: Bounded,
    ) -> Result<Self, Status> {
        let said = Said {
            timeout: options.timeout,
            idle_timeout: options.idle_timeout,
            max_reply_bytes: options.max_reply_bytes,
            wait_for_ready: options.wait_for_ready,
            compress: options.compress,
        };
        let terms = channel.0.core.terms(said, method, bounded);
        let method = MethodHandle::from(method);
        let entered = enter::enter(&options.ambient, &method, terms.timeout)?;
        Ok(Self {
            method,
            options,
            entered,
            terms,
        })
    }

    fn encode<Req, Resp>(&self, method: &Method<Req, Resp>, req: &Req) -> Result<Bytes, Status> {
        frame::encode(method.request, req, self.terms.request_limit)
            .map_err(|status| status.with_method(self.method.path_cow()))
    }

    /// What the call says itself, else what its method takes from the request.
    fn key<Req, Resp>(&self, method: &Method<Req, Resp>, req: &Req) -> Option<KeyHash> {
        self.options.key.unwrap_or_else(|| method.key(req))
    }

    /// What the receiving half of a stream has to know.
    fn receiving(&self) -> Receiving {
        Receiving {
            method: self.method.clone(),
            limit: self.terms.reply_limit,
            deadline: self.entered.deadline,
            idle_timeout: self.terms.idle_timeout,
        }
    }

    fn call(self, key: Option<KeyHash>, payload: Payload) -> RawCall {
        let mut call = RawCall::with(self.method, payload);
        call.key = key;
        call.metadata = self.options.metadata;
        call.deadline = self.entered.deadline;
        call.trace = self.entered.trace;
        call.wait_for_ready = self.terms.wait_for_ready;
        call.limit = self.terms.reply_limit;
        call.compress = Some(self.terms.compression);
        call
    }
}

struct Receiving {
    method: MethodHandle,
    limit: Limit,
    deadline: Option<Deadline>,
    idle_timeout: Option<Duration>,
}

impl Receiving {
    fn messages(self, reply: RawReply, other_half: Option<Control>) -> (Messages, Metadata) {
        let body = match reply.payload {
            Payload::Stream(body) => body,
            Payload::Whole(framed) => Body::ending(framed, reply.trailers),
        };
        let mut messages = Messages::new(self.method, body, self.limit)
            .until(self.deadline)
            .cancelling(other_half);
        messages.idle_timeout(self.idle_timeout);
        (messages, reply.metadata)
    }
}
