//! A socket that counts its write calls, the same one for every peer.
//!
//! It changes nothing of what the socket does: vectored writes stay vectored.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Counts the write calls of all sockets that share it.
#[derive(Clone, Debug, Default)]
pub struct Writes(Arc<AtomicU64>);

impl Writes {
    /// Write calls so far that took bytes; those that found the socket full are left out.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A socket whose write calls are counted.
#[derive(Debug)]
pub struct Counted<S> {
    socket: S,
    writes: Writes,
}

impl<S> Counted<S> {
    /// Counts the write calls of `socket` in `writes`.
    pub fn new(socket: S, writes: Writes) -> Self {
        Self { socket, writes }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write(cx, buf))?;
        self.writes.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write_vectored(cx, bufs))?;
        self.writes.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn counts_writes_that_took_bytes_and_passes_them_on() {
        let (near, mut far) = tokio::io::duplex(8);
        let writes = Writes::default();
        let mut near = Counted::new(near, writes.clone());
        near.write_all(b"12345678").await.unwrap();
        assert_eq!(writes.count(), 1);
        // The pipe is full: a write that only waits is not counted.
        let full = tokio::time::timeout(std::time::Duration::ZERO, near.write(b"9")).await;
        assert!(full.is_err());
        assert_eq!(writes.count(), 1);
        let mut got = [0; 8];
        far.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"12345678");
        near.write_all(b"9").await.unwrap();
        assert_eq!(writes.count(), 2);
    }
}
