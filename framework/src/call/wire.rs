//! How a call looks in HTTP/2 headers and trailers: the only place that spells a header name.
//! It reads and writes single values and decides nothing about the call.

mod bin;
mod load;
mod message;
mod size;
mod status;
mod timeout;

#[cfg(test)]
mod tests;

use http::{HeaderName, HeaderValue};

pub(crate) use bin::{decode_bin, encode_bin};
pub(crate) use load::{report_from_trailers, report_to_trailers};
pub(crate) use message::{decode_message, encode_message};
pub(crate) use size::{REPLY_OWN, TAKEN_HEADER_BYTES, check_block, request_own};
pub(crate) use status::{
    ok_to_trailers, status_from_http, status_from_trailers, status_to_trailers,
};
pub(crate) use timeout::{rounded_timeout, timeout_from_header, timeout_to_header};

pub(crate) static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(crate) static GRPC_STATUS_DETAILS_BIN: HeaderName =
    HeaderName::from_static("grpc-status-details-bin");
pub(crate) static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
pub(crate) static GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(crate) static GRPC_ACCEPT_ENCODING: HeaderName =
    HeaderName::from_static("grpc-accept-encoding");
pub(crate) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Ours, in trailers: the status is final, whoever reads it should not try again.
pub(crate) static FINAL: HeaderName = HeaderName::from_static("x-sinew-final");
/// Ours, in the first reply on a connection: its client may ping every few seconds.
pub(crate) static PINGS: HeaderName = HeaderName::from_static("x-sinew-pings");
/// Ours, in requests: the reply is to bring the server's load.
pub(crate) static ASKS_LOAD: HeaderName = HeaderName::from_static("x-sinew-load");
/// gRPC's, in trailers: the server's load (gRFC A51).
pub(crate) static LOAD_REPORT: HeaderName = HeaderName::from_static("endpoint-load-metrics-bin");

/// What a client of ours calls to learn the load of a server of ours, and whether it answers: no method, and no call.
pub(crate) const PROBE_PATH: &str = "/sinew.Load/Probe";

/// `content-type: application/grpc`
pub(crate) static APPLICATION_GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// `te: trailers`
pub(crate) static TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Names besides `grpc-*` and `x-sinew-*` that belong to the protocol: those of gRPC itself, those
/// that RFC 9113 §8.2.2 bans from HTTP/2, and those that would contradict `:authority` or the body.
const RESERVED: [&str; 11] = [
    "endpoint-load-metrics-bin",
    "te",
    "content-type",
    "content-length",
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "trailer",
];

/// Whether a name is the protocol's, so that metadata can neither set nor see it. Any case.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with(':')
        || has_prefix(name, "grpc-")
        || has_prefix(name, "x-sinew-")
        || RESERVED.iter().any(|r| r.eq_ignore_ascii_case(name))
}

/// Whether a name says that its values are binary, in base64. Any case.
pub(crate) fn is_binary(name: &str) -> bool {
    let (name, suffix) = (name.as_bytes(), b"-bin");
    name.len() >= suffix.len() && name[name.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

/// Whether the values under a (lowercase) name must not be shown in logs.
pub(crate) fn is_secret(name: &str) -> bool {
    [
        "authorization",
        "cookie",
        "token",
        "secret",
        "password",
        "api-key",
        "apikey",
        "credential",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// Whether a `content-type` is gRPC's: `application/grpc`, with any `+codec` or `;parameter`.
pub(crate) fn is_grpc_content_type(value: &HeaderValue) -> bool {
    let expected = APPLICATION_GRPC.as_bytes();
    match value.as_bytes().split_at_checked(expected.len()) {
        Some((start, rest)) => {
            start.eq_ignore_ascii_case(expected)
                && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
        }
        None => false,
    }
}

fn has_prefix(name: &str, prefix: &str) -> bool {
    name.as_bytes()
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}
