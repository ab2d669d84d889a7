//! A peer that does what a script says: frames of HTTP/2 by hand, in either role.
//! It refuses to keep the protocol's rules for the script.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::failed::Failed;
use crate::transport::stream::Stream;

mod client;
mod conn;
mod drive;
mod event;
mod flood;
mod log;
mod server;
mod state;
#[cfg(test)]
mod tests;

pub use client::{Reply, ReplyEnd};
pub use conn::{Closing, Conn, HalfOpen};
pub use event::{Closed, Event};
pub use flood::{Flood, FloodEnd};
pub use server::Request;

/// A scripted server's address: what a client under test is told to call.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use sinew::testing::Peer;
///
/// let peer = Peer::listen().await?;
/// let channel = sinew::Channel::to(&peer.url())?;
/// let call = sinew::RawCall::new("/shop.v1.Cart/Get", "request");
/// let call = tokio::spawn(async move { channel.call(call).await });
///
/// let mut conn = peer.accept().await?;
/// let request = conn.next_request().await?;
/// assert_eq!(request.path(), "/shop.v1.Cart/Get");
/// assert_eq!(conn.next_message(request.stream).await?.as_deref(), Some(&b"request"[..]));
/// conn.send_head(request.stream).await?;
/// conn.eof().await?; // gone after the head of the reply
///
/// let status = call.await?.unwrap_err();
/// assert_eq!(status.code(), sinew::Code::Unavailable);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Peer {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Peer {
    /// Listens on a free TCP port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is none.
    pub async fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr })
    }

    /// Where it listens, as a [`crate::Channel`] takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The next connection, once both sides have sent their settings.
    ///
    /// # Errors
    /// When none comes in time, or what comes does not begin as HTTP/2 does.
    ///
    /// # Cancel safety
    /// A connection that was accepted is lost.
    pub async fn accept(&self) -> Result<Conn, Failed> {
        let mut conn = self.accept_silent().await?;
        conn.handshake().await?;
        Ok(conn)
    }

    /// The next connection, to which nothing was said yet: see [`Conn::handshake`].
    ///
    /// # Errors
    /// When none comes in time.
    ///
    /// # Cancel safety
    /// Dropping the future accepts nothing.
    pub async fn accept_silent(&self) -> Result<Conn, Failed> {
        let accepted = timeout(conn::WITHIN, self.listener.accept()).await;
        let url = self.url();
        let failed = |what: String| Failed::new(what, String::new());
        match accepted {
            Ok(Ok((tcp, _))) => Ok(Conn::server(undelayed(tcp))),
            Ok(Err(error)) => Err(failed(format!("accepting at {url} failed: {error}"))),
            Err(_) => Err(failed(format!(
                "nobody connected to {url} within {:?}",
                conn::WITHIN
            ))),
        }
    }

    /// Connects to a server under test as a client, and waits until both sides have sent their settings.
    ///
    /// # Errors
    /// When nobody listens there, or does not answer in HTTP/2 in time.
    pub async fn connect(addr: SocketAddr) -> Result<Conn, Failed> {
        let mut conn = Self::connect_silent(addr).await?;
        conn.handshake().await?;
        Ok(conn)
    }

    /// Connects to a server under test as a client, and says nothing: see [`Conn::handshake`].
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn connect_silent(addr: SocketAddr) -> Result<Conn, Failed> {
        match TcpStream::connect(addr).await {
            Ok(tcp) => Ok(Conn::client(undelayed(tcp))),
            Err(error) => Err(Failed::new(format!("{addr}: {error}"), String::new())),
        }
    }
}

/// What is written leaves at once: a script's frames are to come one by one where it sends them so.
fn undelayed(tcp: TcpStream) -> Stream {
    // A socket that refuses it is about to fail anyway.
    let _ = tcp.set_nodelay(true);
    tcp.into()
}
