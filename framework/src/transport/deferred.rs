//! Collects what a connection writes during one poll and hands it to the
//! socket in a few writes: one for each batch, and one when that poll ends.
//! It never holds bytes back by time and never looks at what they mean.
//!
//! The HTTP/2 library flushes after every DATA frame of 256 bytes or more, and
//! the scheduler runs a connection right after each task that wakes it. Both
//! make one system call per call; most of a small call's CPU time is that call
//! into the kernel. Two halves cure it: [`Deferred`] turns writes into copies
//! into a bounded buffer, and [`FlushOnce`] lets everyone who is ready queue
//! their frames first, polls the connection once, then empties the buffer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::buffer::Buffer;
pub(crate) use self::flush_once::FlushOnce;
use self::turn::Turn;
use self::watched::Watched;
use super::conduct::{Conduct, Unruly};
use super::heard::Heard;

mod buffer;
mod flush_once;
#[cfg(test)]
mod tests;
mod turn;
mod watched;

/// After so many writes of the connection the buffer is handed to the socket without waiting for the end of the
/// poll: a peer on another core works on the first answers while the connection makes the next ones. One call
/// is one write or two, and a call costs about as much as the socket's write costs: shared by so many it is small.
const BATCH: usize = 16;

/// Wraps `io`: `prefix` is what was already read from it, and is read again
/// first. The [`Flusher`] goes into the [`FlushOnce`] around the future that
/// owns the [`Deferred`]; without it nothing is ever written.
pub(crate) fn deferred<IO>(io: IO, prefix: Bytes) -> (Deferred<IO>, Flusher<IO>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    let shared = Arc::new(Mutex::new(Shared {
        io,
        buffer: Buffer::default(),
        unflushed: false,
        writes: 0,
        writer_waits: false,
        failed: None,
        unruly: None,
        turn: Turn::default(),
    }));
    let flusher = Flusher {
        shared: Arc::clone(&shared),
    };
    let io = Deferred {
        shared,
        prefix,
        heard: None,
        watched: None,
    };
    (io, flusher)
}

/// The socket as the connection sees it: reads go through, writes only fill
/// the buffer, and a flush has nothing to do.
///
/// A write that fails later, while the buffer is emptied, is reported by every
/// use that follows; reads first deliver what the peer had already sent (its
/// GOAWAY says which calls it never saw).
pub(crate) struct Deferred<IO> {
    shared: Arc<Mutex<Shared<IO>>>,
    prefix: Bytes,
    heard: Option<Heard>,
    watched: Option<Watched>,
}

impl<IO> Deferred<IO> {
    /// Listens to the peer only while it conducts itself, and to so much at a time that others get their turn; the
    /// prefix is not counted.
    pub(crate) fn watching(self, conduct: Conduct) -> Self {
        let watched = Some(Watched::new(conduct));
        Self { watched, ..self }
    }

    /// Tells `heard` of each read that brings something.
    pub(crate) fn telling(self, heard: Heard) -> Self {
        let heard = Some(heard);
        Self { heard, ..self }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Deferred<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.prefix.is_empty() {
            let n = this.prefix.len().min(into.remaining());
            into.put_slice(&this.prefix[..n]);
            this.prefix.advance(n);
            if this.prefix.is_empty() {
                this.prefix = Bytes::new(); // an empty view would keep the allocation
            }
            return Poll::Ready(Ok(()));
        }
        let mut shared = lock(&this.shared);
        shared.check_conduct()?;
        let Some(watched) = &mut this.watched else {
            return shared.poll_read(cx, into, this.heard.as_ref());
        };
        if shared.turn.is_over() {
            return Poll::Pending; // `FlushOnce` comes back to it when others had their turn
        }
        let mut read = Poll::Ready(Ok(()));
        let heard = if watched.is_behind() {
            watched.catch_up(into, &mut shared.turn)
        } else {
            let before = into.filled().len();
            read = shared.poll_read(cx, into, this.heard.as_ref());
            watched.hear(into, before, &mut shared.turn)
        };
        if let Err(unruly) = heard.and_then(|()| watched.poll_head(cx)) {
            shared.refuse(unruly, watched.conduct());
            shared.check_conduct()?;
        }
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Deferred<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut shared = lock(&this.shared);
        shared.check()?;
        if shared.buffer.room() == 0 {
            let written = shared.poll_write_out(cx)?;
            if written.is_pending() && shared.buffer.room() == 0 {
                shared.writer_waits = true;
                return Poll::Pending;
            }
        }
        let filled = shared.buffer.fill(slices);
        if let Some(watched) = &mut this.watched {
            watched.said(slices, filled);
        }
        shared.writes += 1;
        if shared.writes >= BATCH {
            shared.writes = 0;
            // What the socket does not take now is written at the end of the poll; a failure shows at the next use.
            let _ = shared.poll_drain(cx);
        }
        Poll::Ready(Ok(filled))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(lock(&self.shared).check())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shared = lock(&self.shared);
        shared.check()?;
        if shared.poll_drain(cx)?.is_pending() {
            shared.writer_waits = true;
            return Poll::Pending;
        }
        Pin::new(&mut shared.io).poll_shutdown(cx)
    }
}

/// The other end of a [`Deferred`]: empties its buffer into the socket.
pub(crate) struct Flusher<IO> {
    shared: Arc<Mutex<Shared<IO>>>,
}

impl<IO: AsyncWrite + Unpin> Flusher<IO> {
    /// Writes what is buffered. `Pending`: the socket is full and will wake
    /// `cx`; `Ready`: nothing is left to do, because all is written or because
    /// writing failed, which the connection learns at its next read or write.
    ///
    /// Wakes `cx` when the connection has to be polled again, because of such
    /// a failure or because it waits for the room that was made here.
    fn poll_drain(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut shared = lock(&self.shared);
        if shared.failed.is_some() {
            return Poll::Ready(());
        }
        shared.writes = 0;
        let before = (shared.buffer.len(), shared.unflushed);
        let drained = shared.poll_drain(cx);
        let progress = (shared.buffer.len(), shared.unflushed) != before;
        if shared.failed.is_some() || (progress && shared.writer_waits) {
            shared.writer_waits = false;
            cx.waker().wake_by_ref();
        }
        drained.map(|_| ())
    }
}

impl<IO> Flusher<IO> {
    /// Ends a turn of the connection, and begins its next. Says whether there may be more to read already.
    fn end_turn(&self) -> bool {
        std::mem::take(&mut lock(&self.shared).turn).is_over()
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Flusher<IO> {
    /// Closes this side, and reads on until the peer has closed its own or either failed; what comes is thrown away.
    fn poll_close(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut shared = lock(&self.shared);
        if ready!(Pin::new(&mut shared.io).poll_shutdown(cx)).is_err() {
            return Poll::Ready(());
        }
        let mut thrown_away = [0; 1024];
        loop {
            let mut into = ReadBuf::new(&mut thrown_away);
            match ready!(Pin::new(&mut shared.io).poll_read(cx, &mut into)) {
                Ok(()) if !into.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}

struct Shared<IO> {
    io: IO,
    buffer: Buffer,
    /// Bytes were written to `io` since it was flushed: TLS and foreign
    /// streams may keep a buffer of their own.
    unflushed: bool,
    /// Writes of the connection since the buffer was last handed to the socket.
    writes: usize,
    /// The connection got `Pending` because the buffer was full.
    writer_waits: bool,
    failed: Option<io::Error>,
    /// Why the peer is not listened to any more.
    unruly: Option<Unruly>,
    /// What may be read until the connection lets others go first.
    turn: Turn,
}

impl<IO> Shared<IO> {
    fn check(&self) -> io::Result<()> {
        self.check_conduct()?;
        match &self.failed {
            Some(error) => Err(copy(error)),
            None => Ok(()),
        }
    }

    fn check_conduct(&self) -> io::Result<()> {
        match self.unruly {
            Some(unruly) => Err(io::Error::other(unruly)),
            None => Ok(()),
        }
    }

    /// From here on the peer is not listened to, and the connection breaks. It is told why where it can be: what was
    /// written before is still sent, and this behind it.
    fn refuse(&mut self, unruly: Unruly, conduct: &Conduct) {
        self.unruly = Some(unruly);
        if let Some(last) = conduct.may_go_away() {
            let frame = unruly.go_away(last);
            if self.buffer.room() >= frame.len() {
                self.buffer.fill(&[IoSlice::new(&frame)]);
            }
        }
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        let shown = copy(&error);
        self.failed = Some(error);
        self.buffer = Buffer::default();
        self.unflushed = false;
        shown
    }
}

impl<IO: AsyncRead + Unpin> Shared<IO> {
    /// Reads from the socket, and tells `heard` of what that brings.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
        heard: Option<&Heard>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, into);
        if into.filled().len() == before && into.remaining() > 0 {
            self.check()?;
        } else if let Some(heard) = heard {
            heard.set();
        }
        read
    }
}

impl<IO: AsyncWrite + Unpin> Shared<IO> {
    /// Hands the buffer to the socket, as far as the socket takes it.
    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.buffer.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, self.buffer.waiting())) {
                Ok(0) => return Poll::Ready(Err(self.fail(io::ErrorKind::WriteZero.into()))),
                Ok(n) => {
                    self.buffer.consume(n);
                    self.unflushed = true;
                }
                Err(error) => return Poll::Ready(Err(self.fail(error))),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// As `poll_write_out`, and then flushes the socket.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_out(cx))?;
        if self.unflushed {
            match ready!(Pin::new(&mut self.io).poll_flush(cx)) {
                Ok(()) => self.unflushed = false,
                Err(error) => return Poll::Ready(Err(self.fail(error))),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// A poisoned lock only says that a poll panicked: the bytes are still whole.
fn lock<IO>(shared: &Mutex<Shared<IO>>) -> MutexGuard<'_, Shared<IO>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An `io::Error` cannot be cloned, and this one is reported more than once.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
