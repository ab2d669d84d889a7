//! One connection of a scripted peer: frames out, events in, and the ways to end it.
//! It refuses to do anything while the script does not wait for it: a script elsewhere is a peer that hangs.

use std::any::Any;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::event::{Closed, Event};
use super::state::State;
use crate::testing::failed::Failed;
use crate::testing::frame::{ErrorCode, Frame, PREFACE, Setting};
use crate::transport::stream::Stream;

/// What a script waits for at most, unless told otherwise: far longer than a busy machine needs.
pub(super) const WITHIN: Duration = Duration::from_secs(10);

/// The largest window that there is (RFC 9113, section 6.9.1).
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// What the windows of a connection and its streams are until they are changed.
const DEFAULT_WINDOW: u32 = 65_535;

/// One connection of a scripted peer, over anything that can be read and written.
///
/// Whatever it waits for comes within 10 s, unless [`Conn::within`] says otherwise, or it fails, naming what it waited
/// for. It reads and writes only while one of its functions is awaited.
#[derive(Debug)]
pub struct Conn {
    pub(super) io: Stream,
    pub(super) state: State,
    is_client: bool,
    /// Of streams that we open.
    pub(super) next_stream: u32,
    pub(super) within: Duration,
    pub(super) reads: bool,
}

/// A connection that is open and does nothing: the peer's bytes are neither read nor answered. Dropping it closes it.
#[derive(Debug)]
pub struct HalfOpen(#[expect(dead_code, reason = "it is only kept open")] Stream);

/// How a peer closed a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// How the bytes ended.
    pub how: Closed,
    /// The code of its last GOAWAY, if it sent one and a reset of TCP did not overtake it.
    pub code: Option<ErrorCode>,
    /// What it said in it.
    pub debug: String,
}

impl Conn {
    /// The server's end of a connection whose other end is a client under test. Nothing is said yet.
    pub fn server(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self::new(io, false)
    }

    /// The client's end of a connection whose other end is a server under test. Nothing is said yet.
    pub fn client(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self::new(io, true)
    }

    fn new(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, is_client: bool) -> Self {
        Self {
            io: erased(io),
            state: State::new(!is_client),
            is_client,
            next_stream: if is_client { 1 } else { 2 },
            within: WITHIN,
            reads: true,
        }
    }

    /// What it waits for from now on comes within `within`, or it fails.
    pub fn within(&mut self, within: Duration) -> &mut Self {
        self.within = within;
        self
    }

    /// Whether SETTINGS and PING are answered as they are read; they are, unless told otherwise.
    pub fn answers(&mut self, answers: bool) -> &mut Self {
        self.state.answers = answers;
        self
    }

    /// Whether what comes is read while something is sent; it is, unless told otherwise. A peer whose answers nobody
    /// reads fills the socket, and then waits for it.
    pub fn reads(&mut self, reads: bool) -> &mut Self {
        self.reads = reads;
        self
    }

    /// The last frames of both sides, one a line; a flood is one line.
    pub fn log(&self) -> String {
        self.state.log.to_string()
    }

    /// Begins HTTP/2 as any peer does, with the largest windows that there are, so that what comes is never held up.
    ///
    /// # Errors
    /// When the other side does not begin it in time.
    pub async fn handshake(&mut self) -> Result<(), Failed> {
        self.handshake_with(&[(Setting::InitialWindowSize, MAX_WINDOW)])
            .await?;
        let more = MAX_WINDOW - DEFAULT_WINDOW;
        self.send(Frame::window_update(0, more)).await
    }

    /// Begins HTTP/2 with these settings.
    ///
    /// # Errors
    /// When the other side does not begin it in time.
    pub async fn handshake_with(&mut self, settings: &[(Setting, u32)]) -> Result<(), Failed> {
        if self.is_client {
            self.raw(PREFACE).await?;
            self.send(Frame::settings(settings)).await?;
        }
        self.wait_for("the peer's settings", |event| {
            matches!(event, Event::Settings(_))
        })
        .await?;
        if !self.is_client {
            self.send(Frame::settings(settings)).await?;
        }
        Ok(())
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    ///
    /// # Cancel safety
    /// What was not written goes out before what is sent next.
    pub async fn send(&mut self, frame: Frame) -> Result<(), Failed> {
        self.send_all([frame]).await
    }

    /// Sends frames in one write.
    ///
    /// # Errors
    /// When they cannot be written in time, or at all.
    ///
    /// # Cancel safety
    /// What was not written goes out before what is sent next.
    pub async fn send_all(
        &mut self,
        frames: impl IntoIterator<Item = Frame>,
    ) -> Result<(), Failed> {
        for frame in frames {
            self.state.queue(&frame);
        }
        self.written().await
    }

    /// Sends bytes as they are: half a frame, or none.
    ///
    /// # Errors
    /// When they cannot be written in time, or at all.
    ///
    /// # Cancel safety
    /// What was not written goes out before what is sent next.
    pub async fn raw(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failed> {
        let bytes = bytes.as_ref();
        self.state
            .log
            .note(format!("{} bytes as they are", bytes.len()));
        self.state.out.extend_from_slice(bytes);
        self.written().await
    }

    /// Sends a PING and waits until it comes back: what was sent before has been read by then.
    ///
    /// # Errors
    /// When it does not come back in time.
    pub async fn ping(&mut self) -> Result<(), Failed> {
        let payload = fastrand::u64(..).to_be_bytes();
        self.send(Frame::ping(payload)).await?;
        let back = Event::PingAck(payload);
        self.wait_for("the answer to a PING", |event| *event == back)
            .await?;
        Ok(())
    }

    /// Sends GOAWAY: streams above `last` were not processed.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn go_away(&mut self, last: u32, code: ErrorCode) -> Result<(), Failed> {
        self.send(Frame::go_away(last, code, "")).await
    }

    /// Ends a stream by RST_STREAM.
    ///
    /// # Errors
    /// When it cannot be written in time, or at all.
    pub async fn reset(&mut self, stream: u32, code: ErrorCode) -> Result<(), Failed> {
        self.send(Frame::reset(stream, code)).await
    }

    /// What the peer did next: the oldest of what nobody has asked for yet.
    ///
    /// # Errors
    /// When nothing comes in time, or what comes is not HTTP/2.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn next(&mut self) -> Result<Event, Failed> {
        self.drive("a frame", |state| {
            let event = state.next_event();
            event.or(state.closed.map(Event::Closed))
        })
        .await
    }

    /// Waits for an event that `wanted` says, and leaves all others for later; `what` names it in an error.
    ///
    /// # Errors
    /// When it does not come in time, or what comes is not HTTP/2, or the connection ends without it.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn wait_for(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Result<Event, Failed> {
        let found = self.drive(what, |state| {
            let event = state.take_event(&mut wanted);
            event.map(Ok).or(state.closed.map(Err))
        });
        match found.await? {
            Ok(event) => Ok(event),
            Err(closed) => Err(self.failed(format!("{what} did not come: {}", closed.said()))),
        }
    }

    /// Waits until the peer has closed the connection, whatever it sends before; that is still there to be asked for.
    ///
    /// # Errors
    /// When it is not closed in time.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn closed(&mut self) -> Result<Closing, Failed> {
        let how = self
            .drive("the end of the connection", |state| state.closed)
            .await?;
        let went_away = self.state.went_away.as_ref();
        Ok(Closing {
            how,
            code: went_away.map(|(_, code, _)| *code),
            debug: went_away.map_or_else(String::new, |(.., debug)| {
                String::from_utf8_lossy(debug).into_owned()
            }),
        })
    }

    /// Closes our half of the connection: the peer reads an end, and may go on to send.
    ///
    /// # Errors
    /// When what was sent before cannot be written in time, or at all.
    pub async fn eof(&mut self) -> Result<(), Failed> {
        self.written().await?;
        self.state.log.note("our half is closed");
        self.state.unwritable = true;
        let ended = poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx)).await;
        ended.map_err(|error| self.failed(format!("closing our half failed: {error}")))
    }

    /// Stops to read and to answer, and keeps the connection open until what is returned is dropped: as a peer whose
    /// machine has lost its power, as long as nothing fills the sockets between.
    pub fn half_open(self) -> HalfOpen {
        HalfOpen(self.io)
    }

    /// Cuts the connection off by a reset of TCP: what the peer has not read yet is lost. Elsewhere than on TCP it is
    /// closed.
    pub fn abort(self) {
        if let Some(tcp) = self.io.as_tcp() {
            // Only a socket that is gone already refuses.
            let _ = tcp.set_zero_linger();
        }
    }

    async fn written(&mut self) -> Result<(), Failed> {
        let written = self.drive("room to send", |state| match state.out.len() {
            0 => Some(true),
            _ => state.unwritable.then_some(false),
        });
        if written.await? {
            return Ok(());
        }
        let why = self
            .state
            .closed
            .map_or("our half is closed".to_owned(), Closed::said);
        Err(self.failed(format!("nothing can be sent: {why}")))
    }

    pub(super) fn failed(&self, what: impl Into<String>) -> Failed {
        Failed::new(what, self.log())
    }
}

/// A socket of TCP stays one, for it can be reset.
fn erased<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static>(io: IO) -> Stream {
    let mut io = Some(io);
    let any: &mut dyn Any = &mut io;
    if let Some(stream) = any.downcast_mut::<Option<Stream>>().and_then(Option::take) {
        return stream;
    }
    if let Some(tcp) = any
        .downcast_mut::<Option<TcpStream>>()
        .and_then(Option::take)
    {
        return tcp.into();
    }
    match io {
        Some(io) => Stream::custom(io),
        // Only the two above take it.
        None => Stream::custom(tokio::io::empty()),
    }
}

impl Closed {
    pub(super) fn said(self) -> String {
        match self {
            Self::Eof => "the peer closed its half".to_owned(),
            Self::Broken(why) => format!("the connection broke: {why}"),
        }
    }
}
