//! A server as a service over HTTP: for its own connections, and to be mounted in another server.
//! It refuses to know sockets.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use tower::Service;

use super::Stack;
use super::ingress::{self, Refused};
use super::load::Due;
use super::route::Caught;
use crate::call::body::Body;
use crate::call::serve::BoxFuture;
use crate::call::{Code, Compression, Payload, Peer, RawCall, RawReply, ReplyBody, Status, wire};
use crate::overrides::{Overrides, Policies, PolicyState};
use crate::services::health::Health;

/// Serves one call, if it is one, and writes its reply, with what is due of the server's load; in the first one on a
/// connection of ours, that it is ours.
pub(crate) async fn respond(
    stack: Arc<Stack>,
    mut call: Result<RawCall, Refused>,
    is_first: bool,
    due: Option<Due>,
) -> Result<http::Response<ReplyBody>, Infallible> {
    let mut response = match &mut call {
        Ok(call) => {
            // A layer may make the call anew, or its reply.
            let compression = call.compress_reply;
            // The guard is here for the user's metrics: a panic of theirs must not take the connection along.
            match Caught::new(call.method.clone(), stack.serve(call)).await {
                Ok(reply) => succeeded(reply, compression, due),
                Err(status) => failed(&status, due.as_ref()),
            }
        }
        Err(refused) => refused.response(),
    };
    if is_first {
        let headers = response.headers_mut();
        headers.insert(&wire::PINGS, HeaderValue::from_static("1"));
    }
    Ok(response)
}

fn succeeded(
    reply: RawReply,
    compression: Option<Compression>,
    due: Option<Due>,
) -> http::Response<ReplyBody> {
    // Mostly one header each; a map that grows from nothing starts with room for six.
    let mut trailers = HeaderMap::with_capacity(1);
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(header::CONTENT_TYPE, wire::APPLICATION_GRPC.clone());
    let written = reply
        .metadata
        .write_reply(&mut headers)
        .and_then(|()| reply.trailers.write_reply(&mut trailers));
    if let Err(unsent) = written {
        return failed(&unsent, due.as_ref());
    }
    let body = match reply.payload {
        Payload::Whole(framed) => {
            wire::ok_to_trailers(&mut trailers);
            if let Some(due) = due {
                due.write_to(&mut trailers);
            }
            let framed = match compression {
                Some(compression) if !reply.stays_plain => {
                    compressed(framed, compression, &mut headers)
                }
                _ => framed,
            };
            ReplyBody::whole(framed, trailers)
        }
        Payload::Stream(body) => {
            if let Some(compression) = body.compression() {
                headers.insert(&wire::GRPC_ENCODING, compression.to_header());
            }
            let last_word =
                |due: Due| Box::new(move |trailers: &mut _| due.write_to(trailers)) as _;
            ReplyBody::stream(body, due.map(last_word))
        }
    };
    let mut response = http::Response::new(body);
    *response.headers_mut() = headers;
    response
}

/// A message compressed where that is worth it, and then the head says so.
fn compressed(framed: Bytes, compression: Compression, headers: &mut HeaderMap) -> Bytes {
    let packed = compression.pack(framed);
    if packed.first() == Some(&1) {
        headers.insert(&wire::GRPC_ENCODING, compression.to_header());
    }
    packed
}

/// A reply without a message: all of it in one head, unless there are metadata that the caller expects in a head of
/// their own.
pub(crate) fn failed(status: &Status, due: Option<&Due>) -> http::Response<ReplyBody> {
    let (headers, mut trailers) = match blocks(status) {
        Ok(blocks) => blocks,
        // Too much of it must not hide why the call failed.
        Err(unsent) if unsent.code() == Code::ResourceExhausted => (HeaderMap::new(), bare(status)),
        Err(invalid) => (HeaderMap::new(), bare(&invalid)),
    };
    if let Some(due) = due {
        due.write_to(&mut trailers);
    }
    let (mut headers, body) = if headers.is_empty() {
        (trailers, ReplyBody::nothing())
    } else {
        (headers, ReplyBody::trailers(trailers))
    };
    headers.insert(header::CONTENT_TYPE, wire::APPLICATION_GRPC.clone());
    let mut response = http::Response::new(body);
    *response.headers_mut() = headers;
    response
}

/// What precedes the end of a failed call, and its end.
fn blocks(status: &Status) -> Result<(HeaderMap, HeaderMap), Status> {
    let (mut headers, mut trailers) = (HeaderMap::new(), HeaderMap::new());
    status.metadata().write_reply(&mut headers)?;
    status.trailers().write_to(&mut trailers)?;
    wire::status_to_trailers(status, &mut trailers);
    if status.trailers().is_set() {
        wire::check_block(&trailers, wire::REPLY_OWN)?;
    }
    Ok((headers, trailers))
}

/// A status without what a handler sent along.
fn bare(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    wire::status_to_trailers(status, &mut trailers);
    trailers
}

/// A server as a `tower::Service` over `http` requests, to be mounted in axum or under tower-http layers.
///
/// It is always ready and never fails. The request's extensions are the call's.
///
/// ```ignore
/// let app = axum::Router::new().fallback_service(server.into_http_service()?);
/// ```
#[derive(Clone)]
pub struct HttpService(Arc<Stack>);

impl HttpService {
    /// What holds for calls that say nothing themselves, method by method, and who says it: a table to print.
    pub fn policies(&self) -> Policies {
        self.0.routes.policies()
    }

    /// What became of the file of policies, where there is one (`Server::policy_file`).
    pub fn policy_state(&self) -> Option<PolicyState> {
        self.0.routes.overrides().map(Overrides::state)
    }

    /// The handle of what it says of its health ([`crate::Server::health`]). Whoever shuts the host down calls
    /// [`Health::drain`] first.
    pub fn health(&self) -> Health {
        self.0.health.clone()
    }

    pub(crate) fn new(stack: Arc<Stack>) -> Self {
        Self(stack)
    }
}

impl<B> Service<http::Request<B>> for HttpService
where
    B: http_body::Body + Send + 'static,
    B::Error: fmt::Display,
{
    type Response = http::Response<ReplyBody>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let peer = head.extensions.get::<Peer>().cloned().unwrap_or_default();
        let stack = Arc::clone(&self.0);
        Box::pin(async move {
            // Which connection it came on is not known here, so it has no pace.
            let due = stack.load.due(&head.headers, None);
            let call = ingress::read(&stack, head, Body::foreign(body), peer);
            // Pings are answered, or punished, by whoever it is mounted in.
            respond(stack, call, false, due).await
        })
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpService({:?})", self.0.routes)
    }
}
