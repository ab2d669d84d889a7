//! One accepted connection: from its first bytes to its last call.
//! It refuses to know where it came from and what is called.

use std::error::Error as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::activity::Activity;
use super::drain::Drain;
use super::ending::told_to_end;
use super::inline::{InlineBudget, InlineFirst};
use super::load::Pace;
use super::settings::Settings;
use super::sniff::{Refusal, sniff};
use super::{Stack, http, ingress};
use crate::call::body::Body;
use crate::call::{Peer, wire};
use crate::observe::{OpenConnection, Side};
use crate::transport::conduct::{Conduct, Unruly};
use crate::transport::deferred::{FlushOnce, deferred};
use crate::transport::http2::{STREAM_WINDOW, server_window};

/// How long a peer may take to say that it speaks HTTP/2, the handshake of TLS included.
pub(super) const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a peer may take to answer a ping.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of replies that the library takes of one stream ahead of its window: as many as a sender of ours makes ahead.
/// With its 400 KiB a stream that nobody reads held 775 KB, and with this 371 KB; streams that are read cost the same
/// CPU and were as fast.
const SEND_BUFFER: usize = 64 * 1024;

/// Calls that may be reset before they were looked at, until the connection is taken for an attack (CVE-2023-44487) and
/// closed with all of its calls. An overloaded server whose callers give up sees many at once: as many as may be in
/// flight.
fn pending_resets(max_streams: u32) -> usize {
    const AT_LEAST: usize = 1024;
    usize::try_from(max_streams)
        .unwrap_or(usize::MAX)
        .max(AT_LEAST)
}

/// Serves one connection until it ends, or until its calls have ended after it was told to: see `ending.rs`.
pub(crate) async fn serve<IO>(
    io: IO,
    peer: Peer,
    stack: Arc<Stack>,
    settings: Settings,
    drain: watch::Receiver<Option<Drain>>,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let accepted = Instant::now();
    #[cfg(feature = "tls")]
    if stack.tls.is_some() {
        // Apart: a connection without TLS is no larger for it.
        return Box::pin(secured(io, peer, stack, settings, drain, accepted)).await;
    }
    begin(io, peer, stack, settings, drain, accepted).await;
}

/// The handshake of TLS comes first.
#[cfg(feature = "tls")]
async fn secured<IO>(
    io: IO,
    peer: Peer,
    stack: Arc<Stack>,
    settings: Settings,
    mut drain: watch::Receiver<Option<Drain>>,
    accepted: Instant,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(tls) = &stack.tls else { return };
    let secured = tokio::select! {
        secured = tls.secure(io, peer, accepted + PREFACE_TIMEOUT) => secured,
        // It has not asked for anything yet.
        _ = drain.wait_for(Option::is_some) => return,
    };
    match secured {
        Ok((io, peer)) => begin(io, peer, stack, settings, drain, accepted).await,
        Err(refusal) => refused(&stack, &refusal),
    }
}

fn refused(stack: &Stack, refusal: &Refusal) {
    let label = refusal.label();
    stack.observer.refused_connection(label, refusal);
}

/// Serves a connection that has to say in time that it speaks HTTP/2.
async fn begin<IO>(
    io: IO,
    peer: Peer,
    stack: Arc<Stack>,
    settings: Settings,
    mut drain: watch::Receiver<Option<Drain>>,
    accepted: Instant,
) where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let sniffed = tokio::select! {
        sniffed = sniff(io, accepted + PREFACE_TIMEOUT) => sniffed,
        // It has not asked for anything yet.
        _ = drain.wait_for(Option::is_some) => return,
    };
    let (io, read) = match sniffed {
        Ok(http2) => http2,
        Err(refusal) => return refused(&stack, &refusal),
    };
    let mut open = stack.observer.opened(Side::Server);
    let (io, flusher) = deferred(io, read);
    let io = io.watching(Conduct::of_client(settings.max_streams, Instant::now()));
    let inline = Arc::new(InlineBudget::new(Arc::clone(&stack.routes)));
    let budget = Arc::clone(&inline);
    let activity = Arc::new(Activity::default());
    let began = Arc::clone(&activity);
    let is_first = AtomicBool::new(true);
    let pace = Arc::new(Pace::default());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (head, body) = request.into_parts();
        let due = stack.load.due(&head.headers, Some(&pace));
        let call = ingress::read(&stack, head, Body::hyper(body), peer.clone());
        began.begin();
        budget.next(call.as_ref().ok().and_then(|call| call.route));
        let is_first = is_first.load(Ordering::Relaxed) && is_first.swap(false, Ordering::Relaxed);
        http::respond(Arc::clone(&stack), call, is_first, due)
    });
    let connection = http2::Builder::new(InlineFirst::new(&inline, &activity))
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(server_window(settings.max_streams))
        .max_concurrent_streams(settings.max_streams)
        .max_pending_accept_reset_streams(Some(pending_resets(settings.max_streams)))
        .max_header_list_size(wire::TAKEN_HEADER_BYTES)
        .max_send_buf_size(SEND_BUFFER)
        .auto_date_header(false)
        .keep_alive_interval(settings.keep_alive)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(FlushOnce::with_hook(connection, flusher, move || inline.reset()));
    let mut ending = pin!(told_to_end(drain, settings, accepted, activity));
    tokio::select! {
        biased;
        reason = &mut ending => open.told_to_end(reason),
        // A connection that broke has no one to tell: its calls have been told.
        ended = &mut connection => return tell(&open, connection.unruly(), &ended),
    }
    connection.as_mut().connection().graceful_shutdown();
    // A server that ends cuts it off at the same time.
    let lingering = timeout(settings.drain_timeout, connection.as_mut().linger());
    if let Ok(ended) = lingering.await {
        open.ended();
        tell(&open, connection.unruly(), &ended);
    }
}

/// Tells if a connection was closed for what its peer did: as found by us, or by the library, which says the same of
/// all that it has had too much of.
fn tell(open: &OpenConnection, unruly: Option<Unruly>, ended: &hyper::Result<()>) {
    let fault = unruly.or_else(|| {
        let error = ended
            .as_ref()
            .err()?
            .source()?
            .downcast_ref::<h2::Error>()?;
        let is_too_much = error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM);
        (error.is_go_away() && error.is_library() && is_too_much).then_some(Unruly::Flood)
    });
    if let Some(fault) = fault {
        open.broken_off(fault.label(), &fault);
    }
}
