//! What moves the bytes of a scripted connection, both ways, while the script waits.
//! It refuses to go on by itself.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf as _;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::timeout;

use super::conn::Conn;
use super::event::Closed;
use super::state::State;
use crate::testing::failed::Failed;

/// Bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;

impl Conn {
    /// Reads and writes until `done`, for the time that the script gives it.
    pub(super) async fn drive<T>(
        &mut self,
        what: &str,
        mut done: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, Failed> {
        let within = self.within;
        let driven = poll_fn(|cx| {
            loop {
                if let Some(done) = done(&mut self.state) {
                    return Poll::Ready(Ok(done));
                }
                if let Some(why) = self.state.malformed() {
                    return Poll::Ready(Err(format!("{why} (while waiting for {what})")));
                }
                if self.poll_io(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        });
        match timeout(within, driven).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(why)) => Err(self.failed(why)),
            Err(_) => Err(self.failed(format!("waited {within:?} for {what}"))),
        }
    }

    /// Writes and reads what can be at once; ready when that was anything.
    pub(super) fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wrote = self.poll_write(cx).is_ready();
        let read = self.reads && self.poll_read(cx).is_ready();
        if wrote || read {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (io, state) = (&mut self.io, &mut self.state);
        if state.out.is_empty() || state.unwritable {
            return Poll::Pending;
        }
        match Pin::new(io).poll_write(cx, &state.out) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(len)) if len > 0 => state.out.advance(len),
            Poll::Ready(Ok(_)) => state.unwritable = true,
            Poll::Ready(Err(error)) => {
                state.unwritable = true;
                state.log.note(format!("writing failed: {}", error.kind()));
            }
        }
        Poll::Ready(())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.state.closed.is_some() {
            return Poll::Pending;
        }
        let mut room = [0; READ_BYTES];
        let mut room = ReadBuf::new(&mut room);
        let read: std::io::Result<()> = match Pin::new(&mut self.io).poll_read(cx, &mut room) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(read) => read,
        };
        match (read, room.filled()) {
            (Ok(()), []) => self.state.close(Closed::Eof),
            (Ok(()), bytes) => self.state.receive(bytes),
            (Err(error), _) => {
                self.state.unwritable = true;
                self.state.close(Closed::Broken(error.kind()));
            }
        }
        Poll::Ready(())
    }
}
