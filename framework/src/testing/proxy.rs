//! A TCP proxy that misbehaves as it is told to: between a client and a server under test.
//! It refuses to know what it carries.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

mod half;
mod link;
#[cfg(test)]
mod tests;

use half::Flow;

/// A proxy on a free TCP port of 127.0.0.1. It passes everything on until it is told otherwise, and ends when it is
/// dropped.
///
/// What it is told holds for connections that are open and for new ones alike, and from the moment that the function
/// has returned.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use sinew::testing::Proxy;
///
/// # let server = sinew::Server::new().fallback(|_| async { Ok(sinew::RawReply::new("pong")) });
/// let bound = server.bind("127.0.0.1:0").await?;
/// let proxy = Proxy::to(bound.url()).await?;
/// tokio::spawn(bound.serve());
/// let channel = sinew::Channel::to(&proxy.url())?;
/// let ping = || channel.call(sinew::RawCall::new("/x.Y/Ping", ""));
/// ping().await?;
///
/// proxy.black_hole();
/// tokio::time::timeout(Duration::from_millis(20), ping()).await.unwrap_err();
///
/// proxy.pass().await?;
/// ping().await?;
/// assert_eq!(proxy.accepted(), 1, "it was the same connection all the time");
/// # Ok(())
/// # }
/// ```
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    /// Told when the accepting task has done what it was told.
    accepts: watch::Receiver<Accepts>,
    accepting: JoinHandle<()>,
}

/// One of the two ways through a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client, which connected to the proxy, to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What the tasks of a proxy share.
struct Shared {
    state: Mutex<State>,
    /// Told at each change of the state.
    changed: Notify,
    /// Connections that are open.
    open: watch::Sender<usize>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    to_server: Flow,
    to_client: Flow,
    /// What becomes of connections that are there: nothing, or an end.
    end: Option<End>,
    accepted: u64,
    bytes_to_server: u64,
    bytes_to_client: u64,
}

/// How the proxy ends connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// As a process that closes them.
    Fin,
    /// As a machine that knows nothing of them.
    Reset,
}

/// Whether connections are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Accepts {
    Yes,
    No,
    /// The port was free for a while, and somebody else has it now.
    Lost(io::ErrorKind),
}

impl Proxy {
    /// Listens, and connects to `server` for each connection that it accepts: `127.0.0.1:50051` or
    /// `http://127.0.0.1:50051`.
    ///
    /// # Errors
    /// When `server` is no address, or there is no free port.
    pub async fn to(server: impl fmt::Display) -> io::Result<Self> {
        let server = server.to_string();
        let server = server.strip_prefix("http://").unwrap_or(&server);
        let mut found = lookup_host(server).await?;
        let server = found.next().ok_or(io::ErrorKind::NotFound)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                to_server: Flow::Pass,
                to_client: Flow::Pass,
                end: None,
                accepted: 0,
                bytes_to_server: 0,
                bytes_to_client: 0,
            }),
            changed: Notify::new(),
            open: watch::Sender::new(0),
        });
        let (tell, accepts) = watch::channel(Accepts::Yes);
        let acceptor = Acceptor {
            addr,
            server,
            shared: Arc::clone(&shared),
            tell,
        };
        Ok(Self {
            addr,
            shared,
            accepts,
            accepting: tokio::spawn(acceptor.run(listener)),
        })
    }

    /// Where it listens, as a [`crate::Channel`] takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Passes everything on, at once and both ways; takes connections again after [`Proxy::cut`] and [`Proxy::reset`].
    ///
    /// # Errors
    /// When somebody else has taken the port while it was cut.
    pub async fn pass(&self) -> io::Result<()> {
        self.set(|state| {
            (state.to_server, state.to_client) = (Flow::Pass, Flow::Pass);
            state.end = None;
        });
        self.until(|accepts| *accepts != Accepts::No).await
    }

    /// Passes nothing on, either way, and keeps connections open: as a network that loses every packet. What is under
    /// way arrives when it passes again, as TCP would send it again; until then senders are held up once the sockets
    /// between are full. New connections are accepted, by the system, and stay silent.
    pub fn black_hole(&self) {
        self.set(|state| (state.to_server, state.to_client) = (Flow::Hold, Flow::Hold));
    }

    /// As [`Proxy::black_hole`], one way only; the other stays as it is.
    pub fn black_hole_one_way(&self, direction: Direction) {
        self.set(|state| *state.flow(direction) = Flow::Hold);
    }

    /// Passes on so many bytes per second each way, for each connection, each of them `latency` after it came. At most
    /// 64 KiB a direction are on their way; senders are held up beyond.
    pub fn slow(&self, bytes_per_second: u64, latency: Duration) {
        let slow = Flow::slow(bytes_per_second, latency);
        self.set(|state| (state.to_server, state.to_client) = (slow, slow));
    }

    /// As [`Proxy::slow`], one way only; the other stays as it is.
    pub fn slow_one_way(&self, direction: Direction, bytes_per_second: u64, latency: Duration) {
        self.set(|state| *state.flow(direction) = Flow::slow(bytes_per_second, latency));
    }

    /// Closes all connections, as a process that ends does, and refuses new ones until [`Proxy::pass`].
    pub async fn cut(&self) {
        self.end(End::Fin).await;
    }

    /// Resets all connections, as a machine that came back without them does, and refuses new ones until
    /// [`Proxy::pass`].
    pub async fn reset(&self) {
        self.end(End::Reset).await;
    }

    async fn end(&self, end: End) {
        self.set(|state| state.end = Some(end));
        let mut open = self.shared.open.subscribe();
        // Both are told as long as the proxy is there.
        let _ = self.until(|accepts| *accepts != Accepts::Yes).await;
        let _ = open.wait_for(|open| *open == 0).await;
    }

    /// Connections that were accepted so far.
    pub fn accepted(&self) -> u64 {
        self.shared.lock().accepted
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        *self.shared.open.borrow()
    }

    /// Bytes that were passed on so far.
    pub fn bytes(&self, direction: Direction) -> u64 {
        let state = self.shared.lock();
        match direction {
            Direction::ToServer => state.bytes_to_server,
            Direction::ToClient => state.bytes_to_client,
        }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.lock());
        self.shared.changed.notify_waiters();
    }

    async fn until(&self, done: impl FnMut(&Accepts) -> bool) -> io::Result<()> {
        match self.accepts.clone().wait_for(done).await.as_deref() {
            Ok(Accepts::Lost(why)) => Err((*why).into()),
            _ => Ok(()),
        }
    }
}

impl State {
    fn flow(&mut self, direction: Direction) -> &mut Flow {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is counted as open.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.lock().accepted += 1;
        shared.open.send_modify(|open| *open += 1);
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

/// What takes connections, and has each carried by a task of its own.
struct Acceptor {
    addr: SocketAddr,
    server: SocketAddr,
    shared: Arc<Shared>,
    tell: watch::Sender<Accepts>,
}

impl Acceptor {
    async fn run(self, listener: TcpListener) {
        let mut listener = Some(listener);
        let mut links = JoinSet::new();
        loop {
            let changed = self.shared.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let refuses = self.shared.lock().end.is_some();
            match &listener {
                Some(_) if refuses => {
                    listener = None;
                    self.tell.send_replace(Accepts::No);
                }
                None if !refuses => {
                    let (now, told) = self.listen_again().await;
                    listener = now;
                    self.tell.send_replace(told);
                }
                _ => {}
            }
            tokio::select! {
                () = changed => {}
                Some(_) = links.join_next() => {}
                Some(Ok((client, _))) = accepted(listener.as_ref()) => {
                    let open = Open::new(&self.shared);
                    links.spawn(link::carry(client, self.server, open));
                }
            }
        }
    }

    async fn listen_again(&self) -> (Option<TcpListener>, Accepts) {
        match TcpListener::bind(self.addr).await {
            Ok(listener) => (Some(listener), Accepts::Yes),
            Err(error) => (None, Accepts::Lost(error.kind())),
        }
    }
}

async fn accepted(listener: Option<&TcpListener>) -> Option<io::Result<(TcpStream, SocketAddr)>> {
    match listener {
        Some(listener) => Some(listener.accept().await),
        None => std::future::pending().await,
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // With it go the connections.
        self.accepting.abort();
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("addr", &self.addr)
            .field("state", &*self.shared.lock())
            .field("open", &self.open())
            .finish_non_exhaustive()
    }
}
