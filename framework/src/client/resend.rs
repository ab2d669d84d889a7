//! The reply of a call that streams, which may be turned away unexecuted after the caller has it: then the call is sent
//! once more before its reader is told anything.
//! It refuses to send again once the peer has begun to reply.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::again::Again;
use super::attempts;
use super::place::Place;
use super::progress::Progress;
use crate::call::body::{Body, Source};
use crate::call::serve::BoxFuture;
use crate::call::{Compression, Metadata, Payload, RawCall, RawReply, Status};
use crate::observe::Teller;

/// A streaming reply, and what it takes to ask for it again.
pub(super) struct Resending {
    reply: Body,
    spare: Option<Spare>,
    stage: Stage,
}

/// A call as it was sent, while it may have to be sent again. Requests that stream are with the transport, which gives
/// them back.
pub(super) struct Spare {
    pub(super) place: Arc<Place>,
    pub(super) call: RawCall,
    pub(super) again: Again,
    pub(super) progress: Progress,
    pub(super) teller: Teller,
}

enum Stage {
    Reading,
    /// The call was turned away with this; the requests are asked for.
    TurnedAway(Status),
    Sending(BoxFuture<Result<RawReply, Status>>),
}

impl Resending {
    pub(super) fn body(reply: Body, spare: Spare) -> Body {
        Body::source(Box::new(Self {
            reply,
            spare: Some(spare),
            stage: Stage::Reading,
        }))
    }

    fn poll_reading(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let head = ready!(self.reply.poll_head(cx));
        let spare = self.spare.as_mut();
        let again = |status: &Status| spare.is_some_and(|s| s.again.allows(status.unexecuted()));
        match head {
            Err(status) if again(&status) => {
                self.stage = Stage::TurnedAway(status);
                Poll::Pending
            }
            head => {
                self.spare = None;
                Poll::Ready(head.map_err(|status| self.reply.blame(status)))
            }
        }
    }

    /// Takes up the call again, or gives the status back where it cannot.
    fn poll_turned_away(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let Stage::TurnedAway(status) = &self.stage else {
            return Poll::Ready(Ok(()));
        };
        let status = status.clone();
        let requests = match &self.spare {
            Some(spare) if matches!(spare.call.payload, Payload::Whole(_)) => None,
            _ => match ready!(self.reply.poll_requests(cx)) {
                Some(requests) => Some(requests),
                None => return Poll::Ready(Err(status)),
            },
        };
        let Some(mut spare) = self.spare.take() else {
            return Poll::Ready(Err(status));
        };
        if let Some(requests) = requests {
            let body = Body::pipe(requests).compressed(spare.call.compression());
            spare.call.payload = Payload::Stream(body);
        }
        spare.teller.told().again(status.unexecuted());
        spare.progress.turned_away(status.unexecuted());
        spare.call.wait_for_ready = true;
        self.stage = Stage::Sending(Box::pin(attempts::once_more(spare)));
        Poll::Ready(Ok(()))
    }
}

impl Source for Resending {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        loop {
            match &mut self.stage {
                Stage::Reading => match self.poll_reading(cx) {
                    Poll::Pending if matches!(self.stage, Stage::TurnedAway(_)) => {}
                    head => return head,
                },
                Stage::TurnedAway(_) => {
                    if let Err(status) = ready!(self.poll_turned_away(cx)) {
                        self.stage = Stage::Reading;
                        return Poll::Ready(Err(status));
                    }
                }
                Stage::Sending(sending) => {
                    let reply = ready!(sending.as_mut().poll(cx));
                    self.stage = Stage::Reading;
                    self.reply = match reply?.payload {
                        Payload::Stream(body) => body,
                        Payload::Whole(framed) => Body::whole(framed),
                    };
                }
            }
        }
    }

    fn compression(&self) -> Option<Compression> {
        self.reply.compression()
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        let data = ready!(self.reply.poll_data(cx));
        Poll::Ready(data.map(|data| data.map_err(|status| self.reply.blame(status))))
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let end = ready!(self.reply.poll_end(cx));
        Poll::Ready(end.map_err(|status| self.reply.blame(status)))
    }
}
