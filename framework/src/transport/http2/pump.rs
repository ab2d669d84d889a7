//! The way of a client's stream of requests from its pipe to HTTP/2, at the pace of the peer's window.
//! It refuses to hold more than one piece of the pipe.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::{Reason, SendStream};
use tokio::time::sleep_until;

use crate::call::pipe::{Piece, PipeReader};
use crate::call::{Deadline, Status};

/// Sends until the pipe ends, the peer has heard enough, or the deadline passes.
pub(super) async fn pump(
    mut pipe: PipeReader,
    mut stream: SendStream<Bytes>,
    deadline: Option<Deadline>,
) {
    let mut timer = pin!(deadline.map(|deadline| sleep_until(deadline.instant())));
    let mut unsent = Bytes::new();
    let end = poll_fn(|cx| {
        if let Some(timer) = timer.as_mut().as_pin_mut()
            && timer.poll(cx).is_ready()
        {
            return Poll::Ready(Ended::Late);
        }
        poll(&mut pipe, &mut stream, &mut unsent, cx)
    })
    .await;
    match end {
        Ended::Finished => {}
        Ended::Peer => {}
        Ended::Reset => stream.send_reset(Reason::CANCEL),
        Ended::Late => {
            stream.send_reset(Reason::CANCEL);
            pipe.cancel(Status::deadline_exceeded(
                "the deadline passed before the stream was finished",
            ));
        }
    }
}

enum Ended {
    /// All is sent, the end included.
    Finished,
    /// The peer takes no more: why comes with the reply.
    Peer,
    /// The sender abandoned the stream, or the call was cancelled.
    Reset,
    /// The deadline has passed.
    Late,
}

fn poll(
    pipe: &mut PipeReader,
    stream: &mut SendStream<Bytes>,
    unsent: &mut Bytes,
    cx: &mut Context<'_>,
) -> Poll<Ended> {
    if stream.poll_reset(cx).is_ready() {
        return Poll::Ready(Ended::Peer);
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
                        Err(_) => Ended::Peer,
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
            Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Ended::Peer),
        };
        let piece = unsent.split_to(capacity.min(unsent.len()));
        // The end rides on the last piece: a frame and a write less.
        let last = unsent.is_empty() && pipe.is_finished();
        match stream.send_data(piece, last) {
            Ok(()) if last => return Poll::Ready(Ended::Finished),
            Ok(()) => {}
            Err(_) => return Poll::Ready(Ended::Peer),
        }
    }
}
