//! One direction of one proxied connection: what was read and is to be written, and when.
//! It refuses to read more than it may hold.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Bytes on their way in one direction.
const ON_THE_WAY: usize = 64 * 1024;

/// Bytes that are read, and written, at once.
const PIECE: usize = 8 * 1024;

/// Writes of a slow direction per second: as many as make it smooth, and few enough to be cheap.
const PIECES_PER_SECOND: u64 = 50;

/// What a slow direction may catch up with after a pause: two of its pieces.
const BURST: Duration = Duration::from_millis(40);

/// A latency no longer than this: what is longer is a black hole.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How the bytes of one direction move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Pass,
    Hold,
    Slow {
        bytes_per_second: u64,
        latency: Duration,
    },
}

impl Flow {
    /// None per second is a black hole.
    pub(super) fn slow(bytes_per_second: u64, latency: Duration) -> Self {
        match bytes_per_second {
            0 => Self::Hold,
            _ => Self::Slow {
                bytes_per_second,
                latency: latency.min(LONGEST),
            },
        }
    }
}

/// One direction.
#[derive(Default)]
pub(super) struct Half {
    /// What was read, and when.
    on_the_way: VecDeque<(Instant, Bytes)>,
    bytes: usize,
    /// No more is written before then: as fast as it was allowed to be up to now.
    paused_until: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    read_all: bool,
    /// The end was passed on, too.
    pub(super) is_over: bool,
}

impl Half {
    /// Moves what can be moved now; how many bytes were written. Ready when there may be more to do at once.
    pub(super) fn poll(
        &mut self,
        flow: Flow,
        (read, write): (&mut ReadHalf<'_>, &mut WriteHalf<'_>),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if flow == Flow::Hold || self.is_over {
            return Poll::Pending;
        }
        let came = self.poll_read(read, cx)?.is_ready();
        match self.poll_write(flow, write, cx)? {
            Poll::Ready(len) => Poll::Ready(Ok(len)),
            Poll::Pending if came => Poll::Ready(Ok(0)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_read(&mut self, read: &mut ReadHalf<'_>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.read_all || self.bytes + PIECE > ON_THE_WAY {
            return Poll::Pending;
        }
        let mut room = [0; PIECE];
        let mut room = ReadBuf::new(&mut room);
        match Pin::new(read).poll_read(cx, &mut room)? {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(()) => {}
        }
        let bytes = Bytes::copy_from_slice(room.filled());
        self.read_all = bytes.is_empty();
        self.bytes += bytes.len();
        if !bytes.is_empty() {
            self.on_the_way.push_back((Instant::now(), bytes));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        flow: Flow,
        write: &mut WriteHalf<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let Some((came, bytes)) = self.on_the_way.front_mut() else {
            if !self.read_all {
                return Poll::Pending;
            }
            self.is_over = true;
            // The end goes on as well: what fails here is over, too.
            return Pin::new(write).poll_shutdown(cx).map_ok(|()| 0);
        };
        let mut piece = bytes.len();
        if let Flow::Slow {
            bytes_per_second,
            latency,
        } = flow
        {
            let due = (*came + latency).max(self.paused_until.unwrap_or(*came));
            if due > Instant::now() {
                return self.wait(due, cx);
            }
            let most = (bytes_per_second / PIECES_PER_SECOND).max(1);
            piece = piece.min(usize::try_from(most).unwrap_or(piece));
        }
        let written = match Pin::new(write).poll_write(cx, &bytes[..piece])? {
            Poll::Ready(written) => written,
            Poll::Pending => return Poll::Pending,
        };
        bytes.advance(written);
        self.bytes -= written;
        if bytes.is_empty() {
            self.on_the_way.pop_front();
        }
        if let Flow::Slow {
            bytes_per_second, ..
        } = flow
        {
            let took = Duration::from_secs(1).mul_f64(written as f64 / bytes_per_second as f64);
            let from = self
                .paused_until
                .unwrap_or_else(Instant::now)
                .max(Instant::now() - BURST);
            self.paused_until = Some(from + took);
        }
        Poll::Ready(Ok(written))
    }

    fn wait(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        // When it has passed, the caller looks again.
        timer.as_mut().poll(cx).map(|()| Ok(0))
    }
}
