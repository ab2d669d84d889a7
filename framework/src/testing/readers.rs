//! The readers of a peer's bytes, and the writers of what they read: one function each, for programs that fuzz them.
//! They refuse to judge what comes out.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use crate::call::frame::{Deframer, Limit, PREFIX, frame};
use crate::call::{Compression, Metadata, Status, Trace, wire};

/// A limit of `bytes`.
fn limit(bytes: usize) -> Limit {
    Limit {
        bytes,
        ..Limit::DEFAULT
    }
}

/// The messages of a body that comes in these pieces, and how it ends: whether a message lacks its end, or the error.
pub fn messages(
    pieces: impl IntoIterator<Item = Bytes>,
    compression: Option<Compression>,
    limit_bytes: usize,
) -> (Vec<Bytes>, Result<bool, Status>) {
    let mut deframer = Deframer::new(limit(limit_bytes));
    deframer.decompress(compression);
    let mut read = Vec::new();
    for piece in pieces {
        deframer.push(piece);
        loop {
            match deframer.next() {
                Ok(Some(message)) => read.push(message),
                Ok(None) => break,
                Err(status) => return (read, Err(status)),
            }
        }
    }
    (read, Ok(deframer.is_partial()))
}

/// A message as a body carries it, with the prefix of gRPC.
pub fn framed(message: &[u8]) -> Bytes {
    frame(message)
}

/// As [`framed`], compressed if it is large enough for that and becomes smaller.
pub fn packed(compression: Compression, message: &[u8]) -> Bytes {
    compression.pack(frame(message))
}

/// A compressed message without its prefix, decompressed.
///
/// # Errors
/// RESOURCE_EXHAUSTED when more than `limit_bytes` come out; INTERNAL when it is broken.
pub fn unpacked(
    compression: Compression,
    message: &[u8],
    limit_bytes: usize,
) -> Result<Bytes, Status> {
    let framed = compression.unpack(message, limit(limit_bytes))?;
    Ok(framed.slice_ref(framed.get(PREFIX..).unwrap_or_default()))
}

/// What a head says of the messages behind it; nothing of a compression that is not built in.
pub fn compression(head: &HeaderMap) -> Option<Option<Compression>> {
    Compression::from_head(head).ok()
}

/// Does the peer that sent this head take it?
pub fn is_accepted(compression: Compression, head: &HeaderMap) -> bool {
    compression.is_accepted(head)
}

/// What a peer's header block shows to a handler or a caller.
pub fn metadata(block: HeaderMap) -> Metadata {
    Metadata::from_headers(block)
}

/// The header block that carries it; nothing when it cannot be sent.
pub fn metadata_block(metadata: &Metadata) -> Option<HeaderMap> {
    let mut block = HeaderMap::new();
    metadata.write_to(&mut block).ok()?;
    Some(block)
}

/// Is the block small enough to be sent?
pub fn is_sendable(block: &HeaderMap) -> bool {
    wire::check_block(block, wire::REPLY_OWN).is_ok()
}

/// A `content-type` of gRPC?
pub fn is_grpc(content_type: &HeaderValue) -> bool {
    wire::is_grpc_content_type(content_type)
}

/// `grpc-timeout`
pub fn timeout(value: &HeaderValue) -> Option<Duration> {
    wire::timeout_from_header(value).ok()
}

/// `grpc-timeout`
pub fn timeout_value(timeout: Duration) -> HeaderValue {
    wire::timeout_to_header(timeout)
}

/// `grpc-message`
pub fn message(value: &HeaderValue) -> String {
    wire::decode_message(value)
}

/// `grpc-message`
pub fn message_value(message: &str) -> HeaderValue {
    wire::encode_message(message)
}

/// A value of bytes in base64.
pub fn bytes(value: &[u8]) -> Option<Vec<u8>> {
    wire::decode_bin(value)
}

/// A value of bytes in base64.
pub fn bytes_value(bytes: &[u8]) -> HeaderValue {
    wire::encode_bin(bytes)
}

/// The status in a block of trailers, if there is one.
pub fn status(trailers: &HeaderMap) -> Option<Result<(), Status>> {
    wire::status_from_trailers(trailers)
}

/// The block of trailers that carries it.
pub fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    wire::status_to_trailers(status, &mut trailers);
    trailers
}

/// The trace context in a head, if there is a valid one.
pub fn trace(head: &HeaderMap) -> Option<Trace> {
    Trace::from_headers(head)
}

/// The head that carries it.
pub fn trace_head(trace: &Trace) -> HeaderMap {
    let mut head = HeaderMap::new();
    trace.write_to(&mut head);
    head
}
