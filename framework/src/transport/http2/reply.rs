//! Replies as HTTP/2 brings them: a unary one read to its end, a streaming one as it comes.
//! It refuses to give messages a type.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use h2::client::ResponseFuture;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::connection::Slot;
use super::{failure, head};
use crate::call::body::{Body, Source};
use crate::call::frame::{Deframer, Limit};
use crate::call::pipe::PipeReader;
use crate::call::{Compression, Deadline, Metadata, Payload, RawReply, Status};

/// Received bytes are given back to the peer's window when so many have been taken; the rest goes with the stream.
/// A small reply so takes no lock for it.
const RELEASE_BYTES: usize = 64 * 1024;

/// The reply of a unary call, read to its end. Written by hand: as an async fn it is twice as large, and it is a part
/// of the future of every call.
///
/// Fails with the call's status, or INTERNAL when the reply is not one message.
pub(super) struct Unary {
    reply: Streamed,
    /// Nothing before the head has come.
    metadata: Option<Metadata>,
    deframer: Deframer,
    message: Option<Bytes>,
}

impl Unary {
    pub(super) fn new(
        response: ResponseFuture,
        limit: Limit,
        deadline: Option<Deadline>,
        slot: Slot,
    ) -> Self {
        Self {
            reply: Streamed::new(response, deadline, slot, None),
            metadata: None,
            deframer: Deframer::new(limit),
            message: None,
        }
    }

    /// Takes the messages that have come.
    fn push(&mut self, data: Bytes) -> Result<(), Status> {
        self.deframer.push(data);
        while let Some(message) = self.deframer.next_framed()? {
            if self.message.replace(message).is_some() {
                return Err(Status::broken(
                    "the peer sent more than one message to a unary call",
                ));
            }
        }
        Ok(())
    }
}

impl Future for Unary {
    type Output = Result<RawReply, Status>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.metadata.is_none() {
            self.metadata = Some(ready!(self.reply.poll_head(cx))?);
            let compression = self.reply.compression;
            self.deframer.decompress(compression);
        }
        while let Some(data) = ready!(self.reply.poll_data(cx)) {
            self.push(data?)?;
        }
        let end = ready!(self.reply.poll_end(cx));
        let metadata = self.metadata.take().unwrap_or_default();
        let trailers = match end {
            Ok(trailers) => trailers,
            Err(status) => return Poll::Ready(Err(status.with_metadata(metadata))),
        };
        Poll::Ready(match self.message.take() {
            _ if self.deframer.is_partial() => {
                Err(Status::broken("the reply ended within a message"))
            }
            None => Err(Status::broken(
                "the peer ended a unary call with OK and no message",
            )),
            Some(message) => Ok(RawReply {
                metadata,
                trailers,
                payload: Payload::Whole(message),
                was_compressed: self.deframer.was_compressed(),
                stays_plain: false,
            }),
        })
    }
}

fn is_late(deadline: Option<Deadline>) -> bool {
    deadline.is_some_and(|deadline| deadline.is_expired(Instant::now()))
}

fn release(body: &mut RecvStream, unreleased: &mut usize, taken: usize) {
    *unreleased += taken;
    if *unreleased >= RELEASE_BYTES {
        // Fails only for more than was received.
        let _ = body.flow_control().release_capacity(*unreleased);
        *unreleased = 0;
    }
}

/// A streaming reply: its head comes when the peer sends it. Until then the `requests`, where they stream, too, may
/// come back.
pub(super) fn stream(
    response: ResponseFuture,
    deadline: Option<Deadline>,
    slot: Slot,
    requests: Option<oneshot::Receiver<PipeReader>>,
) -> RawReply {
    let reply = Streamed::new(response, deadline, slot, requests);
    RawReply::whole(Payload::Stream(Body::source(Box::new(reply))))
}

struct Streamed {
    stage: Stage,
    deadline: Option<Deadline>,
    unreleased: usize,
    /// What the head said.
    compression: Option<Compression>,
    /// Dropped when the peer has begun to reply.
    requests: Option<oneshot::Receiver<PipeReader>>,
    slot: Slot,
}

enum Stage {
    Waiting(ResponseFuture),
    Reading(RecvStream),
    /// Ended well with its head; these are its trailers.
    Empty(Metadata),
    Failed,
}

impl Streamed {
    fn new(
        response: ResponseFuture,
        deadline: Option<Deadline>,
        slot: Slot,
        requests: Option<oneshot::Receiver<PipeReader>>,
    ) -> Self {
        Self {
            stage: Stage::Waiting(response),
            deadline,
            unreleased: 0,
            compression: None,
            requests,
            slot,
        }
    }
}

impl Source for Streamed {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let Stage::Waiting(response) = &mut self.stage else {
            return Poll::Ready(Ok(Metadata::default()));
        };
        let response = ready!(Pin::new(response).poll(cx));
        self.stage = Stage::Failed;
        let (parts, body) = response
            .map_err(|error| failure::before_head(error, is_late(self.deadline)))?
            .into_parts();
        self.requests = None;
        self.slot.replied(&parts.headers);
        let is_whole = body.is_end_stream();
        if is_whole {
            self.slot.ended(&parts.headers);
        }
        let head = head::reply(parts.status, parts.headers, is_whole)?;
        self.compression = head.compression;
        self.stage = match head.end {
            Some(end) => Stage::Empty(end),
            None => Stage::Reading(body),
        };
        Poll::Ready(Ok(head.metadata))
    }

    fn compression(&self) -> Option<Compression> {
        self.compression
    }

    fn poll_requests(&mut self, cx: &mut Context<'_>) -> Poll<Option<PipeReader>> {
        match &mut self.requests {
            Some(requests) => Pin::new(requests).poll(cx).map(Result::ok),
            None => Poll::Ready(None),
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        let Stage::Reading(body) = &mut self.stage else {
            return Poll::Ready(None);
        };
        let data = ready!(body.poll_data(cx));
        Poll::Ready(data.map(|data| {
            let data = data.map_err(|error| failure::status(error, is_late(self.deadline)))?;
            release(body, &mut self.unreleased, data.len());
            Ok(data)
        }))
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let body = match &mut self.stage {
            Stage::Reading(body) => body,
            Stage::Empty(end) => return Poll::Ready(Ok(std::mem::take(end))),
            Stage::Waiting(_) | Stage::Failed => {
                return Poll::Ready(Err(Status::broken("the reply has failed before")));
            }
        };
        let trailers = ready!(body.poll_trailers(cx))
            .map_err(|error| failure::status(error, is_late(self.deadline)))?;
        if let Some(trailers) = &trailers {
            self.slot.ended(trailers);
        }
        Poll::Ready(head::end(trailers))
    }
}
