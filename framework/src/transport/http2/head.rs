//! The heads of requests and replies in HTTP/2.
//! It refuses to touch a message.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, header};
use tokio::time::Instant;

use crate::call::{Metadata, RawCall, Status, wire};

/// What all requests of a connection have in common.
#[derive(Clone, Debug)]
pub(crate) struct ClientSettings {
    pub(crate) authority: Authority,
    pub(crate) user_agent: HeaderValue,
}

/// The head of a call.
///
/// # Errors
/// INTERNAL for a path or metadata that HTTP/2 cannot carry; DEADLINE_EXCEEDED when no time is left.
pub(super) fn request(settings: &ClientSettings, call: &RawCall) -> Result<Request<()>, Status> {
    // te, content-type, user-agent, timeout and the two of a trace.
    let mut headers = HeaderMap::with_capacity(6 + call.metadata.len());
    call.metadata.write_to(&mut headers)?;
    headers.insert(header::TE, wire::TRAILERS.clone());
    headers.insert(header::CONTENT_TYPE, wire::APPLICATION_GRPC.clone());
    if let header::Entry::Vacant(entry) = headers.entry(header::USER_AGENT) {
        entry.insert(settings.user_agent.clone());
    }
    if let Some(deadline) = call.deadline {
        let remaining = deadline.remaining(Instant::now());
        headers.insert(&wire::GRPC_TIMEOUT, wire::timeout_to_header(remaining));
    }
    if let Some(trace) = &call.trace {
        trace.write_to(&mut headers);
    }
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri(settings, call)?;
    *request.headers_mut() = headers;
    Ok(request)
}

fn uri(settings: &ClientSettings, call: &RawCall) -> Result<Uri, Status> {
    let path = match call.method.path_cow() {
        std::borrow::Cow::Borrowed(path) => {
            PathAndQuery::from_maybe_shared(bytes::Bytes::from_static(path.as_bytes()))
        }
        std::borrow::Cow::Owned(path) => PathAndQuery::from_maybe_shared(bytes::Bytes::from(path)),
    };
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(settings.authority.clone());
    parts.path_and_query = Some(path.map_err(|error| {
        Status::internal(format!(
            "{:?} is no path of a method: {error}",
            call.method.path()
        ))
    })?);
    Uri::from_parts(parts).map_err(Status::internal)
}

/// Checks the head of a reply, and gives its metadata.
///
/// # Errors
/// The status in it, when the call failed before a message; what HTTP says, when the peer does not speak gRPC.
pub(super) fn reply(status: StatusCode, headers: HeaderMap) -> Result<Metadata, Status> {
    if let Some(Err(failed)) = wire::status_from_trailers(&headers) {
        // Only a head: what it carries counts as both kinds of metadata.
        return Err(failed.with_trailers(Metadata::from_headers(headers)));
    }
    if status != StatusCode::OK {
        return Err(wire::status_from_http(status));
    }
    match headers.get(header::CONTENT_TYPE) {
        Some(value) if wire::is_grpc_content_type(value) => {}
        other => {
            return Err(Status::unknown(format!(
                "the peer answered with content-type {other:?} where gRPC has application/grpc: is it a gRPC server?"
            )));
        }
    }
    if let Some(encoding) = headers.get(&wire::GRPC_ENCODING)
        && encoding != "identity"
    {
        return Err(Status::unimplemented(format!(
            "the reply is compressed with {encoding:?}, which was not asked for"
        )));
    }
    Ok(Metadata::from_headers(headers))
}

/// The end of a reply that began with `head`.
///
/// # Errors
/// The status in it, if it is not OK; UNKNOWN when there is none.
pub(super) fn end(trailers: Option<HeaderMap>, head: &Metadata) -> Result<Metadata, Status> {
    let Some(trailers) = trailers else {
        // A reply without a message may be one head that says OK.
        if head.says_status() {
            return Ok(head.clone());
        }
        return Err(Status::unknown(
            "the peer ended its reply without a status: is a proxy on the way that drops trailers?",
        ));
    };
    match wire::status_from_trailers(&trailers) {
        Some(Ok(())) => Ok(Metadata::from_headers(trailers)),
        Some(Err(status)) => Err(status.with_trailers(Metadata::from_headers(trailers))),
        None => Err(Status::unknown("the peer's trailers carry no grpc-status")),
    }
}
