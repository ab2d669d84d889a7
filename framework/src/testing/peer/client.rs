//! The peer as a client: requests, and replies read to their end.
//! It refuses to send what it was not told to.

use bytes::{Bytes, BytesMut};
use http::header;

use super::conn::Conn;
use super::event::{Closed, Event};
use crate::call::wire;
use crate::testing::failed::Failed;
use crate::testing::frame::{ErrorCode, Frame};
use crate::testing::hpack::Fields;

/// What came back on one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The head; none where the stream ended before.
    pub head: Option<Fields>,
    /// All bytes of DATA, prefixes of messages among them.
    pub body: Bytes,
    /// What came behind the body.
    pub trailers: Option<Fields>,
    /// How the stream ended.
    pub end: ReplyEnd,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyEnd {
    /// The peer ended its half.
    Finished,
    /// RST_STREAM.
    Reset(ErrorCode),
    /// The connection ended.
    Closed(Closed),
}

impl Reply {
    /// `:status`.
    pub fn http_status(&self) -> Option<u16> {
        self.head.as_ref()?.get(":status")?.parse().ok()
    }

    /// `grpc-status`, in the trailers or in a head that is all there is.
    pub fn status(&self) -> Option<u32> {
        self.ending(wire::GRPC_STATUS.as_str())?.parse().ok()
    }

    /// `grpc-message`, as it came; empty where there is none.
    pub fn message(&self) -> String {
        self.ending(wire::GRPC_MESSAGE.as_str()).unwrap_or_default()
    }

    fn ending(&self, name: &str) -> Option<String> {
        let block = self.trailers.as_ref().or(self.head.as_ref())?;
        block.get(name).map(std::borrow::Cow::into_owned)
    }
}

impl Conn {
    /// The id of the next stream of ours; each is given once.
    pub fn new_stream(&mut self) -> u32 {
        let stream = self.next_stream;
        self.next_stream += 2;
        stream
    }

    /// Begins a call of `path` with its head alone; its stream.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn request(&mut self, path: &str) -> Result<u32, Failed> {
        self.request_with(&Fields::request(path), false).await
    }

    /// Begins a call with this head, which may be all of it; its stream.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn request_with(&mut self, head: &Fields, end: bool) -> Result<u32, Failed> {
        let stream = self.new_stream();
        self.send(Frame::headers(stream, head, end)).await?;
        Ok(stream)
    }

    /// Begins a unary call, head and message in one write; its stream.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn unary(&mut self, path: &str, message: impl AsRef<[u8]>) -> Result<u32, Failed> {
        let stream = self.new_stream();
        self.send_all([
            Frame::headers(stream, &Fields::request(path), false),
            Frame::message(stream, message, true),
        ])
        .await?;
        Ok(stream)
    }

    /// Ends our half of a stream.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn finish(&mut self, stream: u32) -> Result<(), Failed> {
        self.send(Frame::data(stream, Bytes::new(), true)).await
    }

    /// All that comes on a stream, to its end or the connection's.
    ///
    /// # Errors
    /// When a next piece of it does not come in time, or what comes is not HTTP/2.
    ///
    /// # Cancel safety
    /// What was read of it is lost.
    pub async fn reply_on(&mut self, stream: u32) -> Result<Reply, Failed> {
        let (mut head, mut trailers, mut body) = (None, None, BytesMut::new());
        let end = loop {
            let what = format!("the end of stream {stream}");
            let next = self.drive(&what, |state| {
                let of_stream = |event: &Event| match event {
                    Event::Headers { stream: of, .. }
                    | Event::Data { stream: of, .. }
                    | Event::Reset { stream: of, .. } => *of == stream,
                    _ => false,
                };
                state
                    .take_event(of_stream)
                    .or(state.closed.map(Event::Closed))
            });
            let end = match next.await? {
                Event::Headers { fields, end, .. } => {
                    let block = if head.is_none() {
                        &mut head
                    } else {
                        &mut trailers
                    };
                    *block = Some(fields);
                    end
                }
                Event::Data { data, end, .. } => {
                    body.extend_from_slice(&data);
                    end
                }
                Event::Reset { code, .. } => break ReplyEnd::Reset(code),
                Event::Closed(how) => break ReplyEnd::Closed(how),
                _ => false,
            };
            if end {
                break ReplyEnd::Finished;
            }
        };
        Ok(Reply {
            head,
            body: body.freeze(),
            trailers,
            end,
        })
    }
}

impl Fields {
    /// The head of a gRPC request to `path`, without a deadline.
    pub fn request(path: &str) -> Self {
        Self::new()
            .with(":method", "POST")
            .with(":scheme", "http")
            .with(":path", path)
            .with(":authority", "peer.test")
            .with(header::TE, &wire::TRAILERS)
            .with(header::CONTENT_TYPE, &wire::APPLICATION_GRPC)
    }

    /// The head of a gRPC reply.
    pub fn response() -> Self {
        Self::new()
            .with(":status", "200")
            .with(header::CONTENT_TYPE, &wire::APPLICATION_GRPC)
    }

    /// The end of a gRPC reply.
    pub fn trailers(status: u32) -> Self {
        Self::new().with(&wire::GRPC_STATUS, status.to_string())
    }
}
