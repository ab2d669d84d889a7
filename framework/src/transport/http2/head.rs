//! The heads of requests and replies in HTTP/2.
//! It refuses to touch a message.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, header};
use tokio::time::Instant;

use super::keepalive::KeepAlive;
use crate::call::compression::{ACCEPTED, IS_BUILT_IN};
use crate::call::{Compression, Deadline, Metadata, RawCall, Status, wire};
use crate::transport::reported::Reported;

/// What all requests of a connection have in common, and how many may wait.
#[derive(Clone, Debug)]
pub(crate) struct ClientSettings {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) user_agent: HeaderValue,
    /// Calls that may wait for a free stream of the connection.
    pub(crate) max_waiting: usize,
    pub(crate) keep_alive: KeepAlive,
    /// Where load reports go, of the endpoint's other connections, too.
    pub(crate) reported: Arc<Reported>,
    /// Servers that may be ours are asked for them. What others send by themselves is read in any case.
    pub(crate) asks_load: bool,
}

/// The head of a call, and the deadline that the peer will keep: it is told a rounded time, so it may be early. With
/// `asks`, it asks for the peer's load if the last report is not new any more.
///
/// # Errors
/// INTERNAL for a path or metadata that HTTP/2 cannot carry; RESOURCE_EXHAUSTED for more metadata than a peer takes.
pub(super) fn request(
    settings: &ClientSettings,
    call: &RawCall,
    asks: bool,
) -> Result<(Request<()>, Option<Deadline>), Status> {
    // te, content-type, user-agent, timeout and the two of a trace; what is taken, and what is sent. Few ask for load.
    let own = if IS_BUILT_IN { 8 } else { 6 };
    let mut headers = HeaderMap::with_capacity(own + call.metadata.len());
    call.metadata.write_to(&mut headers)?;
    headers.insert(header::TE, wire::TRAILERS.clone());
    headers.insert(header::CONTENT_TYPE, wire::APPLICATION_GRPC.clone());
    if let header::Entry::Vacant(entry) = headers.entry(header::USER_AGENT) {
        entry.insert(settings.user_agent.clone());
    }
    if IS_BUILT_IN {
        headers.insert(&wire::GRPC_ACCEPT_ENCODING, ACCEPTED.clone());
    }
    if let Some(compression) = call.compression() {
        headers.insert(&wire::GRPC_ENCODING, compression.to_header());
    }
    let now = Instant::now();
    let told = call
        .deadline
        .map(|deadline| wire::rounded_timeout(deadline.remaining(now)));
    if let Some(told) = told {
        headers.insert(&wire::GRPC_TIMEOUT, wire::timeout_to_header(told));
    }
    if let Some(trace) = &call.trace {
        trace.write_to(&mut headers);
    }
    if asks && settings.reported.is_stale(now) {
        headers.insert(&wire::ASKS_LOAD, HeaderValue::from_static("1"));
    }
    let path = match call.method.path_cow() {
        Cow::Borrowed(path) => Bytes::from_static(path.as_bytes()),
        Cow::Owned(path) => Bytes::from(path),
    };
    let mut request = post(settings, path)?;
    if call.metadata.is_set() {
        let own = wire::request_own(settings.authority.as_str(), call.method.path());
        wire::check_block(&headers, own)?;
    }
    *request.headers_mut() = headers;
    Ok((request, told.map(|told| Deadline::from_start(now, told))))
}

/// The head of a probe, which is all of it.
///
/// # Errors
/// As [`request`].
pub(super) fn probe(settings: &ClientSettings) -> Result<Request<()>, Status> {
    let mut request = post(settings, Bytes::from_static(wire::PROBE_PATH.as_bytes()))?;
    let headers = request.headers_mut();
    headers.insert(header::TE, wire::TRAILERS.clone());
    headers.insert(header::CONTENT_TYPE, wire::APPLICATION_GRPC.clone());
    headers.insert(header::USER_AGENT, settings.user_agent.clone());
    Ok(request)
}

/// A request without headers.
fn post(settings: &ClientSettings, path: Bytes) -> Result<Request<()>, Status> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(settings.scheme.clone());
    parts.authority = Some(settings.authority.clone());
    let parsed = PathAndQuery::from_maybe_shared(path.clone());
    parts.path_and_query = Some(parsed.map_err(|error| {
        let path = String::from_utf8_lossy(&path);
        Status::broken(format!("{path:?} is no path of a method: {error}"))
    })?);
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from_parts(parts).map_err(Status::internal)?;
    Ok(request)
}

/// The head of a reply that goes on, or that is all there is of it.
#[derive(Debug)]
pub(super) struct ReplyHead {
    pub(super) metadata: Metadata,
    /// The trailers of a call that ended well with its head: an empty stream of replies.
    pub(super) end: Option<Metadata>,
    pub(super) compression: Option<Compression>,
}

/// Checks the head of a reply; `whole` when the peer has ended its stream with it.
///
/// # Errors
/// The status in it, when the call failed before a message; what HTTP says, when the peer does not speak gRPC.
pub(super) fn reply(
    status: StatusCode,
    headers: HeaderMap,
    whole: bool,
) -> Result<ReplyHead, Status> {
    let said = wire::status_from_trailers(&headers);
    let ended_well = whole && matches!(said, Some(Ok(())));
    if let Some(Err(failed)) = said {
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
    let compression = Compression::from_head(&headers)
        .map_err(|unknown| Status::broken(format!("the reply is compressed with {unknown}")))?;
    let metadata = Metadata::from_headers(headers);
    let end = ended_well.then(|| metadata.clone());
    Ok(ReplyHead {
        metadata,
        end,
        compression,
    })
}

/// The end of a reply.
///
/// # Errors
/// The status in it, if it is not OK; UNKNOWN when there is none.
pub(super) fn end(trailers: Option<HeaderMap>) -> Result<Metadata, Status> {
    let Some(trailers) = trailers else {
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

#[cfg(test)]
impl ClientSettings {
    pub(crate) fn for_test(asks_load: bool) -> Self {
        Self {
            scheme: Scheme::HTTP,
            authority: Authority::from_static("test"),
            user_agent: HeaderValue::from_static("test"),
            max_waiting: 10,
            keep_alive: KeepAlive::Off,
            reported: Arc::default(),
            asks_load,
        }
    }
}
