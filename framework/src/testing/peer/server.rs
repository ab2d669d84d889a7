//! The peer as a server: requests as they come, and replies piece by piece.
//! It refuses to answer what it was not told to.

use std::borrow::Cow;

use bytes::{Buf as _, Bytes};

use super::conn::Conn;
use super::event::Event;
use crate::call::frame::{PREFIX, frame};
use crate::testing::failed::Failed;
use crate::testing::frame::{ErrorCode, Frame};
use crate::testing::hpack::Fields;

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its stream.
    pub stream: u32,
    /// All of its fields, `:path` and its like among them.
    pub fields: Fields,
    /// There is nothing but the head.
    pub end: bool,
}

impl Request {
    /// The method that is called: `/shop.v1.Cart/Get`; nothing where there is none.
    pub fn path(&self) -> Cow<'_, str> {
        self.fields.get(":path").unwrap_or_default()
    }
}

impl Conn {
    /// The next request's head.
    ///
    /// # Errors
    /// When none comes in time, or what comes is not HTTP/2, or the connection ends.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn next_request(&mut self) -> Result<Request, Failed> {
        let is_request = |event: &Event| match event {
            Event::Headers { fields, .. } => fields.get(":method").is_some(),
            _ => false,
        };
        match self.wait_for("a request", is_request).await? {
            Event::Headers {
                stream,
                fields,
                end,
            } => Ok(Request {
                stream,
                fields,
                end,
            }),
            other => Err(self.failed(format!("{other:?} is no request"))),
        }
    }

    /// The next message of gRPC on a stream, without its prefix; nothing when the peer has ended its half. What is
    /// compressed is given as it came.
    ///
    /// # Errors
    /// When none comes in time, the peer resets the stream, or ends it within a message.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn next_message(&mut self, stream: u32) -> Result<Option<Bytes>, Failed> {
        loop {
            let body = self.state.bodies.entry(stream).or_default();
            let mut bytes = &body.bytes[..];
            if let (Ok(_), Ok(len)) = (bytes.try_get_u8(), bytes.try_get_u32())
                && bytes.len() >= len as usize
            {
                body.bytes.advance(PREFIX);
                return Ok(Some(body.bytes.split_to(len as usize).freeze()));
            }
            if body.ended {
                let rest = body.bytes.len();
                self.state.bodies.remove(&stream);
                if rest > 0 {
                    return Err(self.failed(format!("stream {stream} ended within a message")));
                }
                return Ok(None);
            }
            let of_stream = |event: &Event| match event {
                Event::Data { stream: of, .. } | Event::Reset { stream: of, .. } => *of == stream,
                Event::Headers {
                    stream: of, end, ..
                } => *of == stream && *end,
                _ => false,
            };
            let what = format!("a message on stream {stream}");
            let (data, end) = match self.wait_for(&what, of_stream).await? {
                Event::Data { data, end, .. } => (data, end),
                Event::Reset { code, .. } => {
                    return Err(self.failed(format!("{what} did not come: it was reset, {code:?}")));
                }
                _ => (Bytes::new(), true),
            };
            let body = self.state.bodies.entry(stream).or_default();
            body.bytes.extend_from_slice(&data);
            body.ended = end;
        }
    }

    /// Sends the head of a reply that goes on.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn send_head(&mut self, stream: u32) -> Result<(), Failed> {
        self.send(Frame::headers(stream, &Fields::response(), false))
            .await
    }

    /// Sends one message of gRPC; of a client it may be the last, with [`Conn::finish`] behind it.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn send_message(
        &mut self,
        stream: u32,
        message: impl AsRef<[u8]>,
    ) -> Result<(), Failed> {
        self.send(Frame::message(stream, message, false)).await
    }

    /// Ends a reply with this `grpc-status`.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn send_trailers(&mut self, stream: u32, status: u32) -> Result<(), Failed> {
        self.send(Frame::headers(stream, &Fields::trailers(status), true))
            .await
    }

    /// Answers a unary call: head, message and trailers in one write.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn reply(&mut self, stream: u32, message: impl AsRef<[u8]>) -> Result<(), Failed> {
        self.send_all([
            Frame::headers(stream, &Fields::response(), false),
            Frame::message(stream, message, false),
            Frame::headers(stream, &Fields::trailers(0), true),
        ])
        .await
    }

    /// Says by RST_STREAM that nothing of a request was processed.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn refuse(&mut self, stream: u32) -> Result<(), Failed> {
        self.reset(stream, ErrorCode::RefusedStream).await
    }
}

impl Frame {
    /// DATA with one message of gRPC, behind the prefix that says it is not compressed.
    pub fn message(stream: u32, message: impl AsRef<[u8]>, end: bool) -> Self {
        Self::data(stream, frame(message.as_ref()), end)
    }
}
