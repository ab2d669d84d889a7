//! The way from a caller to a server inside one process: no socket, no thread, no clock but tokio's.
//! It refuses to share what a wire would not carry: metadata and statuses pass as they would on one.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::call::body::{Body, Source};
use crate::call::frame::Limit;
use crate::call::pipe::{Along, Control, PipeReader};
use crate::call::serve::{BoxFuture, Serve};
use crate::call::{
    Compression, LoadReport, Metadata, Payload, Peer, RawCall, RawReply, Shape, Status, Trace, wire,
};
use crate::transport::reported::Reported;

use super::NoSlot;
#[cfg(feature = "testing")]
use super::near::End;

/// What can be called inside its own process: a [`crate::Server`], or one [`crate::Skeleton`].
pub trait InProcess {
    #[doc(hidden)]
    fn into_link(self) -> InProcessLink;
}

/// A server at the other end of a link, which can be asked how busy it is.
pub(crate) trait Local: Serve {
    /// Nothing where it tells nobody.
    fn load(&self, now: Instant) -> Option<LoadReport>;

    /// `by` seconds of the clock are one of what it measures.
    #[cfg(feature = "testing")]
    fn stretch(&self, by: u32) {
        let _ = by;
    }

    /// Resolves when a question has reached it and its answer would be back.
    #[cfg(feature = "testing")]
    fn reached(&self) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }
}

/// A server in this process, ready to be called.
#[doc(hidden)]
#[derive(Clone)]
pub struct InProcessLink {
    server: Arc<dyn Local>,
    /// Where reports of the server's load go, where somebody wants them.
    reported: Option<Arc<Reported>>,
    /// When it takes no more calls; nothing where it always does.
    #[cfg(feature = "testing")]
    end: Option<Arc<End>>,
}

impl InProcessLink {
    pub(crate) fn new(server: impl Local) -> Self {
        Self {
            server: Arc::new(server),
            reported: None,
            #[cfg(feature = "testing")]
            end: None,
        }
    }

    /// It takes no more calls once `end` has come.
    #[cfg(feature = "testing")]
    pub(crate) fn until(self, end: Arc<End>) -> Self {
        let end = Some(end);
        Self { end, ..self }
    }

    /// The server, for one who stands in between.
    #[cfg(feature = "testing")]
    pub(crate) fn server(&self) -> &Arc<dyn Local> {
        &self.server
    }

    pub(crate) fn is_closing(&self) -> bool {
        #[cfg(feature = "testing")]
        if let Some(end) = &self.end {
            return end.has_come();
        }
        false
    }

    /// Resolves when it takes no more calls.
    pub(crate) fn ending(&self) -> BoxFuture<()> {
        #[cfg(feature = "testing")]
        if let Some(end) = self.end.clone() {
            return Box::pin(async move { end.come().await });
        }
        Box::pin(std::future::pending())
    }

    pub(crate) fn try_reserve(&self) -> Result<Self, NoSlot> {
        if self.is_closing() {
            return Err(NoSlot::Closing);
        }
        Ok(self.clone())
    }

    /// Takes the server's load at the end of replies, as often as it would come over a wire.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn reporting(mut self, to: Arc<Reported>) -> Self {
        self.reported = Some(to);
        self
    }

    /// What the end of a reply would bring.
    fn ended(&self) {
        let Some(reported) = &self.reported else {
            return;
        };
        let now = Instant::now();
        if reported.is_stale(now)
            && let Some(report) = self.server.load(now)
        {
            reported.store(report, now);
        }
    }

    /// See [`crate::transport::Link::probe`].
    pub(crate) fn probe(&self) -> Result<(), Status> {
        let now = Instant::now();
        let report = self
            .server
            .load(now)
            .ok_or_else(|| Status::unimplemented("the server does not tell how busy it is"))?;
        if let Some(reported) = &self.reported {
            reported.store(report, now);
        }
        Ok(())
    }

    /// Hands the call over and, if it is unary, waits for its reply. Dropping the future ends its handler.
    pub(crate) async fn send(self, call: &mut RawCall) -> Result<RawReply, Status> {
        let (serving, limit) = match self.start(call.take())? {
            Sent::Unary(serving, limit) => (serving, limit),
            Sent::Stream(reply) => return Ok(reply),
        };
        let reply = serving.await;
        self.ended();
        let reply = arrive(reply)?;
        if let Payload::Whole(framed) = &reply.payload {
            limit.check_framed(framed)?;
        }
        Ok(reply)
    }

    /// What of sending does not wait: kept out of the future, which is the smaller for it.
    fn start(&self, call: RawCall) -> Result<Sent, Status> {
        let (shape, limit) = (call.method.shape(), call.limit);
        let requests = pipe_of(&call.payload).map(PipeReader::control);
        let serving = self.server.serve(cross(call)?);
        if shape == Shape::Unary {
            return Ok(Sent::Unary(serving, limit));
        }
        // A task of its own: the server works on a stream also while the caller does not wait for it.
        let (tell, told) = oneshot::channel();
        let abandoned = requests.clone();
        let task = tokio::spawn(async move {
            let reply = arrive(serving.await);
            let replies = reply.as_ref().ok().and_then(|r| pipe_of(&r.payload));
            if let (Some(requests), Some(along)) = (requests, replies.and_then(PipeReader::along)) {
                requests.end_along(along);
            }
            // Nobody waits any more: the reply is dropped, which ends the handler.
            let _ = tell.send(reply);
        });
        let task = task.abort_handle();
        if let Some(requests) = &abandoned {
            let task = task.clone();
            requests.end_along(Along { task, reply: None });
        }
        let reply = Arriving {
            stage: Stage::Waiting(told),
            task,
            requests: abandoned,
            link: self.clone(),
        };
        let body = Body::source(Box::new(reply));
        Ok(Sent::Stream(RawReply::whole(Payload::Stream(body))))
    }
}

/// A call that was handed over.
enum Sent {
    Unary(BoxFuture<Result<RawReply, Status>>, Limit),
    Stream(RawReply),
}

fn pipe_of(payload: &Payload) -> Option<&PipeReader> {
    match payload {
        Payload::Stream(body) => body.as_pipe(),
        Payload::Whole(_) => None,
    }
}

/// A call as the server gets it.
fn cross(call: RawCall) -> Result<RawCall, Status> {
    let mut headers = HeaderMap::new();
    call.metadata.write_to(&mut headers)?;
    if call.metadata.is_set() {
        wire::check_block(&headers, 0)?;
    }
    if let Some(trace) = &call.trace {
        trace.write_to(&mut headers);
    }
    let payload = match call.payload {
        // Here no pump sees to the sender's time.
        Payload::Stream(body) => Payload::Stream(body.until(call.deadline)),
        whole => whole,
    };
    let mut crossed = RawCall::with(call.method, payload);
    crossed.trace = Trace::from_headers(&headers);
    crossed.metadata = Metadata::from_headers(headers);
    crossed.deadline = call.deadline;
    crossed.peer = Peer::in_process();
    Ok(crossed)
}

/// A reply as the caller gets it.
fn arrive(reply: Result<RawReply, Status>) -> Result<RawReply, Status> {
    match reply {
        Ok(mut reply) => {
            reply.metadata = carried(&reply.metadata)?;
            reply.trailers = carried(&reply.trailers)?;
            Ok(reply)
        }
        Err(status) => Err(failed(&status)),
    }
}

fn carried(metadata: &Metadata) -> Result<Metadata, Status> {
    let mut headers = HeaderMap::new();
    metadata.write_reply(&mut headers)?;
    Ok(Metadata::from_headers(headers))
}

/// A status without what stays in the server's part.
fn failed(status: &Status) -> Status {
    let mut trailers = HeaderMap::new();
    wire::status_to_trailers(status, &mut trailers);
    let arrived = match wire::status_from_trailers(&trailers) {
        Some(Err(status)) => status,
        Some(Ok(())) | None => Status::unknown("a failed call had no status"),
    };
    let metadata = carried(status.metadata()).unwrap_or_default();
    let trailers = carried(status.trailers()).unwrap_or_default();
    arrived.with_metadata(metadata).with_trailers(trailers)
}

/// A streaming reply whose server may still be on its way to the first message.
struct Arriving {
    stage: Stage,
    task: AbortHandle,
    requests: Option<Control>,
    link: InProcessLink,
}

enum Stage {
    Waiting(oneshot::Receiver<Result<RawReply, Status>>),
    Reading(Body),
    Failed,
}

impl Source for Arriving {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let Stage::Waiting(told) = &mut self.stage else {
            return Poll::Ready(Ok(Metadata::default()));
        };
        let told = ready!(Pin::new(told).poll(cx));
        self.stage = Stage::Failed;
        let reply = told.unwrap_or_else(|_| {
            let broken = self.requests.as_ref().is_some_and(Control::is_broken);
            Err(if broken {
                Status::cancelled("the requests were abandoned")
            } else {
                Status::unavailable("the server's runtime ended")
            })
        });
        if reply.is_err() {
            self.link.ended();
        }
        let reply = reply?;
        self.stage = Stage::Reading(match reply.payload {
            Payload::Stream(body) => body,
            Payload::Whole(framed) => Body::ending(framed, reply.trailers),
        });
        Poll::Ready(Ok(reply.metadata))
    }

    fn compression(&self) -> Option<Compression> {
        match &self.stage {
            Stage::Reading(body) => body.compression(),
            Stage::Waiting(_) | Stage::Failed => None,
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        match &mut self.stage {
            Stage::Reading(body) => body.poll_data(cx),
            Stage::Waiting(_) | Stage::Failed => Poll::Ready(None),
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let Stage::Reading(body) = &mut self.stage else {
            return Poll::Ready(Ok(Metadata::default()));
        };
        let end = ready!(body.poll_end(cx));
        self.link.ended();
        Poll::Ready(match end {
            Ok(trailers) => carried(&trailers),
            Err(status) => Err(failed(&status)),
        })
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that could not be put together: each call says why.
pub(crate) struct Unserved(pub(crate) String);

impl Local for Unserved {
    fn load(&self, _: Instant) -> Option<LoadReport> {
        None
    }
}

impl Serve for Unserved {
    fn serve(&self, _: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        let status = Status::failed_precondition(self.0.clone());
        Box::pin(std::future::ready(Err(status)))
    }
}
