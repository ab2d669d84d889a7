//! The one message of a direction that does not stream.
//! It refuses to give it a type.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::Status;
use super::body::Body;
use super::frame::{Deframer, Limit};
use super::intake::Taking;

/// Reads exactly one message from a request's body, and waits for its end:
/// a server that replies before it would reset the stream of clients that send the end in a frame of its own.
pub(crate) struct OneMessage {
    body: Body,
    deframer: Deframer,
    message: Option<Bytes>,
    /// Once it was waited for.
    taking: Option<Pin<Box<Taking>>>,
}

impl OneMessage {
    pub(crate) fn new(body: Body, limit: Limit) -> Self {
        let mut deframer = Deframer::new(limit);
        deframer.decompress(body.compression());
        Self {
            body,
            deframer,
            message: None,
            taking: None,
        }
    }

    /// The message, and whether it came compressed.
    ///
    /// # Errors
    /// INTERNAL when it is not one message, those of [`Deframer::next`], and that of a broken stream;
    /// RESOURCE_EXHAUSTED and DEADLINE_EXCEEDED where a server holds too much, or it comes too slowly.
    pub(crate) async fn read(mut self) -> Result<(Bytes, bool), Status> {
        let message = poll_fn(|cx| self.poll(cx)).await?;
        Ok((message, self.deframer.was_compressed()))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Status>> {
        loop {
            while let Some(message) = self.deframer.next()? {
                if self.message.replace(message).is_some() {
                    return Poll::Ready(Err(Status::broken(
                        "more than one message came where the method takes one",
                    )));
                }
            }
            if self.message.is_some() && self.body.is_end() {
                break;
            }
            match self.body.poll_data(cx) {
                Poll::Ready(Some(piece)) => {
                    let piece = piece?;
                    if let Some(taking) = &mut self.taking {
                        taking.as_mut().received(piece.len());
                    }
                    self.deframer.push(piece);
                }
                Poll::Ready(None) => break,
                Poll::Pending => return self.poll_taking(cx),
            }
        }
        Poll::Ready(match self.message.take() {
            _ if self.deframer.is_partial() => {
                Err(Status::broken("the request ended within a message"))
            }
            Some(message) => Ok(message),
            None => Err(Status::broken("no message came where the method takes one")),
        })
    }

    /// More is waited for.
    fn poll_taking(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Status>> {
        if self.taking.is_none() {
            self.taking = self.body.taking();
        }
        let Some(taking) = &mut self.taking else {
            return Poll::Pending;
        };
        let whole = self.message.as_ref().map_or(0, Bytes::len);
        taking.as_mut().hold(whole + self.deframer.held())?;
        taking.as_mut().poll_pace(cx).map(Err)
    }
}
