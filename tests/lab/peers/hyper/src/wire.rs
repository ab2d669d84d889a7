//! gRPC's framing of one message, and the names on the wire.
//!
//! Uncompressed unary calls only.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderName, HeaderValue};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use lab_common::Failure;
use prost::Message;

pub(crate) const UNARY: &str = "/lab.v1.Echo/Unary";
pub(crate) const BURN: &str = "/lab.v1.Echo/Burn";
pub(crate) const PING: &str = "/lab.v1.Echo/Ping";

pub(crate) const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// A flag byte and a big-endian u32 of length before each message.
const PREFIX: usize = 5;

pub(crate) fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(PREFIX + length);
    frame.put_u8(0);
    frame.put_u32(length as u32);
    message.encode_raw(&mut frame);
    frame.freeze()
}

pub(crate) fn unframe<M: Message + Default>(mut frame: Bytes) -> Result<M, Failure> {
    if frame.len() < PREFIX {
        return Err(Failure::new("a message shorter than its prefix"));
    }
    frame.advance(PREFIX);
    Ok(M::decode(frame)?)
}

/// Reads a body to its end: its bytes, without a copy when they came in one frame, and `grpc-status`
/// if trailers carried one.
pub(crate) async fn read(mut body: Incoming) -> Result<(Bytes, Option<HeaderValue>), Failure> {
    let (mut whole, mut parts, mut status) = (Bytes::new(), BytesMut::new(), None);
    while !body.is_end_stream()
        && let Some(frame) = body.frame().await
    {
        match frame?.into_data() {
            Ok(data) if whole.is_empty() && parts.is_empty() => whole = data,
            Ok(data) if data.is_empty() => {}
            Ok(data) => {
                parts.extend_from_slice(&std::mem::take(&mut whole));
                parts.extend_from_slice(&data);
            }
            Err(frame) => {
                status = frame
                    .into_trailers()
                    .ok()
                    .and_then(|mut map| map.remove(GRPC_STATUS));
            }
        }
    }
    Ok((
        if parts.is_empty() {
            whole
        } else {
            parts.freeze()
        },
        status,
    ))
}
