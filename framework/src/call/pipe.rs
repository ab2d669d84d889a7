//! The way of a stream's messages from whoever sends them to the wire: one bounded buffer between two tasks.
//! It refuses to encode messages and to know which wire takes them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::context::ReplyMetadata;
use super::{Code, Deadline, Metadata, Status};
pub(crate) use control::{Along, Control};

mod control;
#[cfg(test)]
mod tests;

/// A writer waits while this much is unsent: messages pack under load, and a slow reader costs no more than this.
pub(crate) const UNSENT_BYTES: usize = 64 * 1024;

/// A new pipe. On a server `reply` is where the handler leaves the metadata that go before and behind the messages.
pub(crate) fn pipe(reply: Option<Arc<Mutex<ReplyMetadata>>>) -> (PipeWriter, PipeReader) {
    let shared = Arc::new(Shared {
        reply,
        state: Mutex::new(State {
            unsent: BytesMut::new(),
            begun: false,
            held: false,
            end: None,
            writer: None,
            reader: None,
            along: Vec::new(),
        }),
    });
    (
        PipeWriter(Arc::clone(&shared)),
        PipeReader {
            shared,
            task: None,
            deadline: None,
        },
    )
}

struct Shared {
    reply: Option<Arc<Mutex<ReplyMetadata>>>,
    state: Mutex<State>,
}

struct State {
    unsent: BytesMut,
    /// Something was sent, or the writer ended: the head may go out.
    begun: bool,
    /// No wire takes bytes now: the call was turned away, and goes out again when somebody asks for its reply.
    held: bool,
    end: Option<End>,
    writer: Option<Waker>,
    reader: Option<Waker>,
    /// What ends when the writer is dropped unfinished.
    along: Vec<Along>,
}

/// How a stream ended.
#[derive(Clone)]
enum End {
    /// The writer said so; what is unsent still goes out.
    Finished(Result<(), Status>),
    /// The writer was dropped before it said so.
    Abandoned,
    /// The other side is gone, or the call was cancelled: nothing goes out any more.
    Gone(Status),
}

impl Shared {
    /// A panic while the lock was held leaves the state as it was between two statements: still usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Call without the lock: a waker may run whatever it likes, this pipe included.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The end that a sender of messages holds. Dropping it before [`PipeWriter::finish`] abandons the stream.
pub(crate) struct PipeWriter(Arc<Shared>);

impl PipeWriter {
    /// Ready when less than [`UNSENT_BYTES`] wait to go out.
    ///
    /// # Errors
    /// Why nobody takes messages any more.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let mut state = self.0.lock();
        match &state.end {
            Some(End::Gone(status)) => return Poll::Ready(Err(status.clone())),
            Some(End::Finished(_) | End::Abandoned) => return Poll::Ready(Err(after_end())),
            None => {}
        }
        if state.unsent.len() < UNSENT_BYTES {
            return Poll::Ready(Ok(()));
        }
        if state.held {
            // It would wait for one who may wait for it: the reply is asked for when all is sent.
            return Poll::Ready(Err(Status::cancelled(
                "the other side of the stream is gone",
            )));
        }
        register(&mut state.writer, cx);
        Poll::Pending
    }

    /// Lets `encode` append to what is unsent, and wakes the reader. Call when ready.
    ///
    /// # Errors
    /// Those of `encode`; why nobody takes messages any more.
    pub(crate) fn write(
        &self,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let mut state = self.0.lock();
        match &state.end {
            Some(End::Gone(status)) => return Err(status.clone()),
            Some(End::Finished(_) | End::Abandoned) => return Err(after_end()),
            None => {}
        }
        encode(&mut state.unsent)?;
        state.begun = true;
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Ok(())
    }

    /// Lets the head go out before the first message.
    pub(crate) fn begin(&self) {
        let mut state = self.0.lock();
        state.begun = true;
        let reader = state.reader.take();
        drop(state);
        wake(reader);
    }

    /// No more messages. The first end counts.
    pub(crate) fn finish(&self, result: Result<(), Status>) {
        self.0.end(End::Finished(result));
    }

    /// The handle by which the stream is ended from elsewhere.
    pub(crate) fn control(&self) -> Control {
        Control(Arc::clone(&self.0))
    }
}

fn after_end() -> Status {
    Status::failed_precondition("a message was sent on a stream that is finished")
}

impl Shared {
    fn end(&self, end: End) {
        let mut state = self.lock();
        if state.end.is_none() {
            if matches!(end, End::Gone(_)) {
                state.unsent = BytesMut::new();
            }
            state.begun = true;
            state.end = Some(end);
        }
        let (reader, writer) = (state.reader.take(), state.writer.take());
        drop(state);
        wake(reader);
        wake(writer);
    }

    /// The writer is gone, having said so or not.
    fn abandon(&self) {
        self.end(End::Abandoned);
        let mut state = self.lock();
        let along = std::mem::take(&mut state.along);
        let finished = matches!(state.end, Some(End::Finished(_)));
        drop(state);
        if !finished {
            along.into_iter().for_each(Along::end);
        }
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        // On a server the task that runs the handler says how it ended, also when a panic dropped this.
        if self.0.reply.is_none() {
            self.0.abandon();
        }
    }
}

impl fmt::Debug for PipeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PipeWriter")
    }
}

/// The end that a wire takes bytes from. Dropping it tells the writer that nobody listens.
pub(crate) struct PipeReader {
    shared: Arc<Shared>,
    task: Option<AbortHandle>,
    deadline: Option<Deadline>,
}

/// What a wire takes next.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Whole messages with their prefixes.
    Bytes(Bytes),
    /// The writer is done: its status, and what it leaves behind the messages.
    End(Result<(), Status>, Metadata),
    /// The stream is to be reset: abandoned, or cancelled.
    Reset,
}

impl PipeReader {
    /// Ready when the head may go out: with the metadata before the messages, and the end if there will be none.
    pub(crate) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<(Metadata, Option<Result<(), Status>>)> {
        let mut state = self.shared.lock();
        if !state.begun {
            register(&mut state.reader, cx);
            return Poll::Pending;
        }
        let end = match (&state.end, state.unsent.is_empty()) {
            (Some(End::Finished(result)), true) => Some(result.clone()),
            (Some(End::Abandoned), true) => Some(Err(abandoned())),
            (Some(End::Gone(status)), true) => Some(Err(status.clone())),
            _ => None,
        };
        drop(state);
        let head = self
            .shared
            .reply
            .as_ref()
            .map(|reply| lock_reply(reply).head());
        Poll::Ready((head.unwrap_or_default(), end))
    }

    /// The metadata that go behind the messages, once.
    pub(crate) fn trailers(&mut self) -> Metadata {
        let trailers = self.shared.reply.as_ref().map(|r| lock_reply(r).trailers());
        trailers.unwrap_or_default()
    }

    /// The next piece; `Pending` while there is nothing to send.
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Piece> {
        let mut state = self.shared.lock();
        state.held = false;
        if !state.unsent.is_empty() {
            let bytes = state.unsent.split().freeze();
            let writer = state.writer.take();
            drop(state);
            wake(writer);
            return Poll::Ready(Piece::Bytes(bytes));
        }
        let end = match &state.end {
            None => {
                register(&mut state.reader, cx);
                return Poll::Pending;
            }
            Some(End::Finished(result)) => result.clone(),
            Some(End::Abandoned | End::Gone(_)) => return Poll::Ready(Piece::Reset),
        };
        drop(state);
        Poll::Ready(Piece::End(end, self.trailers()))
    }

    /// Puts pieces that were taken before what is unsent: they are taken again. A writer that waits is woken.
    pub(crate) fn put_back(&mut self, pieces: &[Bytes]) {
        let mut state = self.shared.lock();
        if matches!(state.end, Some(End::Abandoned | End::Gone(_))) {
            return;
        }
        let mut all = BytesMut::with_capacity(
            pieces.iter().map(Bytes::len).sum::<usize>() + state.unsent.len(),
        );
        pieces.iter().for_each(|piece| all.extend_from_slice(piece));
        all.extend_from_slice(&state.unsent);
        state.unsent = all;
        state.held = true;
        let writer = state.writer.take();
        drop(state);
        wake(writer);
    }

    /// Ready when the stream is to be reset, whatever is unsent.
    pub(crate) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        match &state.end {
            Some(End::Abandoned | End::Gone(_)) => Poll::Ready(()),
            _ => {
                register(&mut state.reader, cx);
                Poll::Pending
            }
        }
    }

    /// Tells the writer why nobody takes messages any more.
    pub(crate) fn cancel(&self, status: Status) {
        self.shared.end(End::Gone(status));
    }

    /// Is the stream over, with nothing left to send but its end?
    pub(crate) fn is_finished(&self) -> bool {
        let state = self.shared.lock();
        state.unsent.is_empty() && matches!(state.end, Some(End::Finished(Ok(()))))
    }

    /// The handle by which the stream is ended from elsewhere.
    pub(crate) fn control(&self) -> Control {
        Control(Arc::clone(&self.shared))
    }

    /// What ends with the requests that this stream of replies answers.
    pub(crate) fn along(&self) -> Option<Along> {
        Some(Along {
            task: self.task.clone()?,
            reply: Some(self.control()),
        })
    }

    /// Ends `task` when this end is dropped: the handler whose messages nobody takes any more.
    pub(crate) fn ending(mut self, task: AbortHandle) -> Self {
        self.task = Some(task);
        self
    }

    /// Says when the call must have ended: a reader that is dropped later was dropped for that.
    pub(crate) fn until(mut self, deadline: Option<Deadline>) -> Self {
        self.deadline = deadline;
        self
    }
}

fn register(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        none => *none = Some(cx.waker().clone()),
    }
}

pub(crate) fn lock_reply(reply: &Mutex<ReplyMetadata>) -> MutexGuard<'_, ReplyMetadata> {
    reply.lock().unwrap_or_else(PoisonError::into_inner)
}

fn abandoned() -> Status {
    Status::new(
        Code::Internal,
        "the handler ended its stream without a status",
    )
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let late = |deadline: Deadline| deadline.is_expired(Instant::now());
        self.shared
            .end(End::Gone(if self.deadline.is_some_and(late) {
                Status::deadline_exceeded("the deadline passed before the stream was finished")
            } else {
                Status::cancelled("the other side of the stream is gone")
            }));
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl fmt::Debug for PipeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PipeReader")
    }
}
