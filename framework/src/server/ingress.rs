//! The head of an HTTP request → a call: its method by one lookup, its deadline, its trace.
//! It refuses to decode a message and to decide whether the call is served.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header, request};
use tokio::time::Instant;

use super::Stack;
use crate::call::body::Body;
use crate::call::compression::ACCEPTED;
use crate::call::{
    Code, Compression, Deadline, LoadReport, Metadata, MethodSpec, Payload, Peer, RawCall,
    ReplyBody, Shape, Status, Trace, wire,
};

/// The call that a request is.
///
/// # Errors
/// What to answer when it is none: to a peer that does not speak gRPC in HTTP, to one that does in gRPC; to a probe,
/// how busy the server is.
pub(crate) fn read(
    stack: &Stack,
    head: request::Parts,
    body: Body,
    peer: Peer,
) -> Result<RawCall, Refused> {
    let path = head.uri.path();
    let route = stack.routes.find(path);
    check(&head, route.is_some()).map_err(Refused::Http)?;
    if route.is_none()
        && path == wire::PROBE_PATH
        && let Some(report) = stack.load.now(Instant::now())
    {
        return Err(Refused::Probe(report));
    }
    let compression = Compression::from_head(&head.headers).map_err(|unknown| {
        Refused::Compression(Status::unimplemented(format!(
            "the request is compressed with {unknown}"
        )))
    })?;
    let deadline = deadline(&head.headers).map_err(Refused::Grpc)?;
    let method = match route.and_then(|route| stack.routes.method(route)) {
        Some(method) => method,
        // Whoever answers it in the server's place decides what its messages are.
        None => MethodSpec::named(path, Shape::Bidi).into(),
    };
    let body = body
        .compressed(compression)
        .taken_in(Arc::clone(&stack.intake));
    let mut call = RawCall::with(method, Payload::Stream(body));
    call.compress_reply = stack
        .compression
        .filter(|compression| compression.is_accepted(&head.headers));
    call.route = route;
    call.deadline = deadline;
    call.trace = Trace::from_headers(&head.headers);
    call.peer = peer;
    call.limit = stack.routes.request_limit(&call.method);
    call.extensions = head.extensions;
    call.metadata = Metadata::from_headers(head.headers);
    Ok(call)
}

/// Is it a request of gRPC? To a mount in another server everything comes that nobody else there knows:
/// what is not gRPC is not found here, unless it is about a method of ours.
fn check(head: &request::Parts, known: bool) -> Result<(), StatusCode> {
    let content_type = head.headers.get(header::CONTENT_TYPE);
    let grpc = content_type.is_some_and(wire::is_grpc_content_type);
    if !grpc && !known {
        return Err(StatusCode::NOT_FOUND);
    }
    if head.version < http::Version::HTTP_2 {
        return Err(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    }
    if head.method != http::Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    if !grpc {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    Ok(())
}

fn deadline(headers: &HeaderMap) -> Result<Option<Deadline>, Status> {
    let Some(value) = headers.get(&wire::GRPC_TIMEOUT) else {
        return Ok(None);
    };
    match wire::timeout_from_header(value) {
        Ok(timeout) => Ok(Some(Deadline::after(timeout))),
        Err(_) => Err(Status::new(
            Code::Internal,
            format!(
                "grpc-timeout {value:?} is no time: at most eight digits and one of H M S m u n"
            ),
        )),
    }
}

/// Why a request is no call for a handler.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The peer does not speak gRPC.
    Http(StatusCode),
    /// The peer does, and will find the reason in the status.
    Grpc(Status),
    /// As above; beside it stands which compressions are taken.
    Compression(Status),
    /// A client of ours only wants to know how the server is: no call, so it passes by all that calls do, and is not
    /// counted among them.
    Probe(LoadReport),
}

impl Refused {
    pub(crate) fn response(&self) -> http::Response<ReplyBody> {
        match self {
            Self::Grpc(status) => super::http::failed(status, None),
            Self::Compression(status) => {
                let mut response = super::http::failed(status, None);
                let headers = response.headers_mut();
                headers.insert(&wire::GRPC_ACCEPT_ENCODING, ACCEPTED.clone());
                response
            }
            Self::Probe(report) => {
                let mut response = http::Response::new(ReplyBody::nothing());
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, wire::APPLICATION_GRPC.clone());
                wire::ok_to_trailers(headers);
                wire::report_to_trailers(report, headers);
                response
            }
            &Self::Http(code) => {
                let mut response = http::Response::new(ReplyBody::nothing());
                *response.status_mut() = code;
                let headers = response.headers_mut();
                if code == StatusCode::METHOD_NOT_ALLOWED {
                    headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
                }
                // A gRPC client that got here by mistake reads the status, as the protocol asks.
                wire::status_to_trailers(&expected(code), headers);
                response
            }
        }
    }
}

/// What this server takes, where a request that it answered with `code` was something else.
fn expected(code: StatusCode) -> Status {
    let expected = match code {
        StatusCode::NOT_FOUND => "has no such path",
        StatusCode::HTTP_VERSION_NOT_SUPPORTED => "takes HTTP/2 and no older version",
        StatusCode::METHOD_NOT_ALLOWED => "takes only POST",
        _ => "takes only content-type application/grpc",
    };
    Status::unknown(format!(
        "HTTP {code}: this server speaks gRPC and {expected}"
    ))
}
