//! The two halves of a stream as users hold them: [`Outbound`] is what one sends, [`Inbound`] what one receives, on
//! both sides.
//! It refuses to know which wire they travel on.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Sleep;

use super::body::Body;
use super::context::Context as CallContext;
use super::frame::{self, Deframer, Limit};
use super::intake::Taking;
use super::method::Codec;
use super::pipe::{Control, PipeWriter};
use super::{Code, Compression, Deadline, Metadata, MethodHandle, Status};

/// What one side of a stream sends.
///
/// On a client, dropping it before [`Outbound::finish`] resets the stream: the server sees CANCELLED.
/// On a server, the handler's return finishes it.
#[derive(Debug)]
pub struct Outbound<T> {
    writer: PipeWriter,
    codec: Codec<T>,
    limit: Limit,
    compression: Option<Compression>,
    /// Messages are compressed now, if they are at all.
    compresses: bool,
}

impl<T> Outbound<T> {
    pub(crate) fn new(writer: PipeWriter, codec: Codec<T>, limit: Limit) -> Self {
        Self {
            writer,
            codec,
            limit,
            compression: None,
            compresses: true,
        }
    }

    /// Compresses the messages, as the head announces.
    pub(crate) fn compressing(mut self, compression: Option<Compression>) -> Self {
        self.compression = compression;
        self
    }

    /// Sends one message. Waits while 64 KiB or more are unsent, so the slowest part of the way sets the pace;
    /// messages that are sent while the connection is busy travel together, a lone one leaves at once.
    ///
    /// # Errors
    /// CANCELLED (or why the call ended) when nobody receives any more, RESOURCE_EXHAUSTED when the message is over the
    /// limit.
    ///
    /// On a client, CANCELLED is not the whole story: a server that ends the call early says why in its reply. Then
    /// stop sending and await the reply (or [`Inbound::next`]) instead of returning this error by `?`.
    ///
    /// # Cancel safety
    /// A dropped `send` has sent either the whole message or nothing.
    pub async fn send(&mut self, message: T) -> Result<(), Status> {
        poll_fn(|cx| self.writer.poll_ready(cx)).await?;
        self.start_send(&message)
    }

    fn start_send(&mut self, message: &T) -> Result<(), Status> {
        let (codec, limit) = (self.codec, self.limit);
        if let Some(compression) = self.compression.filter(|_| self.compresses) {
            // Outside of the pipe's lock, which the wire's task takes.
            let framed = compression.pack(frame::encode(codec, message, limit)?);
            return self.writer.write(|out| {
                out.extend_from_slice(&framed);
                Ok(())
            });
        }
        self.writer
            .write(|out| frame::encode_into(codec, message, limit, out))
    }

    /// Whether the messages that are sent from now on are compressed, on a stream that is: where its channel, its call
    /// or its server says so, and the other side takes it. True unless set.
    ///
    /// For a message that has a secret in it beside what a stranger chose: see [`Compression`].
    pub fn compress(&mut self, compress: bool) {
        self.compresses = compress;
    }

    /// Lets the reply's metadata leave before its first message. Only a server needs it, and only when the first
    /// message is far off.
    pub fn send_headers(&mut self) {
        self.writer.begin();
    }

    /// Ends the stream: no more messages come, and what is unsent still goes out.
    pub fn finish(self) {
        self.writer.finish(Ok(()));
    }
}

impl<T> Outbound<T> {
    /// The end of a handler: what generated code calls with its result.
    #[doc(hidden)]
    pub fn end(self, _: &CallContext, result: Result<(), Status>) {
        self.writer.finish(result.map_err(Status::for_caller));
    }
}

impl<T> futures_sink::Sink<T> for Outbound<T> {
    type Error = Status;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.writer.poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: T) -> Result<(), Status> {
        Outbound::start_send(self.get_mut(), &message)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.writer.finish(Ok(()));
        Poll::Ready(Ok(()))
    }
}

impl<T> Unpin for Outbound<T> {}

/// What one side of a stream receives.
///
/// On a client, dropping it before its end cancels the call.
#[derive(Debug)]
pub struct Inbound<T> {
    messages: Messages,
    codec: Codec<T>,
}

impl<T> Inbound<T> {
    pub(crate) fn new(messages: Messages, codec: Codec<T>) -> Self {
        Self { messages, codec }
    }

    /// The next message; `None` when the other side has ended well.
    ///
    /// # Errors
    /// The status that the call ended with; afterwards `None`.
    ///
    /// # Cancel safety
    /// Dropping the future loses no message.
    pub async fn next(&mut self) -> Result<Option<T>, Status> {
        poll_fn(|cx| self.poll_message(cx)).await.transpose()
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Status>>> {
        let message = match ready!(self.messages.poll_next(cx)) {
            None => return Poll::Ready(None),
            Some(Err(status)) => return Poll::Ready(Some(Err(status))),
            Some(Ok(bytes)) => frame::decode(self.codec, bytes, "a message of the stream"),
        };
        Poll::Ready(Some(message.map_err(|status| self.messages.fail(status))))
    }

    /// The metadata that precede the messages: waits until the other side has sent its head.
    ///
    /// # Errors
    /// The status that the call ended with, if it ended before.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn headers(&mut self) -> Result<&Metadata, Status> {
        poll_fn(|cx| self.messages.poll_head(cx)).await?;
        Ok(&self.messages.head)
    }

    /// Did the message that came last come compressed? False before the first one.
    pub fn was_compressed(&self) -> bool {
        self.messages.was_compressed()
    }

    /// The metadata behind the messages: empty until [`Inbound::next`] has given `None`.
    pub fn trailers(&self) -> &Metadata {
        &self.messages.trailers
    }

    /// Fails the stream with DEADLINE_EXCEEDED when no message comes for `timeout`, from now and from each message on.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.messages.idle = Some(Timer::new(timeout));
        self
    }
}

impl<T> futures_core::Stream for Inbound<T> {
    type Item = Result<T, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(cx)
    }
}

impl<T> Unpin for Inbound<T> {}

/// The encoded messages of one direction, whatever their type; it knows the call's end and its time.
#[derive(Debug)]
pub(crate) struct Messages {
    body: Body,
    deframer: Deframer,
    head: Metadata,
    trailers: Metadata,
    has_head: bool,
    ended: bool,
    method: MethodHandle,
    deadline: Option<Pin<Box<Sleep>>>,
    idle: Option<Timer>,
    /// What ends with the stream: the sending half of a client's call.
    other_half: Option<Control>,
    /// Once a part of a message was waited for.
    taking: Option<Pin<Box<Taking>>>,
}

impl Messages {
    pub(crate) fn new(method: MethodHandle, body: Body, limit: Limit) -> Self {
        Self {
            taking: None,
            body,
            deframer: Deframer::new(limit),
            head: Metadata::default(),
            trailers: Metadata::default(),
            has_head: false,
            ended: false,
            method,
            deadline: None,
            idle: None,
            other_half: None,
        }
    }

    /// Ends the stream at `deadline`.
    pub(crate) fn until(mut self, deadline: Option<Deadline>) -> Self {
        self.deadline = deadline.map(|d| Box::pin(tokio::time::sleep_until(d.instant())));
        self
    }

    /// Cancels `other` when this half ends in any way.
    pub(crate) fn cancelling(mut self, other: Option<Control>) -> Self {
        self.other_half = other;
        self
    }

    /// See [`Inbound::was_compressed`].
    pub(crate) fn was_compressed(&self) -> bool {
        self.deframer.was_compressed()
    }

    pub(crate) fn take_metadata(&mut self) -> (Metadata, Metadata) {
        (
            std::mem::take(&mut self.head),
            std::mem::take(&mut self.trailers),
        )
    }

    pub(crate) fn idle_timeout(&mut self, timeout: Option<Duration>) {
        self.idle = timeout.map(Timer::new);
    }

    pub(crate) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if self.has_head {
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(status) = self.poll_deadline(cx) {
            return Poll::Ready(Err(self.fail(status)));
        }
        match self.body.poll_head(cx) {
            Poll::Ready(Ok(head)) => {
                self.head = head;
                self.has_head = true;
                self.deframer.decompress(self.body.compression());
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(status)) => Poll::Ready(Err(self.fail(status))),
            Poll::Pending => {
                let idle = ready!(self.poll_idle(cx));
                Poll::Ready(Err(self.fail(idle)))
            }
        }
    }

    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Err(status) = ready!(self.poll_head(cx)) {
            return Poll::Ready(Some(Err(status)));
        }
        loop {
            match self.deframer.next() {
                Ok(Some(message)) => {
                    if let Some(idle) = &mut self.idle {
                        idle.reset();
                    }
                    return Poll::Ready(Some(Ok(message)));
                }
                Ok(None) => {}
                Err(status) => return Poll::Ready(Some(Err(self.fail(status)))),
            }
            if let Poll::Ready(status) = self.poll_deadline(cx) {
                return Poll::Ready(Some(Err(self.fail(status))));
            }
            match self.body.poll_data(cx) {
                Poll::Ready(Some(Ok(piece))) => self.deframer.push(piece),
                Poll::Ready(Some(Err(status))) => {
                    return Poll::Ready(Some(Err(self.fail(status))));
                }
                Poll::Ready(None) => return self.poll_end(cx),
                // Only now: a reader that took its time finds what has come meanwhile.
                Poll::Pending => {
                    if let Err(status) = self.hold() {
                        return Poll::Ready(Some(Err(self.fail(status))));
                    }
                    let idle = ready!(self.poll_idle(cx));
                    return Poll::Ready(Some(Err(self.fail(idle))));
                }
            }
        }
    }

    /// More is waited for.
    fn hold(&mut self) -> Result<(), Status> {
        let held = self.deframer.held();
        if self.taking.is_none() && held > 0 {
            self.taking = self.body.taking();
        }
        match &mut self.taking {
            Some(taking) => taking.as_mut().hold(held),
            None => Ok(()),
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        let end = ready!(self.body.poll_end(cx));
        Poll::Ready(match end {
            Ok(_) if self.deframer.is_partial() => {
                let status = Status::broken("the stream ended within a message");
                Some(Err(self.fail(status)))
            }
            Ok(trailers) => {
                self.trailers = trailers;
                self.close(Code::Ok, None);
                None
            }
            Err(status) => Some(Err(self.fail(status))),
        })
    }

    /// Ready with the status of a stream whose time is up.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Status::deadline_exceeded(
                "the deadline passed before the stream ended",
            ));
        }
        Poll::Pending
    }

    /// Ready with the status of a stream on which nothing comes; call when nothing has.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if let Some(idle) = &mut self.idle
            && idle.poll(cx).is_ready()
        {
            return Poll::Ready(Status::deadline_exceeded(format!(
                "no message came for the idle timeout of {:?}",
                idle.timeout
            )));
        }
        Poll::Pending
    }

    /// The stream is over, and nothing more of it is wanted: the wire is let go.
    pub(crate) fn fail(&mut self, status: Status) -> Status {
        let mut status = self.body.blame(status).with_method(self.method.path_cow());
        if self.head.is_empty() {
            self.head = status.metadata().clone();
        } else if status.metadata().is_empty() {
            status = status.with_metadata(self.head.clone());
        }
        self.close(status.code(), Some(&status));
        status.settled()
    }

    fn close(&mut self, code: Code, status: Option<&Status>) {
        self.ended = true;
        self.has_head = true;
        self.body.end(code, status);
        self.deadline = None;
        self.idle = None;
        if let Some(other) = self.other_half.take() {
            other.cancel(match code {
                Code::Ok => Status::cancelled("the other side has ended the call"),
                code => Status::new(code, "the call has ended"),
            });
        }
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        if let Some(other) = self.other_half.take() {
            other.cancel(Status::cancelled("the receiving half was dropped"));
        }
    }
}

/// A timer that starts anew with each message.
#[derive(Debug)]
struct Timer {
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            sleep: Box::pin(tokio::time::sleep(timeout)),
        }
    }

    fn reset(&mut self) {
        let at = Deadline::after(self.timeout);
        self.sleep.as_mut().reset(at.instant());
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}
