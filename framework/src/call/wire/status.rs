//! A status in trailers, and what an HTTP status of a peer that is not gRPC stands for.
//! Only what both sides may see is written: nothing of a status's local part.

use http::{HeaderMap, HeaderValue, StatusCode};
use prost::Message as _;
use prost_types::Any;

use super::size::{MAX_HEADER_BYTES, REPLY_OWN, block_size, field_size};
use super::{FINAL, GRPC_MESSAGE, GRPC_STATUS, GRPC_STATUS_DETAILS_BIN};
use super::{decode_bin, decode_message, encode_bin, encode_message, message::shorten};
use crate::call::code::Code;
use crate::call::status::Status;

/// `google.rpc.Status`
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Any>,
}

/// Writes status 0.
pub(crate) fn ok_to_trailers(trailers: &mut HeaderMap) {
    trailers.insert(&GRPC_STATUS, Code::Ok.as_header());
}

/// Writes code, message (at most 8 KiB encoded), final mark and details. Details that do not fit beside what is there
/// already are left out: a block that is too large would cost the status as well.
pub(crate) fn status_to_trailers(status: &Status, trailers: &mut HeaderMap) {
    trailers.insert(&GRPC_STATUS, status.code().as_header());
    if !status.message().is_empty() {
        trailers.insert(&GRPC_MESSAGE, encode_message(status.message()));
    }
    if status.is_final() {
        trailers.insert(&FINAL, HeaderValue::from_static("1"));
    }
    if !status.details().is_empty() {
        let details = RpcStatus {
            code: status.code().into(),
            message: shorten(status.message()).to_owned(),
            details: status.details().to_vec(),
        };
        let base64 = (details.encoded_len() * 4).div_ceil(3);
        let size = field_size(GRPC_STATUS_DETAILS_BIN.as_str().len(), base64);
        if block_size(trailers) + size + REPLY_OWN <= MAX_HEADER_BYTES {
            trailers.insert(
                &GRPC_STATUS_DETAILS_BIN,
                encode_bin(&details.encode_to_vec()),
            );
        }
    }
}

/// The status in `trailers` (or in headers, when a call failed at once); `None` without
/// `grpc-status`.
///
/// A `grpc-status` that is no code is UNKNOWN. Details that do not decode are left out; details
/// whose code is another than `grpc-status` make it INTERNAL, as in grpc-go.
pub(crate) fn status_from_trailers(trailers: &HeaderMap) -> Option<Result<(), Status>> {
    let value = trailers.get(&GRPC_STATUS)?;
    let code = Code::from_wire(value.as_bytes());
    if code == Some(Code::Ok) {
        return Some(Ok(()));
    }
    let message = trailers
        .get(&GRPC_MESSAGE)
        .map(decode_message)
        .unwrap_or_default();
    let mut status = match code {
        Some(code) => Status::new(code, message),
        None => {
            let shown = String::from_utf8_lossy(value.as_bytes());
            Status::new(
                Code::Unknown,
                format!("the peer sent grpc-status {shown:?}, which is no code: {message}"),
            )
        }
    };
    if let Some(details) = trailers
        .get(&GRPC_STATUS_DETAILS_BIN)
        .and_then(read_details)
    {
        status = with_details(status, code, details);
    }
    if trailers.contains_key(&FINAL) {
        status = status.into_final();
    }
    Some(Err(status))
}

/// What a reply without gRPC in it means (gRPC's "HTTP to gRPC Status Code Mapping").
pub(crate) fn status_from_http(http: StatusCode) -> Status {
    if http == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE {
        return Status::resource_exhausted(format!(
            "HTTP {http}: the peer refused the size of the headers; send less metadata, or let it take more"
        ));
    }
    let code = match http.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Status::new(
        code,
        format!(
            "HTTP {http} without grpc-status: the peer, or a proxy before it, is probably not a gRPC server"
        ),
    )
}

fn read_details(value: &HeaderValue) -> Option<RpcStatus> {
    RpcStatus::decode(decode_bin(value.as_bytes())?.as_slice()).ok()
}

fn with_details(status: Status, code: Option<Code>, details: RpcStatus) -> Status {
    match code {
        Some(code) if details.code != i32::from(code) => Status::new(
            Code::Internal,
            format!(
                "the peer contradicts itself: grpc-status is {code} with message {:?}, \
                 grpc-status-details-bin has code {} with message {:?}",
                status.message(),
                details.code,
                details.message,
            ),
        ),
        Some(code) if !details.message.is_empty() => {
            Status::new(code, details.message).with_details(details.details)
        }
        _ => status.with_details(details.details),
    }
}
