//! A connection on a port with TLS: from its first bytes, which may be no TLS, to who its client has proved to be.
//! It refuses to know what TLS says: that is `transport/tls/`.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};

use super::accept::PREFACE_TIMEOUT;
use super::sniff::{First, PREFACE, Refusal, hang_up, read_first, refuse};
use crate::call::Peer;
use crate::observe::{Observer, Side};
use crate::transport::stream::Stream;
use crate::transport::tls::{ServerTls, Tell};

/// What a client of HTTP/1 is told that speaks no TLS.
const TLS_PORT: &str = "\
    This port speaks gRPC over HTTP/2 with TLS; it does not speak HTTP/1, nor anything without TLS.\n\
    Call it with a gRPC client, for example: grpcurl -cacert FILE -proto FILE HOST:PORT package.Service/Method\n\
    A proxy in front of it must be told to use TLS and HTTP/2 towards this port.\n";

/// TLS of a server.
pub(super) struct Secure {
    tls: ServerTls,
    /// Told of changes of files, as long as the server is there.
    tell: Arc<Tell>,
}

impl Secure {
    pub(super) fn new(tls: ServerTls, observer: Observer) -> Self {
        let tell = move |is_taken, detail: &dyn fmt::Display| {
            observer.tls_files(Side::Server, is_taken, detail);
        };
        let tell = Arc::new(tell);
        Self { tls, tell }
    }

    /// The server is served from now on.
    pub(super) fn follow(&self) {
        self.tls.follow(Some(&self.tell));
    }

    /// Speaks TLS with a client that does so, and tells the others what is wrong, by `until`.
    ///
    /// # Errors
    /// Why the connection is not served.
    ///
    /// # Cancel safety
    /// None: dropping the future drops the connection.
    pub(super) async fn secure<IO>(
        &self,
        mut io: IO,
        peer: Peer,
        until: Instant,
    ) -> Result<(Stream, Peer), Refusal>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut bytes = [0; PREFACE.len()];
        let (first, read) = timeout_at(until, read_first(&mut io, &mut bytes))
            .await
            .unwrap_or(Err(Refusal::Silent))?;
        if first != First::Tls {
            refuse(&mut io, first, &bytes, TLS_PORT, until).await;
            return Err(match first {
                First::Unknown => Refusal::Unknown,
                _ => Refusal::Plaintext,
            });
        }
        let io = Again {
            bytes,
            taken: 0,
            read,
            io,
        };
        match timeout_at(until, self.tls.accept(io)).await {
            Ok(Ok((io, certificate))) => {
                let peer = match certificate {
                    Some(certificate) => peer.with_certificate(certificate),
                    None => peer,
                };
                Ok((Stream::tls(io), peer))
            }
            Ok(Err((fault, io))) => {
                // TLS has told the client why; it is not to miss that.
                let mut io = io;
                let _ = timeout_at(until, hang_up(&mut io)).await;
                Err(Refusal::Handshake(fault))
            }
            Err(_) => Err(Refusal::Handshake(self.tls.timed_out(PREFACE_TIMEOUT))),
        }
    }
}

/// A connection whose first bytes are read again.
struct Again<IO> {
    bytes: [u8; PREFACE.len()],
    /// How many of `bytes` were read from `io`, and how many of those again.
    read: usize,
    taken: usize,
    io: IO,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Again<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = &self.bytes[self.taken..self.read];
        if left.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, into);
        }
        let n = left.len().min(into.remaining());
        into.put_slice(&left[..n]);
        self.taken += n;
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Again<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
