//! One HTTP/2 connection of a client: its driver, the streams that the peer allows, and the calls on it.
//! It refuses to queue without bound: at most `ClientSettings::max_waiting` calls wait for a stream.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot, watch};
use tokio::time::{Instant, Sleep, sleep};

use super::head::{self, ClientSettings};
use super::keepalive::{Look, Watch};
use super::window::{STREAM_WINDOW, connection_window};
use super::{failure, pump, reply};
use crate::call::pipe::PipeReader;
use crate::call::unexecuted::Unexecuted;
use crate::call::{Payload, RawCall, RawReply, Shape, Status, wire};
use crate::transport::NoSlot;
use crate::transport::conduct::Conduct;
use crate::transport::deferred::{Deferred, FlushOnce, deferred};
use crate::transport::heard::Heard;
use crate::transport::waiting::Waiting;

/// Streams that we open at once when the peer sets no limit.
const MAX_STREAMS: usize = 1 << 16;
const MOST_STREAMS: u32 = MAX_STREAMS as u32;

/// Streams whose replies may be unread without one starving another. How many the peer allows is not known yet when
/// the window is set: far more than the 100 to 1,000 that servers do.
const UNREAD_STREAMS: u32 = 4096;

/// How long a connection that nobody uses any more may take to say goodbye: a peer that takes nothing would keep it,
/// and what was to be sent, for ever.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of one write to a stream: the largest window (RFC 9113, section 6.9.1), where h2 refuses more.
const MAX_WRITE_BYTES: usize = (1 << 31) - 1;

/// An open connection. Clones are the same connection; the last one closes it when its calls are over.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Inner>);

struct Inner {
    /// Cloned for each call: a `SendRequest` remembers a stream that h2 has queued, and refuses the next one until it
    /// is open; and h2 may queue one though we have counted a free stream, for it counts a dropped call until its reset
    /// is sent.
    sender: SendRequest<Bytes>,
    streams: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Streams that the peer allows; the driver keeps it.
    granted: AtomicUsize,
    settings: ClientSettings,
    /// Among those of its endpoint.
    number: u32,
    ending: watch::Receiver<bool>,
    /// One of [`UNKNOWN`], [`FOREIGN`] and [`OURS`].
    server: AtomicU8,
    /// Dropped with it, and so the driver learns that nobody holds it any more.
    _holds: oneshot::Sender<Infallible>,
}

/// The server has not replied yet.
const UNKNOWN: u8 = 0;
/// It has replied, and not said that it is ours.
const FOREIGN: u8 = 1;
/// It has said that it is ours, and likes to be pinged.
const OURS: u8 = 2;

impl Inner {
    fn is_ours(&self) -> bool {
        self.server.load(Ordering::Relaxed) == OURS
    }

    /// May the server know what a question for its load is? One of ours that is mounted in another says so only by its
    /// reports.
    fn may_ask(&self) -> bool {
        self.settings.asks_load
            && (self.server.load(Ordering::Relaxed) != FOREIGN || self.settings.reported.is_ours())
    }
}

/// Opens HTTP/2 on `io`: the connection, and the future that drives it until it and its calls are over.
///
/// Waits for the peer's settings, as gRPC's own clients do: they show that it speaks HTTP/2, and until they are
/// here nobody knows how many calls it allows.
///
/// # Errors
/// Why HTTP/2 did not begin; nothing when the peer just hung up.
pub(crate) async fn handshake<IO>(
    io: IO,
    settings: ClientSettings,
) -> Result<(Connection, impl Future<Output = ()> + Send + 'static), Option<h2::Error>>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (io, flusher) = deferred(io, Bytes::new());
    let heard = Heard::default();
    let io = io.telling(heard.clone());
    let io = io.watching(Conduct::of_server(MOST_STREAMS, Instant::now()));
    let (sender, mut connection) = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(connection_window(UNREAD_STREAMS))
        .max_header_list_size(wire::TAKEN_HEADER_BYTES)
        .enable_push(false)
        .initial_max_send_streams(0)
        .handshake::<_, Bytes>(io)
        .await?;
    let (ending, ended) = watch::channel(false);
    let (holds, held) = oneshot::channel();
    let inner = Arc::new(Inner {
        sender,
        streams: Arc::new(Semaphore::new(0)),
        waiting: AtomicUsize::new(0),
        granted: AtomicUsize::new(0),
        number: settings.reported.next_connection(),
        settings,
        ending: ended,
        server: AtomicU8::new(UNKNOWN),
        _holds: holds,
    });
    let keep_alive = inner.settings.keep_alive;
    let ping_pong = connection.ping_pong();
    let driver = Driver {
        keep_alive: ping_pong.and_then(|ping_pong| Watch::new(keep_alive, ping_pong, heard)),
        connection,
        streams: Arc::clone(&inner.streams),
        inner: Arc::downgrade(&inner),
        ending,
        held,
        closing: None,
    };
    let mut driver = Box::pin(FlushOnce::new(driver, flusher));
    poll_fn(|cx| match driver.as_mut().poll(cx) {
        Poll::Ready(ended) => Poll::Ready(Err(ended.err())),
        Poll::Pending if inner.granted.load(Ordering::Relaxed) > 0 => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    })
    .await?;
    // What breaks it later is told to its calls.
    Ok((Connection(inner), async move { drop(driver.await) }))
}

impl Connection {
    /// Resolves when the connection takes no more calls.
    pub(crate) fn ending(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ending = self.0.ending.clone();
        async move {
            // The sender's end is dropped with the driver, which is an end too.
            let _ = ending.wait_for(|ending| *ending).await;
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.0.streams.is_closed()
    }

    pub(crate) fn try_reserve(&self) -> Result<Slot, NoSlot> {
        match Arc::clone(&self.0.streams).try_acquire_owned() {
            Ok(permit) => Ok(self.slot(permit)),
            Err(TryAcquireError::NoPermits) => Err(NoSlot::Busy),
            Err(TryAcquireError::Closed) => Err(NoSlot::Closing),
        }
    }

    pub(crate) async fn reserve(&self) -> Result<Slot, NoSlot> {
        let Some(_waiting) = Waiting::enter(&self.0.waiting, self.0.settings.max_waiting) else {
            return Err(NoSlot::Full);
        };
        match Arc::clone(&self.0.streams).acquire_owned().await {
            Ok(permit) => Ok(self.slot(permit)),
            Err(_closed) => Err(NoSlot::Closing),
        }
    }

    /// Learns from the reply to the first call whether the server is ours. Others may come before it.
    fn heard_from(&self, headers: &HeaderMap) {
        let server = &self.0.server;
        let known = server.load(Ordering::Relaxed);
        if known == OURS {
            return;
        }
        if headers.contains_key(&wire::PINGS) {
            server.store(OURS, Ordering::Relaxed);
        } else if known == UNKNOWN {
            // Another may have learned better in the meantime.
            let (order, lost) = (Ordering::Relaxed, Ordering::Relaxed);
            let _ = server.compare_exchange(UNKNOWN, FOREIGN, order, lost);
        }
    }

    fn slot(&self, permit: OwnedSemaphorePermit) -> Slot {
        Slot {
            connection: self.clone(),
            _permit: permit,
        }
    }
}

/// A stream that the peer allows us to open.
pub(crate) struct Slot {
    connection: Connection,
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    /// Sends the call and, if it is unary, waits for its reply. Dropping the future resets the stream.
    pub(crate) async fn send(self, call: &mut RawCall) -> Result<RawReply, Status> {
        match self.start(call)? {
            Sent::Unary(reply) => reply.await,
            Sent::Stream(reply) => Ok(reply),
        }
    }

    /// Takes note of the head of the reply.
    pub(super) fn replied(&self, headers: &HeaderMap) {
        self.connection.heard_from(headers);
    }

    /// Takes the server's load from the end of the reply, and tells whether it was there.
    pub(super) fn ended(&self, trailers: &HeaderMap) -> bool {
        let report = wire::report_from_trailers(trailers);
        if let Some(report) = report {
            let connection = &self.connection.0;
            let reported = &connection.settings.reported;
            reported.store_over(connection.number, report, Instant::now());
        }
        report.is_some()
    }

    pub(super) fn settings(&self) -> &ClientSettings {
        &self.connection.0.settings
    }

    /// See [`Inner::sender`].
    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.connection.0.sender.clone()
    }

    /// What of sending does not wait: kept out of the future, which is the smaller for it.
    fn start(self, call: &mut RawCall) -> Result<Sent, Status> {
        let connection = &self.connection.0;
        let compression = call.compression();
        let (request, peers_deadline) =
            head::request(&connection.settings, call, connection.may_ask())
                .map_err(failure::unsendable)?;
        check(&call.payload).map_err(failure::unsendable)?;
        let mut sender = self.sender();
        let (response, mut stream) = sender.send_request(request, false).map_err(|error| {
            let status = failure::unsent(error);
            if status.unexecuted() == Some(Unexecuted::Unsent) {
                // The driver is about to say so. Until then nobody is to come here again.
                connection.streams.close();
            }
            status
        })?;
        match Requests::new(std::mem::take(&mut call.payload))? {
            Requests::One(framed) => {
                let framed = match compression {
                    None => framed,
                    Some(compression) => compression.pack(framed),
                };
                // Fails only when the peer has answered or reset the call before it has seen the message, or the
                // connection broke: which of them comes with the reply, and the receiving half keeps the stream open.
                let _ = stream.send_data(framed, true);
                if call.method.shape() == Shape::Unary {
                    let limit = call.limit;
                    let reply = reply::Unary::new(response, limit, peers_deadline, self);
                    return Ok(Sent::Unary(reply));
                }
            }
            Requests::Many(pipe) => {
                let (back, returned) = oneshot::channel();
                tokio::spawn(pump::pump(pipe, stream, sender, call.deadline, back));
                let reply = reply::stream(response, peers_deadline, self, Some(returned));
                return Ok(Sent::Stream(reply));
            }
        }
        let reply = reply::stream(response, peers_deadline, self, None);
        Ok(Sent::Stream(reply))
    }
}

/// Refuses what cannot be sent before the head goes out.
fn check(payload: &Payload) -> Result<(), Status> {
    match payload {
        Payload::Whole(framed) if framed.len() > MAX_WRITE_BYTES => {
            Err(Status::resource_exhausted(format!(
                "a message of {} bytes is over the {MAX_WRITE_BYTES} that HTTP/2 takes at once",
                framed.len()
            )))
        }
        Payload::Stream(body) if body.as_pipe().is_none() => Err(no_pipe()),
        _ => Ok(()),
    }
}

fn no_pipe() -> Status {
    Status::broken("a request's stream can only be sent where it was made")
}

/// What a call sends.
enum Requests {
    One(Bytes),
    Many(PipeReader),
}

impl Requests {
    fn new(payload: Payload) -> Result<Self, Status> {
        match payload {
            Payload::Whole(framed) => Ok(Self::One(framed)),
            Payload::Stream(body) => body.into_pipe().map(Self::Many).ok_or_else(no_pipe),
        }
    }
}

/// A call that was handed to the connection.
enum Sent {
    Unary(reply::Unary),
    Stream(RawReply),
}

/// Polls the connection, and after each poll asks what has become of it: how many streams the peer allows now,
/// and whether it still takes new ones (GOAWAY, an error, no stream ids left).
struct Driver<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    connection: h2::client::Connection<Deferred<IO>, Bytes>,
    keep_alive: Option<Watch>,
    streams: Arc<Semaphore>,
    inner: Weak<Inner>,
    ending: watch::Sender<bool>,
    /// Its other half is in `inner`.
    held: oneshot::Receiver<Infallible>,
    /// Until when it has to be over, once nobody holds it.
    closing: Option<Pin<Box<Sleep>>>,
}

impl<IO> Future for Driver<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    type Output = Result<(), h2::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(ended) = Pin::new(&mut self.connection).poll(cx) {
            self.end();
            return Poll::Ready(ended);
        }
        let takes_no_more = self.inner.upgrade().is_some_and(|inner| {
            self.regrant(&inner);
            matches!(inner.sender.clone().poll_ready(cx), Poll::Ready(Err(_)))
        });
        if takes_no_more {
            self.end();
        }
        if self.poll_closing(cx).is_ready() || self.is_given_up(cx) {
            // Dropped with its driver, the connection breaks for all of its calls.
            self.end();
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}

impl<IO> Driver<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    fn end(&mut self) {
        self.streams.close();
        self.ending.send_replace(true);
    }

    /// Ready when nobody has held the connection for a while. It has no calls then, and will have none.
    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.closing.is_none() {
            // Nothing is ever sent: its other half is dropped. The library wakes nobody then while its writes wait.
            ready!(Pin::new(&mut self.held).poll(cx)).ok();
        }
        let closing = self
            .closing
            .get_or_insert_with(|| Box::pin(sleep(CLOSE_TIMEOUT)));
        closing.as_mut().poll(cx)
    }

    fn is_given_up(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(keep_alive) = &mut self.keep_alive else {
            return false;
        };
        let inner = self.inner.upgrade();
        let known = |heard| Look {
            heard,
            // Calls hold what is inside, and what is not held by anyone is only waiting for its end.
            busy: inner.as_ref().is_none_or(|inner| {
                inner.streams.available_permits() < inner.granted.load(Ordering::Relaxed)
            }),
            ours: inner.as_ref().is_none_or(|inner| inner.is_ours()),
        };
        keep_alive.poll(cx, known).is_ready()
    }

    fn regrant(&self, inner: &Inner) {
        let allowed = self
            .connection
            .max_concurrent_send_streams()
            .min(MAX_STREAMS);
        let granted = inner.granted.load(Ordering::Relaxed);
        if allowed == granted {
            return;
        }
        let now = if allowed > granted {
            self.streams.add_permits(allowed - granted);
            allowed
        } else {
            // Those in use are taken back at a later poll: each end of a call brings one.
            granted - self.streams.forget_permits(granted - allowed)
        };
        inner.granted.store(now, Ordering::Relaxed);
    }
}

impl<IO> Drop for Driver<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    fn drop(&mut self) {
        self.streams.close();
    }
}

#[cfg(test)]
impl Connection {
    /// No call is in flight, and none waits.
    pub(crate) fn is_idle(&self) -> bool {
        let driver_granted = self.0.granted.load(Ordering::Relaxed);
        self.0.streams.available_permits() == driver_granted && self.waiting() == 0
    }

    /// Calls that wait for a free stream.
    pub(crate) fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }
}
