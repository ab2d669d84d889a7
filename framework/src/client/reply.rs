//! The one reply to a stream of requests.
//! It refuses to come before the call has ended.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::call::Response;
use crate::call::method::Codec;
use crate::call::stream::Messages;
use crate::call::{Status, frame};

/// The future of the reply to a stream of requests.
///
/// # Cancel safety
/// Dropping it cancels the call, also its sending half.
#[must_use = "dropping the reply cancels the call"]
pub struct Reply<T, E = Status> {
    messages: Messages,
    codec: Codec<T>,
    message: Option<Bytes>,
    error: PhantomData<fn() -> E>,
}

impl<T, E> Reply<T, E> {
    pub(crate) fn new(messages: Messages, codec: Codec<T>) -> Self {
        Self {
            messages,
            codec,
            message: None,
            error: PhantomData,
        }
    }

    /// The reply with the metadata that came along.
    ///
    /// # Errors
    /// The status that the call ended with, or what it is of the errors that the method declares.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call, also its sending half, as dropping the reply does.
    pub async fn with_response(mut self) -> Result<Response<T>, E>
    where
        E: From<Status>,
    {
        let message = poll_fn(|cx| self.poll_reply(cx)).await?;
        let (metadata, trailers) = self.messages.take_metadata();
        let mut response = Response::new(message, metadata, trailers);
        response.was_compressed = self.messages.was_compressed();
        Ok(response)
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Status>> {
        while let Some(message) = ready!(self.messages.poll_next(cx)) {
            if self.message.replace(message?).is_some() {
                return Poll::Ready(Err(self.messages.fail(Status::broken(
                    "the peer sent more than one message where the method gives one",
                ))));
            }
        }
        let message = self.message.take().ok_or_else(|| {
            self.messages.fail(Status::broken(
                "the peer ended the call with OK and no message",
            ))
        })?;
        let reply = frame::decode(self.codec, message, "the reply");
        Poll::Ready(reply.map_err(|status| self.messages.fail(status)))
    }
}

impl<T, E> Unpin for Reply<T, E> {}

impl<T, E: From<Status>> Future for Reply<T, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().poll_reply(cx).map_err(E::from)
    }
}

impl<T, E> fmt::Debug for Reply<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
