//! Drives a connection so that what it writes in one poll leaves together, and closes it so that the peer reads all.
//! It refuses to know what a connection is: a future.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::{Sleep, sleep, timeout};

use super::{Flusher, lock};
use crate::transport::conduct::Unruly;

/// How long a socket may take to accept what is left when the connection's
/// future has finished; then the rest is dropped with the socket.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

pin_project! {
    /// Drives the future of a connection that owns a [`Deferred`]: on each
    /// wake it goes once to the back of the run queue, so that every task that
    /// is ready now can queue its frames; then it runs the hook, polls the
    /// connection, and empties the buffer. A connection that was sent more than
    /// one turn takes goes on when the others had theirs.
    ///
    /// When the connection has finished, what it left in the buffer is still
    /// written, for at most [`LINGER`]. Dropped earlier, the bytes of the last
    /// poll that the socket had not taken are lost with it.
    pub(crate) struct FlushOnce<F: Future, IO, H = fn()> {
        #[pin]
        connection: F,
        flusher: Flusher<IO>,
        before_poll: H,
        yielded: bool,
        // The last poll used up its turn: there may be more to read already.
        is_behind: bool,
        stage: Stage<F::Output>,
        linger: Option<Pin<Box<Sleep>>>,
    }
}

enum Stage<T> {
    Running,
    /// The connection has finished with this, and is never polled again.
    Finished(Option<T>),
}

impl<F: Future, IO> FlushOnce<F, IO> {
    pub(crate) fn new(connection: F, flusher: Flusher<IO>) -> Self {
        Self::with_hook(connection, flusher, || ())
    }
}

impl<F: Future, IO, H: FnMut()> FlushOnce<F, IO, H> {
    /// As `new`; `before_poll` runs before each poll of the connection (not
    /// before the yields).
    pub(crate) fn with_hook(connection: F, flusher: Flusher<IO>, before_poll: H) -> Self {
        Self {
            connection,
            flusher,
            before_poll,
            yielded: false,
            is_behind: false,
            stage: Stage::Running,
            linger: None,
        }
    }

    /// Why the peer was not listened to any more, if so.
    pub(crate) fn unruly(&self) -> Option<Unruly> {
        lock(&self.flusher.shared).unruly
    }

    /// The connection inside, to ask it to shut down gracefully; poll `self`
    /// afterwards.
    pub(crate) fn connection(self: Pin<&mut Self>) -> Pin<&mut F> {
        self.project().connection
    }
}

impl<F, IO, H> FlushOnce<F, IO, H>
where
    F: Future,
    IO: AsyncRead + AsyncWrite + Unpin,
    H: FnMut(),
{
    /// Drives the connection to its end, and waits until the peer has closed its side, too, for at most [`LINGER`]: a
    /// socket that is closed while the peer still sends is reset, and takes along what the peer has not read yet.
    pub(crate) async fn linger(mut self: Pin<&mut Self>) -> F::Output {
        let output = self.as_mut().await;
        let closed = poll_fn(|cx| self.flusher.poll_close(cx));
        // Longer than this nothing is on its way that the peer would miss.
        let _ = timeout(LINGER, closed).await;
        output
    }
}

impl<F, IO, H> Future for FlushOnce<F, IO, H>
where
    F: Future,
    IO: AsyncWrite + Unpin,
    H: FnMut(),
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if matches!(this.stage, Stage::Running) {
            *this.yielded = !*this.yielded;
            if *this.yielded {
                if *this.is_behind {
                    wake_after_others(cx);
                } else {
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
            (this.before_poll)();
            match this.connection.poll(cx) {
                Poll::Ready(output) => *this.stage = Stage::Finished(Some(output)),
                Poll::Pending => {
                    // When the socket is full it has taken `cx`: it will wake
                    // this task for the rest, with or without the connection.
                    let _ = this.flusher.poll_drain(cx);
                    *this.is_behind = this.flusher.end_turn();
                    if *this.is_behind {
                        cx.waker().wake_by_ref();
                    }
                    return Poll::Pending;
                }
            }
        }
        if this.flusher.poll_drain(cx).is_pending() {
            let linger = this.linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
            ready!(linger.as_mut().poll(cx));
        }
        match this.stage {
            Stage::Finished(output) => output.take().map_or(Poll::Pending, Poll::Ready),
            Stage::Running => Poll::Pending,
        }
    }
}

/// Wakes the task when all that are ready have run, and the runtime has looked for what came to others from the network
/// meanwhile. From the back of the run queue it would be first again before the runtime looks, which it does once in 61
/// polls otherwise.
///
/// Only while the connection is not polled: that wakes its own task with each call that ends.
fn wake_after_others(cx: &mut Context<'_>) {
    // The waker is left with the runtime at the first poll; the second would only say that it was woken.
    let _ = pin!(yield_now()).poll(cx);
}
