//! The pair that every layer speaks: a call and its reply, with their messages encoded.
//! It refuses to know types of messages and to send anything.

use std::fmt;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::Extensions;
use tokio::time::Instant;

use super::ambient::Ambient;
use super::body::Body;
use super::frame::{self, Limit};
use super::key::HashKeyField;
use super::key::hash::KeyHash;
use super::one::OneMessage;
use super::{
    Code, Compression, Deadline, Metadata, MethodHandle, MethodSpec, Peer, Shape, Status, Trace,
};

/// A call as layers see it, on either side: typed facts, and the request encoded.
#[derive(Debug)]
pub struct RawCall {
    pub(crate) method: MethodHandle,
    pub(crate) metadata: Metadata,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) trace: Option<Trace>,
    pub(crate) wait_for_ready: bool,
    /// On a client: whose owner it goes to.
    pub(crate) key: Option<KeyHash>,
    /// On a client: how the request is compressed, once somebody has said.
    pub(crate) compress: Option<Option<Compression>>,
    /// On a server: how the reply is.
    pub(crate) compress_reply: Option<Compression>,
    /// On a server: the one request has been read, and came compressed.
    pub(crate) was_compressed: bool,
    /// The largest message that is taken from the other side: replies on a client, requests on a server.
    pub(crate) limit: Limit,
    /// Where the server's one lookup says that it goes.
    pub(crate) route: Option<RouteId>,
    pub(crate) peer: Peer,
    pub(crate) extensions: Extensions,
    pub(crate) payload: Payload,
}

impl RawCall {
    /// A unary call of a method that no generated code knows: `message` is the encoded request, as it is.
    ///
    /// ```
    /// # async fn f(channel: sinew::Channel) -> sinew::Result<()> {
    /// let reply = channel.call(sinew::RawCall::new("/shop.v1.Cart/AddLine", vec![8, 1])).await?;
    /// println!("{} bytes", reply.message().map_or(0, |m| m.len()));
    /// # Ok(()) }
    /// ```
    pub fn new(path: impl Into<String>, message: impl Into<Bytes>) -> Self {
        let spec = MethodSpec::named(path, Shape::Unary);
        Self::with(spec.into(), Payload::message(&message.into()))
    }

    pub(crate) fn with(method: MethodHandle, payload: Payload) -> Self {
        Self {
            method,
            metadata: Metadata::default(),
            deadline: None,
            trace: None,
            wait_for_ready: false,
            key: None,
            compress: None,
            compress_reply: None,
            was_compressed: false,
            limit: Limit::DEFAULT,
            route: None,
            peer: Peer::default(),
            extensions: Extensions::new(),
            payload,
        }
    }

    /// The call, moved out: what is left has its method, and nothing to send.
    ///
    /// Our own layers pass calls by reference: a call is some hundred bytes, and each async fn that takes one by value
    /// holds it twice. It is moved where it changes hands for good: to a layer of the user, to a handler, to another
    /// task.
    pub(crate) fn take(&mut self) -> Self {
        let method = self.method.clone();
        std::mem::replace(self, Self::with(method, Payload::default()))
    }

    /// The same call once more, with something else to send.
    pub(crate) fn copy(&self, payload: Payload) -> Self {
        Self {
            method: self.method.clone(),
            metadata: self.metadata.clone(),
            deadline: self.deadline,
            trace: self.trace.clone(),
            wait_for_ready: self.wait_for_ready,
            key: self.key,
            compress: self.compress,
            compress_reply: self.compress_reply,
            was_compressed: self.was_compressed,
            limit: self.limit,
            route: self.route,
            peer: self.peer.clone(),
            extensions: self.extensions.clone(),
            payload,
        }
    }

    /// The method called.
    pub fn method(&self) -> &MethodSpec {
        &self.method
    }

    /// What is sent along.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What is sent along, to change.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// When the call must have ended.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.map(Deadline::instant)
    }

    /// Shortens the time that the call has, from now. A longer time than it has changes nothing.
    pub fn limit_time(&mut self, timeout: Duration) {
        let limit = Deadline::after(timeout);
        self.deadline = Some(self.deadline.map_or(limit, |deadline| deadline.min(limit)));
    }

    /// Waits for a connection also while connecting fails, within the call's deadline.
    #[must_use]
    pub fn wait_for_ready(mut self) -> Self {
        self.wait_for_ready = true;
        self
    }

    /// Places the call by this key, whatever key it had: it goes to the key's owner. A key that is not set, or empty,
    /// leaves it without one.
    ///
    /// ```
    /// # let message = Vec::new();
    /// let call = sinew::RawCall::new("/shop.v1.Cart/AddLine", message).hash_key("cart-7");
    /// assert_eq!(call.key(), sinew::KeyHash::of("cart-7"));
    /// ```
    #[must_use]
    pub fn hash_key(mut self, key: &(impl HashKeyField + ?Sized)) -> Self {
        self.key = KeyHash::of(key);
        self
    }

    /// The hash of the key that the call is placed by, on a client: what [`RawCall::hash_key`] or
    /// [`Call::hash_key`](crate::Call::hash_key) says, else that of the field which the method declares. A call
    /// without one is placed by load.
    pub fn key(&self) -> Option<KeyHash> {
        self.key
    }

    /// Compresses the message, whatever the channel is set to: see [`Compression`]. Layers see it as it is.
    #[must_use]
    pub fn compress(mut self, compression: Compression) -> Self {
        self.compress = Some(Some(compression));
        self
    }

    /// Sends the message as it is, whatever the channel is set to.
    #[must_use]
    pub fn without_compression(mut self) -> Self {
        self.compress = Some(None);
        self
    }

    /// How the request is compressed on its way; a stream is by whoever sends it.
    pub(crate) fn compression(&self) -> Option<Compression> {
        match &self.payload {
            Payload::Whole(_) => self.compress.flatten(),
            Payload::Stream(body) => body.compression(),
        }
    }

    /// The other side of the connection, on a server.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What layers leave for one another and for the handler.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What layers leave for one another and for the handler, to change.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// The encoded request, where it is one message and is here already; on a server it has not been read yet.
    pub fn message(&self) -> Option<Bytes> {
        self.payload.get()
    }

    /// Reads the one request of a unary call on a server, and keeps it for the handler.
    ///
    /// # Errors
    /// INTERNAL when it is not one message, or does not decompress; RESOURCE_EXHAUSTED when it is over the server's
    /// limit.
    ///
    /// # Cancel safety
    /// None: a dropped future loses what it has read, and the call with it.
    pub async fn read_message(&mut self) -> Result<Bytes, Status> {
        match &mut self.payload {
            Payload::Whole(framed) => self.limit.check_framed(framed)?,
            Payload::Stream(body) => {
                let body = std::mem::take(body);
                let (message, compressed) = OneMessage::new(body, self.limit).read().await?;
                self.was_compressed = compressed;
                self.payload = Payload::message(&message);
            }
        }
        Ok(self.payload.get().unwrap_or_default())
    }

    pub(crate) fn ambient(&self) -> Ambient {
        Ambient {
            deadline: self.deadline,
            trace: self.trace.clone(),
        }
    }
}

/// A reply as layers see it, on either side.
///
/// A reply that failed is the `Err` of the result it comes in; the status of a stream comes behind its messages.
#[derive(Debug)]
pub struct RawReply {
    pub(crate) metadata: Metadata,
    pub(crate) trailers: Metadata,
    pub(crate) payload: Payload,
    /// On a client: the one reply came compressed.
    pub(crate) was_compressed: bool,
    /// On a server: the one reply is sent as it is, though the server compresses.
    pub(crate) stays_plain: bool,
}

impl RawReply {
    /// A reply of one message that is encoded already.
    pub fn new(message: impl Into<Bytes>) -> Self {
        Self::whole(Payload::message(&message.into()))
    }

    pub(crate) fn whole(payload: Payload) -> Self {
        Self {
            metadata: Metadata::default(),
            trailers: Metadata::default(),
            payload,
            was_compressed: false,
            stays_plain: false,
        }
    }

    /// What precedes the message. On a client a streaming reply has it later ([`crate::Inbound::headers`]).
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What precedes the message, to change.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// What follows the message; of a stream it comes later.
    pub fn trailers(&self) -> &Metadata {
        &self.trailers
    }

    /// What follows the message, to change.
    pub fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.trailers
    }

    /// The encoded message, where the reply is one.
    pub fn message(&self) -> Option<Bytes> {
        self.payload.get()
    }
}

/// What a call or a reply carries. Shown, a message is its length: what is in it may not be for a log.
pub(crate) enum Payload {
    /// One message with its prefix: it can be sent as it is.
    Whole(Bytes),
    /// Messages that are yet to come.
    Stream(Body),
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(framed) => write!(f, "Whole({} bytes)", framed.len()),
            Self::Stream(body) => f.debug_tuple("Stream").field(body).finish(),
        }
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl Payload {
    pub(crate) fn message(message: &[u8]) -> Self {
        Self::Whole(frame::frame(message))
    }

    fn get(&self) -> Option<Bytes> {
        match self {
            Self::Whole(framed) => {
                let mut message = framed.clone();
                message.advance(frame::PREFIX.min(message.len()));
                Some(message)
            }
            Self::Stream(_) => None,
        }
    }
}

/// A method's place in the tables of the server that a call has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RouteId {
    /// In the server's table.
    pub(crate) entry: usize,
    /// In its service.
    pub(crate) index: usize,
}

/// The code that a result stands for: OK, or its status's.
pub fn code_of<T>(result: &Result<T, Status>) -> Code {
    result.as_ref().map_or_else(Status::code, |_| Code::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_and_a_reply_are_shown_without_their_messages() {
        let call = RawCall::new("/shop.v1.Cart/AddLine", &b"secret"[..]);
        let reply = RawReply::new(&b"secret"[..]);
        for shown in [format!("{call:?}"), format!("{reply:?}")] {
            assert!(shown.contains("Whole(11 bytes)"), "{shown}");
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
