//! Listening: from a bound address to connections, and from a shutdown to the last call in flight.
//! It refuses to look into a connection: that is `accept.rs`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Stack;
use super::accept;
use super::drain::{Drain, Signals};
use super::registered::Entries;
use super::settings::Settings;
use super::socket::Socket;
use crate::call::Peer;
use crate::observe;
use crate::overrides::{Overrides, Policies, PolicyState};
use crate::rt::task::Task;
use crate::services::health::Health;
use crate::transport::stream::Stream;

/// After an accept that failed for want of file descriptors or memory: time for calls in flight to give some back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Errors that connections from elsewhere may have in a row before each one more is followed by a pause: some are of
/// single connections, as a failed TLS handshake is, and those behind it should not wait; without end, they are not.
const ERRORS_IN_A_ROW: u32 = 16;

/// What to write where a server is told to listen.
const LOOKS_LIKE: &str = " (an address looks like 127.0.0.1:50051, [::1]:0 or unix:/run/cart.sock)";

/// A server that listens and does not serve yet: connections wait in the listener's queue.
#[must_use = "a server does nothing until it is served"]
pub struct Bound {
    stack: Arc<Stack>,
    settings: Settings,
    listener: Listener,
}

enum Listener {
    Tcp(TcpListener, SocketAddr),
    // In this order: see [`Socket`].
    Unix(Socket, UnixListener),
}

impl Bound {
    pub(super) async fn new(
        (stack, settings): (Arc<Stack>, Settings),
        addr: &str,
    ) -> io::Result<Self> {
        let named = |error: io::Error| {
            let hint = match error.kind() {
                // No address at all, or something else's: it was taken for the name of a host.
                io::ErrorKind::InvalidInput => LOOKS_LIKE,
                _ if addr.contains("://") => LOOKS_LIKE,
                _ => "",
            };
            io::Error::new(
                error.kind(),
                format!("cannot listen at {addr}: {error}{hint}"),
            )
        };
        check_scheme(addr, stack.is_tls())?;
        let listener = match addr.strip_prefix("unix:") {
            Some(path) => {
                let (socket, listener) = Socket::listen(path.into()).await.map_err(named)?;
                Listener::Unix(socket, listener)
            }
            None => {
                let plain = addr
                    .strip_prefix("http://")
                    .or(addr.strip_prefix("https://"));
                let addr = plain.unwrap_or(addr);
                let listener = TcpListener::bind(addr).await.map_err(named)?;
                let addr = listener.local_addr()?;
                stack.registries.can_be_found(addr)?;
                Listener::Tcp(listener, addr)
            }
        };
        let bound = Self {
            stack,
            settings,
            listener,
        };
        observe::listening(&bound.url());
        Ok(bound)
    }

    /// Where it listens, as a [`crate::Channel`] takes it: with the port that the system chose.
    pub fn url(&self) -> String {
        let scheme = if self.stack.is_tls() { "https" } else { "http" };
        match &self.listener {
            Listener::Tcp(_, addr) if addr.ip().is_unspecified() && addr.is_ipv4() => {
                format!("{scheme}://127.0.0.1:{}", addr.port())
            }
            Listener::Tcp(_, addr) if addr.ip().is_unspecified() => {
                format!("{scheme}://[::1]:{}", addr.port())
            }
            Listener::Tcp(_, addr) => format!("{scheme}://{addr}"),
            Listener::Unix(socket, _) => format!("unix:{}", socket.path().display()),
        }
    }

    /// What holds for calls that say nothing themselves, method by method, and who says it: a table to print.
    pub fn policies(&self) -> Policies {
        self.stack.routes.policies()
    }

    /// What became of the file of policies, where there is one (`Server::policy_file`).
    pub fn policy_state(&self) -> Option<PolicyState> {
        self.stack.routes.overrides().map(Overrides::state)
    }

    /// The handle of what it says of its health ([`crate::Server::health`]).
    pub fn health(&self) -> Health {
        self.stack.health.clone()
    }

    /// The address, where it listens on TCP.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.listener {
            Listener::Tcp(_, addr) => Some(*addr),
            Listener::Unix(..) => None,
        }
    }

    /// Serves until the process is told to end, by SIGTERM or by SIGINT (Ctrl-C), and then ends as [`Bound::until`]
    /// does. A second signal ends it at once.
    ///
    /// Once served, a process does not end by these signals any more, as tokio leaves their handlers in place: `main`
    /// should come to its end. To do without them, use [`Bound::until`].
    ///
    /// # Errors
    /// When the signals cannot be listened to. An accept that fails is told to the server's metrics, and tried again.
    ///
    /// # Cancel safety
    /// Dropping the future cuts off all connections at once.
    pub async fn serve(self) -> io::Result<()> {
        let (mut first, mut second) = (Signals::listen()?, Signals::listen()?);
        let second = async {
            second.next().await;
            second.next().await;
        };
        self.run(first.next(), second).await;
        Ok(())
    }

    /// Serves until `shutdown` resolves. Then it drains: it serves on for the drain delay, if one is set; it closes its
    /// listener and tells its clients, spread over a second at most, to send nothing more on their connections; calls
    /// in flight may end within the drain timeout (30 s unless set), and what is left is cut off.
    ///
    /// No call of a client that follows the protocol is lost with it: what was sent too late is told from what has
    /// begun, and may be sent elsewhere.
    ///
    /// # Errors
    /// None: an accept that fails is told to the server's metrics, and tried again.
    ///
    /// # Cancel safety
    /// Dropping the future cuts off all connections at once.
    pub async fn until(self, shutdown: impl Future) -> io::Result<()> {
        self.run(shutdown, std::future::pending::<()>()).await;
        Ok(())
    }

    async fn run(self, shutdown: impl Future, now: impl Future) {
        let mut now = pin!(now);
        let serving = self.serve_and_drain(shutdown);
        tokio::select! {
            biased;
            _ = &mut now => {}
            () = serving => {}
        }
    }

    async fn serve_and_drain(self, shutdown: impl Future) {
        let leaving = leaving(
            shutdown,
            self.stack.health.clone(),
            self.stack
                .registries
                .register(&self.url(), &self.stack.health),
            self.settings.drain_delay,
        );
        let mut shutdown = pin!(leaving);
        let mut open = Connections::new(self.stack, self.settings);
        loop {
            let mut pause = false;
            tokio::select! {
                // In this order: a shutdown is never put off by what else is ready.
                biased;
                _ = &mut shutdown => break,
                () = open.reap() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((io, peer)) => open.add(io, peer),
                    Err(error) => {
                        open.not_accepted(&error);
                        pause = !is_of_the_connection(&error);
                    }
                },
            }
            if pause && paused(shutdown.as_mut()).await.is_break() {
                break;
            }
        }
        drop(self.listener);
        open.drain().await;
    }
}

/// Does what the address says agree with what the server is set to?
fn check_scheme(addr: &str, is_tls: bool) -> io::Result<()> {
    let why = match addr.split_once(':') {
        Some(("unix", _)) if is_tls => {
            "a Unix socket has no TLS, its file says who may connect: leave Server::tls out, or listen at TCP"
        }
        Some(("http", rest)) if is_tls && rest.starts_with("//") => {
            "the server is set to TLS (Server::tls): write https:// or the address alone"
        }
        Some(("https", rest)) if !is_tls && rest.starts_with("//") => {
            if cfg!(feature = "tls") {
                "there is no certificate: set one by Server::tls"
            } else {
                "TLS is not built in: turn on the feature \"tls\" of the crate sinew"
            }
        }
        _ => return Ok(()),
    };
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("cannot listen at {addr}: {why}"),
    ))
}

/// Serves connections that come from elsewhere, until there are no more and all are over, or until `shutdown`.
pub(super) async fn serve_incoming<S, IO, E>(
    (stack, settings): (Arc<Stack>, Settings),
    incoming: S,
    shutdown: impl Future,
) where
    S: futures_core::Stream<Item = Result<IO, E>> + Send,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    E: fmt::Display,
{
    let mut shutdown = pin!(leaving(
        shutdown,
        stack.health.clone(),
        Entries::default(),
        settings.drain_delay
    ));
    let mut open = Connections::new(stack, settings);
    {
        // It ends with this block: a listener behind it is closed while calls in flight end.
        let mut incoming = pin!(incoming);
        let mut over = false;
        let mut errors = 0;
        while !(over && open.tasks.is_empty()) {
            tokio::select! {
                biased;
                _ = &mut shutdown => break,
                () = open.reap() => {}
                next = poll_fn(|cx| incoming.as_mut().poll_next(cx)), if !over => match next {
                    Some(Ok(io)) => {
                        errors = 0;
                        open.add(io, Peer::default());
                    }
                    Some(Err(error)) => {
                        errors += 1;
                        open.not_accepted(&error);
                    }
                    None => over = true,
                },
            }
            if errors > ERRORS_IN_A_ROW {
                errors = ERRORS_IN_A_ROW;
                if paused(shutdown.as_mut()).await.is_break() {
                    break;
                }
            }
        }
    }
    open.drain().await;
}

/// From the word to end to the end of accepting: for the drain delay only health says that the server leaves.
/// First it is taken out where it was found.
async fn leaving(shutdown: impl Future, health: Health, entries: Entries, delay: Duration) {
    shutdown.await;
    health.shutdown();
    entries.leave().await;
    tokio::time::sleep(delay).await;
}

/// Waits before the next accept; breaks off when the server shuts down meanwhile.
async fn paused(shutdown: Pin<&mut impl Future>) -> ControlFlow<()> {
    tokio::select! {
        biased;
        _ = shutdown => ControlFlow::Break(()),
        () = tokio::time::sleep(ACCEPT_PAUSE) => ControlFlow::Continue(()),
    }
}

/// The connections of a server, each a task.
struct Connections {
    stack: Arc<Stack>,
    settings: Settings,
    tasks: JoinSet<()>,
    drain: watch::Sender<Option<Drain>>,
}

impl Connections {
    fn new(stack: Arc<Stack>, settings: Settings) -> Self {
        #[cfg(feature = "tls")]
        if let Some(tls) = &stack.tls {
            tls.follow();
        }
        Self {
            stack,
            settings,
            tasks: JoinSet::new(),
            drain: watch::Sender::new(None),
        }
    }

    fn add<IO>(&mut self, io: IO, peer: Peer)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if self.is_full() {
            let max = self.settings.max_connections;
            self.refused("full", &format_args!("{max} connections are open"));
            return;
        }
        let stack = Arc::clone(&self.stack);
        let drain = self.drain.subscribe();
        let serving = accept::serve(io, peer, stack, self.settings, drain);
        self.start(Box::pin(serving));
    }

    /// Of one type, whatever the connection is: programs do not compile it anew.
    fn start(&mut self, serving: Task) {
        self.tasks.spawn(serving);
    }

    fn is_full(&mut self) -> bool {
        let max = self.settings.max_connections;
        if self.tasks.len() >= max {
            // Some may be over.
            while self.tasks.try_join_next().is_some() {}
        }
        self.tasks.len() >= max
    }

    fn not_accepted(&self, error: &dyn fmt::Display) {
        self.refused("accept", error);
    }

    fn refused(&self, reason: &'static str, detail: &dyn fmt::Display) {
        self.stack.observer.refused_connection(reason, detail);
    }

    /// Forgets connections that are over; pending while none is.
    async fn reap(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    async fn drain(mut self) {
        // First: who watches is to send his calls elsewhere, and not to be waited for.
        self.stack.health.drain();
        observe::drain_began(self.tasks.len());
        self.drain.send_replace(Some(Drain::of(self.tasks.len())));
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // Past it, dropping the set cuts off what is left.
        let _ = tokio::time::timeout(self.settings.drain_timeout, all).await;
        observe::drain_ended(self.tasks.len());
    }
}

impl Listener {
    async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener, _) => {
                let (tcp, addr) = listener.accept().await?;
                // Frames leave when they are written, not when the last ones were acknowledged.
                // A socket that refuses it is about to fail anyway.
                let _ = tcp.set_nodelay(true);
                Ok((tcp.into(), Peer::tcp(addr)))
            }
            Self::Unix(_, listener) => {
                let (unix, addr) = listener.accept().await?;
                let path = addr.as_pathname().map(Into::into);
                Ok((unix.into(), Peer::unix(path)))
            }
        }
    }
}

/// Errors that are about one connection, which is gone: the next accept may work at once.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("url", &self.url())
            .field("services", &self.stack.routes)
            .finish_non_exhaustive()
    }
}
