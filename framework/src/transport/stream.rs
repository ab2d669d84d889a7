//! A connection's bytes, whatever carries them: TCP, a Unix socket, TLS on any of them, or what a
//! connector of the user made.
//! It opens none, and buffers nothing.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

#[cfg(feature = "tls")]
use super::tls::LastWords;

/// What a custom connector's connection has to be, erased.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// An open connection.
pub struct Stream(Kind);

enum Kind {
    Tcp(TcpStream),
    Unix(UnixStream),
    Custom(Box<dyn Io>),
    #[cfg(feature = "tls")]
    Tls(Box<dyn Io>, LastWords),
}

impl Stream {
    pub(crate) fn custom(io: impl Io + 'static) -> Self {
        Self(Kind::Custom(Box::new(io)))
    }

    /// The socket, where it is one of TCP: for tools that set what only TCP has.
    #[cfg(feature = "testing")]
    pub(crate) fn as_tcp(&self) -> Option<&TcpStream> {
        match &self.0 {
            Kind::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// A connection that speaks TLS.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(io: impl Io + 'static) -> Self {
        Self(Kind::Tls(Box::new(io), LastWords::default()))
    }

    /// What TLS will have said, if it breaks.
    #[cfg(feature = "tls")]
    pub(crate) fn last_words(&self) -> Option<LastWords> {
        match &self.0 {
            Kind::Tls(_, last_words) => Some(last_words.clone()),
            _ => None,
        }
    }
}

impl From<TcpStream> for Stream {
    fn from(tcp: TcpStream) -> Self {
        Self(Kind::Tcp(tcp))
    }
}

impl From<UnixStream> for Stream {
    fn from(unix: UnixStream) -> Self {
        Self(Kind::Unix(unix))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tcp(tcp) => f.debug_tuple("Stream").field(tcp).finish(),
            Kind::Unix(unix) => f.debug_tuple("Stream").field(unix).finish(),
            Kind::Custom(_) => f.write_str("Stream(custom)"),
            #[cfg(feature = "tls")]
            Kind::Tls(..) => f.write_str("Stream(TLS)"),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_read(cx, into),
            Kind::Unix(unix) => Pin::new(unix).poll_read(cx, into),
            Kind::Custom(io) => Pin::new(io).poll_read(cx, into),
            #[cfg(feature = "tls")]
            Kind::Tls(io, last_words) => {
                let read = Pin::new(io).poll_read(cx, into);
                if let Poll::Ready(Err(error)) = &read {
                    last_words.hear(error);
                }
                read
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Kind::Unix(unix) => Pin::new(unix).poll_write(cx, bytes),
            Kind::Custom(io) => Pin::new(io).poll_write(cx, bytes),
            #[cfg(feature = "tls")]
            Kind::Tls(io, _) => Pin::new(io).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Kind::Unix(unix) => Pin::new(unix).poll_write_vectored(cx, slices),
            Kind::Custom(io) => Pin::new(io).poll_write_vectored(cx, slices),
            #[cfg(feature = "tls")]
            Kind::Tls(io, _) => Pin::new(io).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Kind::Tcp(tcp) => tcp.is_write_vectored(),
            Kind::Unix(unix) => unix.is_write_vectored(),
            Kind::Custom(io) => io.is_write_vectored(),
            #[cfg(feature = "tls")]
            Kind::Tls(io, _) => io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Kind::Unix(unix) => Pin::new(unix).poll_flush(cx),
            Kind::Custom(io) => Pin::new(io).poll_flush(cx),
            #[cfg(feature = "tls")]
            Kind::Tls(io, _) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Kind::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
            Kind::Custom(io) => Pin::new(io).poll_shutdown(cx),
            #[cfg(feature = "tls")]
            Kind::Tls(io, _) => Pin::new(io).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_makes_a_stream_larger_than_a_socket_and_its_tag() {
        assert!(size_of::<Stream>() <= size_of::<TcpStream>() + size_of::<usize>());
    }
}
