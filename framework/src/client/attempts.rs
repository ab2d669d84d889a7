//! The loop of attempts: place the call on a node, send it, say what came of it; and once more where no handler has
//! seen it. Retries and hedges will be here. It refuses to choose a node by itself (`balance/`) and to know how a node
//! is called (`transport/`).

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::timeout_at;

use super::again::Again;
use super::place::Place;
use super::progress::Progress;
use super::resend::{Resending, Spare};
use crate::call::{Body, Compression, Payload, RawCall, RawReply, Status};
use crate::observe::Told;

/// Runs a call on one of the nodes of `place`.
pub(super) async fn run(
    place: &Arc<Place>,
    call: &mut RawCall,
    told: Told<'_>,
) -> Result<RawReply, Status> {
    let deadline = call.deadline;
    let mut progress = Progress::new();
    let sending = send(place, call, Again::default(), &mut progress, told);
    let in_time = match deadline {
        None => Ok(sending.await),
        Some(deadline) => timeout_at(deadline.instant(), sending).await,
    };
    let result = in_time.unwrap_or_else(|_| Err(progress.late()));
    if result.is_err() && !progress.was_sent() {
        // It may have failed without waiting for anything. Callers that try again at once would keep each thread of the
        // runtime to themselves, and the tasks that find and connect servers would never have one.
        tokio::task::yield_now().await;
    }
    result.map_err(|status| {
        let status = progress.blame(status);
        status.settled().with_method(call.method.path_cow())
    })
}

/// Sends a call that was turned away, and whose reply is waited for already: whoever does knows its deadline.
pub(super) async fn once_more(mut spare: Spare) -> Result<RawReply, Status> {
    let told = spare.teller.told();
    let (call, again) = (&mut spare.call, spare.again);
    let result = send(&spare.place, call, again, &mut spare.progress, told).await;
    result.map_err(|status| spare.progress.blame(status))
}

async fn send(
    place: &Arc<Place>,
    call: &mut RawCall,
    mut again: Again,
    progress: &mut Progress,
    told: Told<'_>,
) -> Result<RawReply, Status> {
    loop {
        let kept = Kept::of(call, place.is_layered);
        let mut reply = match place.attempt(call, progress, told).await {
            Ok(reply) => progress.name(reply),
            Err(status) if again.allows(status.unexecuted()) && kept.put_back(call) => {
                told.again(status.unexecuted());
                progress.turned_away(status.unexecuted());
                // It had a connection: that this one is gone, and the next one not there yet, is not its fault.
                call.wait_for_ready = true;
                continue;
            }
            Err(status) => return Err(status),
        };
        if let Payload::Stream(body) = &mut reply.payload
            && progress.is_remote()
            && let Some(call) = kept.into_call(call)
        {
            let spare = Spare {
                place: Arc::clone(place),
                call,
                again,
                progress: progress.carried_on(),
                teller: told.teller(),
            };
            *body = Resending::body(std::mem::take(body), spare);
        }
        return Ok(reply);
    }
}

/// What is kept of a call while it is sent. The transport takes the message and leaves the rest; layers take all of it.
enum Kept {
    Message(Bytes),
    Call(Box<RawCall>),
    /// Requests that stream, and how they are compressed: the transport leaves them while nothing was sent, and gives
    /// them back later.
    Requests(Option<Compression>),
    /// Requests that stream, in the hands of layers.
    Nothing,
}

impl Kept {
    fn of(call: &RawCall, layered: bool) -> Self {
        match &call.payload {
            Payload::Whole(framed) if layered => {
                Self::Call(Box::new(call.copy(Payload::Whole(framed.clone()))))
            }
            Payload::Whole(framed) => Self::Message(framed.clone()),
            Payload::Stream(_) if layered => Self::Nothing,
            Payload::Stream(body) => Self::Requests(body.compression()),
        }
    }

    /// Makes `call` what it was. False when that is not possible.
    fn put_back(self, call: &mut RawCall) -> bool {
        match self {
            Self::Message(framed) => call.payload = Payload::Whole(framed),
            Self::Call(kept) => *call = *kept,
            Self::Requests(_) => return matches!(call.payload, Payload::Stream(_)),
            Self::Nothing => return false,
        }
        true
    }

    /// The call as it was, but for requests that stream.
    fn into_call(self, call: &RawCall) -> Option<RawCall> {
        match self {
            Self::Message(framed) => Some(call.copy(Payload::Whole(framed))),
            Self::Call(kept) => Some(*kept),
            Self::Requests(compression) => {
                let none = Body::empty().compressed(compression);
                Some(call.copy(Payload::Stream(none)))
            }
            Self::Nothing => None,
        }
    }
}
