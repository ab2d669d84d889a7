//! The way of a client's stream of requests from its pipe to HTTP/2, at the pace of the peer's window.
//! It refuses to hold more than one piece of the pipe, and a bounded copy of the first ones: they are given back when
//! the peer turns the call away unexecuted.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, SendStream};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use crate::call::pipe::{Piece, PipeReader, UNSENT_BYTES};
use crate::call::{Deadline, Status};

/// Sends until the pipe ends, the peer has heard enough, or the deadline passes. The pipe goes `back`, as it was, where
/// the peer may have turned the call away unexecuted and little was sent; whoever reads the reply knows whether it has.
pub(super) async fn pump(
    mut pipe: PipeReader,
    mut stream: SendStream<Bytes>,
    mut sender: SendRequest<Bytes>,
    deadline: Option<Deadline>,
    mut back: oneshot::Sender<PipeReader>,
) {
    let mut timer = pin!(deadline.map(|deadline| sleep_until(deadline.instant())));
    let mut unsent = Bytes::new();
    let mut sent = Sent::default();
    let end = poll_fn(|cx| {
        if let Some(timer) = timer.as_mut().as_pin_mut()
            && timer.poll(cx).is_ready()
        {
            return Poll::Ready(Ended::Late);
        }
        if sent.0.is_some() && back.poll_closed(cx).is_ready() {
            // The peer has begun to reply.
            sent.0 = None;
        }
        let end = ready!(poll(&mut pipe, &mut stream, &mut unsent, &mut sent, cx));
        let may_come_back = match end {
            Ended::Finished | Ended::Peer(Some(Reason::REFUSED_STREAM)) => true,
            // A connection that is closed to new calls may have turned away this one.
            Ended::Peer(_) => matches!(sender.poll_ready(cx), Poll::Ready(Err(_))),
            Ended::Reset | Ended::Late => false,
        };
        if !may_come_back {
            sent.0 = None;
        }
        Poll::Ready(end)
    })
    .await;
    match end {
        Ended::Finished | Ended::Peer(_) => {
            if let Some(mut pieces) = sent.0 {
                pieces.push(unsent);
                pipe.put_back(&pieces);
                // Nobody takes it any more where the call was executed, or given up.
                let _ = back.send(pipe);
            }
        }
        Ended::Reset => stream.send_reset(Reason::CANCEL),
        Ended::Late => {
            stream.send_reset(Reason::CANCEL);
            pipe.cancel(Status::deadline_exceeded(
                "the deadline passed before the stream was finished",
            ));
        }
    }
}

/// Copies of all that was sent, sharing its memory, and its bytes; none once it is too much.
struct Sent(Option<Vec<Bytes>>, usize);

impl Default for Sent {
    fn default() -> Self {
        Self(Some(Vec::new()), 0)
    }
}

impl Sent {
    fn push(&mut self, piece: &Bytes) {
        self.1 += piece.len();
        match &mut self.0 {
            Some(pieces) if self.1 <= UNSENT_BYTES => pieces.push(piece.clone()),
            kept => *kept = None,
        }
    }
}

enum Ended {
    /// All is sent, the end included.
    Finished,
    /// The peer takes no more, and reset the stream for this reason, if it did. Why comes with the reply.
    Peer(Option<Reason>),
    /// The sender abandoned the stream, or the call was cancelled.
    Reset,
    /// The deadline has passed.
    Late,
}

fn poll(
    pipe: &mut PipeReader,
    stream: &mut SendStream<Bytes>,
    unsent: &mut Bytes,
    sent: &mut Sent,
    cx: &mut Context<'_>,
) -> Poll<Ended> {
    if let Poll::Ready(reset) = stream.poll_reset(cx) {
        return Poll::Ready(Ended::Peer(reset.ok()));
    }
    loop {
        if unsent.is_empty() {
            match pipe.poll_piece(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Piece::Bytes(bytes)) => *unsent = bytes,
                Poll::Ready(Piece::Reset) => return Poll::Ready(Ended::Reset),
                Poll::Ready(Piece::End(..)) => {
                    return Poll::Ready(match stream.send_data(Bytes::new(), true) {
                        Ok(()) => Ended::Finished,
                        Err(_) => Ended::Peer(None),
                    });
                }
            }
        }
        if pipe.poll_reset(cx).is_ready() {
            return Poll::Ready(Ended::Reset);
        }
        stream.reserve_capacity(unsent.len());
        let capacity = match stream.poll_capacity(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(capacity))) => capacity,
            Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Ended::Peer(None)),
        };
        let piece = unsent.split_to(capacity.min(unsent.len()));
        // The end rides on the last piece: a frame and a write less.
        let last = unsent.is_empty() && pipe.is_finished();
        sent.push(&piece);
        match stream.send_data(piece, last) {
            Ok(()) if last => return Poll::Ready(Ended::Finished),
            Ok(()) => {}
            Err(_) => return Poll::Ready(Ended::Peer(None)),
        }
    }
}
