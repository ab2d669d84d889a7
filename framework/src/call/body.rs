//! The bytes of a call as they arrive, whichever wire brings them.
//! It refuses to cut them into messages (`frame.rs`) and to give them a type (`stream.rs`).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::Body as _;
use tokio::time::Instant;

use super::intake::{Intake, Taking};
use super::pipe::{Piece, PipeReader};
use super::{Code, Compression, Deadline, Metadata, Status};

/// A stream of length-prefixed messages in the form in which some wire delivers it.
pub struct Body {
    kind: Kind,
    /// How those of the messages are compressed that say that they are, where it is known from the start.
    compression: Option<Compression>,
    beside: Beside,
    /// Whom a reply comes from: what its errors name. Only streams have it, so it is not part of every call.
    origin: Option<Box<Origin>>,
}

/// What goes along with a body. One of them, as no body needs both: each call moves its body several times, and what
/// it holds with it.
enum Beside {
    /// With a reply: whoever counts the call.
    Watch(Box<dyn StreamEnd>),
    /// With a request that a server reads: what it shares with the others there.
    Intake(Option<Arc<Intake>>),
}

/// The endpoint that was called, since when, and the how many times.
struct Origin {
    endpoint: Arc<str>,
    since: Instant,
    attempts: u32,
}

/// Told once how a stream ended; dropped untold, the stream was cancelled.
pub(crate) trait StreamEnd: Send {
    /// `status` is what it failed with, where it came through here.
    fn end(self: Box<Self>, code: Code, status: Option<&Status>);
}

/// Two that are told of one end.
struct Both(Box<dyn StreamEnd>, Box<dyn StreamEnd>);

impl StreamEnd for Both {
    fn end(self: Box<Self>, code: Code, status: Option<&Status>) {
        self.0.end(code, status);
        self.1.end(code, status);
    }
}

enum Kind {
    Empty,
    Whole(Option<Bytes>),
    Hyper(hyper::body::Incoming),
    Foreign(Pin<Box<dyn http_body::Body<Data = Bytes, Error = Status> + Send>>),
    Source(Box<dyn Source>),
    Pipe(PipeReader),
}

/// What a client's transport gives for a streaming reply: the head comes later than the call's start.
pub(crate) trait Source: Send {
    /// The metadata before the messages, once.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>>;
    /// How those of the messages are compressed that say that they are; known after the head.
    fn compression(&self) -> Option<Compression> {
        None
    }
    /// The requests of the call as they were, after its head has failed, where they stream and could be taken back.
    fn poll_requests(&mut self, _: &mut Context<'_>) -> Poll<Option<PipeReader>> {
        Poll::Ready(None)
    }
    /// The next bytes; `None` when the peer has ended.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>>;
    /// What came behind the messages, after `poll_data` gave `None`.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>>;
}

impl Body {
    /// No message.
    pub fn empty() -> Self {
        Self::from(Kind::Empty)
    }

    /// Messages that are all here already.
    pub(crate) fn whole(framed: Bytes) -> Self {
        Self::from(Kind::Whole(Some(framed)))
    }

    /// Messages that are all here already, with what follows them.
    pub(crate) fn ending(framed: Bytes, trailers: Metadata) -> Self {
        Self::source(Box::new(Ended {
            framed: Some(framed),
            end: Some(Ok(trailers)),
        }))
    }

    pub(crate) fn hyper(body: hyper::body::Incoming) -> Self {
        Self::from(Kind::Hyper(body))
    }

    /// Any HTTP body, as a server gets it that is mounted in another one.
    pub(crate) fn foreign<B>(body: B) -> Self
    where
        B: http_body::Body + Send + 'static,
        B::Error: fmt::Display,
    {
        Self::from(Kind::Foreign(Box::pin(Foreign { body })))
    }

    pub(crate) fn source(source: Box<dyn Source>) -> Self {
        Self::from(Kind::Source(source))
    }

    pub(crate) fn pipe(reader: PipeReader) -> Self {
        Self::from(Kind::Pipe(reader))
    }

    /// Says how those of the messages are compressed that say that they are.
    pub(crate) fn compressed(mut self, compression: Option<Compression>) -> Self {
        self.compression = compression;
        self
    }

    /// Says what a server shares among the requests that it takes in.
    pub(crate) fn taken_in(mut self, intake: Arc<Intake>) -> Self {
        self.beside = Beside::Intake(Some(intake));
        self
    }

    /// For whoever waits for more of a request, to tell what it holds.
    pub(crate) fn taking(&mut self) -> Option<Pin<Box<Taking>>> {
        match &mut self.beside {
            Beside::Intake(intake) => intake.take().map(Taking::new),
            Beside::Watch(_) => None,
        }
    }

    /// How those of the messages are compressed that say that they are; of a reply it is known after the head.
    pub(crate) fn compression(&self) -> Option<Compression> {
        match &self.kind {
            Kind::Source(source) => source.compression(),
            _ => self.compression,
        }
    }

    /// The reader's end of a pipe, where this body is one: what a client's transport forwards.
    pub(crate) fn into_pipe(self) -> Option<PipeReader> {
        match self.kind {
            Kind::Pipe(reader) => Some(reader),
            _ => None,
        }
    }

    /// Tells the sender of a pipe that its time was up, when the body is dropped after `deadline`.
    pub(crate) fn until(self, deadline: Option<Deadline>) -> Self {
        let kind = match self.kind {
            Kind::Pipe(reader) => Kind::Pipe(reader.until(deadline)),
            other => other,
        };
        Self { kind, ..self }
    }

    /// The pipe that this body is, if it is one.
    pub(crate) fn as_pipe(&self) -> Option<&PipeReader> {
        match &self.kind {
            Kind::Pipe(reader) => Some(reader),
            _ => None,
        }
    }

    /// Tells `watch` how the stream ends, after those that were told before.
    pub(crate) fn watched(mut self, watch: Box<dyn StreamEnd>) -> Self {
        self.beside = match std::mem::take(&mut self.beside) {
            Beside::Watch(first) => Beside::Watch(Box::new(Both(first, watch))),
            Beside::Intake(_) => Beside::Watch(watch),
        };
        self
    }

    /// Names the endpoint in the errors of a streaming reply.
    pub(crate) fn of_endpoint(mut self, endpoint: Arc<str>, since: Instant, attempts: u32) -> Self {
        self.origin = Some(Box::new(Origin {
            endpoint,
            since,
            attempts,
        }));
        self
    }

    /// `status` with the endpoint that it comes from, if that is known and not said yet.
    pub(crate) fn blame(&self, status: Status) -> Status {
        match &self.origin {
            Some(origin) if status.endpoint().is_none() => status
                .with_endpoint(Arc::clone(&origin.endpoint))
                .with_attempts(origin.attempts)
                .with_elapsed(origin.since.elapsed()),
            _ => status,
        }
    }

    /// The stream is over for whoever reads it: lets the wire go.
    pub(crate) fn end(&mut self, code: Code, status: Option<&Status>) {
        self.kind = Kind::Empty;
        if let Beside::Watch(watch) = std::mem::take(&mut self.beside) {
            watch.end(code, status);
        }
    }

    /// The metadata that precede the messages of a streaming reply. Ready at once where they are known from the start.
    pub(crate) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        match &mut self.kind {
            Kind::Source(source) => {
                let head = ready!(source.poll_head(cx));
                if let Err(status) = &head
                    && let Beside::Watch(watch) = std::mem::take(&mut self.beside)
                {
                    watch.end(status.code(), Some(status));
                }
                Poll::Ready(head)
            }
            Kind::Pipe(pipe) => pipe.poll_head(cx).map(|(head, _)| Ok(head)),
            Kind::Empty | Kind::Whole(_) | Kind::Hyper(_) | Kind::Foreign(_) => {
                Poll::Ready(Ok(Metadata::default()))
            }
        }
    }

    /// See [`Source::poll_requests`].
    pub(crate) fn poll_requests(&mut self, cx: &mut Context<'_>) -> Poll<Option<PipeReader>> {
        match &mut self.kind {
            Kind::Source(source) => source.poll_requests(cx),
            _ => Poll::Ready(None),
        }
    }

    /// The next bytes; `None` at the end.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Status>>> {
        let data = ready!(self.poll_kind(cx));
        if let Some(Err(status)) = &data {
            self.end(status.code(), Some(status));
        }
        Poll::Ready(data)
    }

    fn poll_kind(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        match &mut self.kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Whole(framed) => Poll::Ready(framed.take().map(Ok)),
            Kind::Source(source) => source.poll_data(cx),
            Kind::Hyper(body) => loop {
                match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                    None => return Poll::Ready(None),
                    Some(Err(error)) => return Poll::Ready(Some(Err(broken(&error)))),
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => return Poll::Ready(Some(Ok(data))),
                        Err(_request_trailers) => {}
                    },
                }
            },
            Kind::Foreign(body) => loop {
                match ready!(body.as_mut().poll_frame(cx)) {
                    None => return Poll::Ready(None),
                    Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            return Poll::Ready(Some(Ok(data)));
                        }
                    }
                }
            },
            Kind::Pipe(pipe) => match ready!(pipe.poll_piece(cx)) {
                Piece::Bytes(bytes) => Poll::Ready(Some(Ok(bytes))),
                Piece::End(result, trailers) => {
                    let end = match result {
                        Ok(()) => Ok(trailers),
                        Err(status) => Err(status.with_trailers(trailers)),
                    };
                    self.kind = Kind::Source(Box::new(Ended {
                        framed: None,
                        end: Some(end),
                    }));
                    Poll::Ready(None)
                }
                Piece::Reset => {
                    self.kind = Kind::Empty;
                    Poll::Ready(Some(Err(Status::cancelled(
                        "the other side dropped its half of the stream unfinished",
                    ))))
                }
            },
        }
    }

    /// What came behind the messages; call after `poll_data` gave `None`.
    ///
    /// # Errors
    /// The status of the call, where the body is a reply that failed.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let end = match &mut self.kind {
            Kind::Source(source) => ready!(source.poll_end(cx)),
            _ => Ok(Metadata::default()),
        };
        let code = end.as_ref().map_or_else(Status::code, |_| Code::Ok);
        self.end(code, end.as_ref().err());
        Poll::Ready(end)
    }

    /// Known to be over without polling?
    pub(crate) fn is_end(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Whole(framed) => framed.is_none(),
            Kind::Hyper(body) => body.is_end_stream(),
            Kind::Foreign(body) => body.is_end_stream(),
            Kind::Pipe(pipe) => pipe.is_finished(),
            Kind::Source(_) => false,
        }
    }
}

impl Default for Beside {
    fn default() -> Self {
        Self::Intake(None)
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            compression: None,
            beside: Beside::default(),
            origin: None,
        }
    }
}

/// A stream whose end is known.
struct Ended {
    framed: Option<Bytes>,
    end: Option<Result<Metadata, Status>>,
}

impl Source for Ended {
    fn poll_head(&mut self, _: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        Poll::Ready(Ok(Metadata::default()))
    }

    fn poll_data(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        Poll::Ready(self.framed.take().map(Ok))
    }

    fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        Poll::Ready(self.end.take().unwrap_or_else(|| Ok(Metadata::default())))
    }
}

fn broken(error: &dyn fmt::Display) -> Status {
    Status::new(
        Code::Cancelled,
        format!("the peer broke off its stream: {error}"),
    )
}

pin_project_lite::pin_project! {
    /// Any HTTP body as one of `Bytes` and `Status`.
    struct Foreign<B> {
        #[pin]
        body: B,
    }
}

impl<B> http_body::Body for Foreign<B>
where
    B: http_body::Body,
    B::Error: fmt::Display,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))),
            Err(error) => Err(broken(&error)),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.kind {
            Kind::Empty => "Body(empty)",
            Kind::Whole(_) => "Body(whole)",
            Kind::Hyper(_) | Kind::Foreign(_) => "Body(http)",
            Kind::Source(_) => "Body(reply)",
            Kind::Pipe(_) => "Body(pipe)",
        })
    }
}
