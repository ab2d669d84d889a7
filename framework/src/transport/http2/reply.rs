//! Replies as HTTP/2 brings them: a unary one read to its end, a streaming one as it comes.
//! It refuses to give messages a type.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use h2::client::ResponseFuture;
use tokio::sync::OwnedSemaphorePermit;

use super::{failure, head};
use crate::call::body::{Body, Source};
use crate::call::frame::{Deframer, Limit};
use crate::call::{Code, Metadata, Payload, RawReply, Status};

/// Received bytes are given back to the peer's window when so many have been taken; the rest goes with the stream.
/// A small reply so takes no lock for it.
const RELEASE_BYTES: usize = 64 * 1024;

/// Reads the reply of a unary call.
///
/// # Errors
/// The call's status; INTERNAL when the reply is not one message.
pub(super) async fn unary(response: ResponseFuture, limit: Limit) -> Result<RawReply, Status> {
    let response = response.await.map_err(failure::status)?;
    let (parts, mut body) = response.into_parts();
    let metadata = head::reply(parts.status, parts.headers)?;
    let mut deframer = Deframer::new(limit);
    let mut message = None;
    let mut unreleased = 0;
    while let Some(data) = body.data().await {
        let data = data.map_err(failure::status)?;
        release(&mut body, &mut unreleased, data.len());
        deframer.push(data);
        while let Some(bytes) = deframer.next_framed()? {
            if message.replace(bytes).is_some() {
                return Err(internal(
                    "the peer sent more than one message to a unary call",
                ));
            }
        }
    }
    let trailers = body.trailers().await.map_err(failure::status)?;
    let trailers =
        head::end(trailers, &metadata).map_err(|status| status.with_metadata(metadata.clone()))?;
    let Some(message) = message else {
        return Err(internal(
            "the peer ended a unary call with OK and no message",
        ));
    };
    Ok(RawReply {
        metadata,
        trailers,
        payload: Payload::Whole(message),
    })
}

fn release(body: &mut RecvStream, unreleased: &mut usize, taken: usize) {
    *unreleased += taken;
    if *unreleased >= RELEASE_BYTES {
        // Fails only for more than was received.
        let _ = body.flow_control().release_capacity(*unreleased);
        *unreleased = 0;
    }
}

fn internal(message: &str) -> Status {
    Status::new(Code::Internal, message)
}

/// A streaming reply: its head comes when the peer sends it.
pub(super) fn stream(response: ResponseFuture, permit: OwnedSemaphorePermit) -> RawReply {
    RawReply::whole(Payload::Stream(Body::source(Box::new(Streamed {
        stage: Stage::Waiting(response),
        unreleased: 0,
        _permit: permit,
    }))))
}

struct Streamed {
    stage: Stage,
    unreleased: usize,
    _permit: OwnedSemaphorePermit,
}

enum Stage {
    Waiting(ResponseFuture),
    /// The head is kept where it says how the call ended.
    Reading(RecvStream, Metadata),
    Failed,
}

impl Source for Streamed {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let Stage::Waiting(response) = &mut self.stage else {
            return Poll::Ready(Ok(Metadata::default()));
        };
        let response = ready!(Pin::new(response).poll(cx));
        self.stage = Stage::Failed;
        let (parts, body) = response.map_err(failure::status)?.into_parts();
        let metadata = head::reply(parts.status, parts.headers)?;
        let head = if metadata.says_status() {
            metadata.clone()
        } else {
            Metadata::default()
        };
        self.stage = Stage::Reading(body, head);
        Poll::Ready(Ok(metadata))
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        let Stage::Reading(body, _) = &mut self.stage else {
            return Poll::Ready(None);
        };
        let data = ready!(body.poll_data(cx));
        Poll::Ready(data.map(|data| {
            let data = data.map_err(failure::status)?;
            release(body, &mut self.unreleased, data.len());
            Ok(data)
        }))
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let Stage::Reading(body, head) = &mut self.stage else {
            return Poll::Ready(Err(internal("the reply has failed before")));
        };
        let trailers = ready!(body.poll_trailers(cx)).map_err(failure::status)?;
        Poll::Ready(head::end(trailers, head))
    }
}
