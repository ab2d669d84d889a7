//! Whole ends of a connection, in memory and by a paused clock: whatever bytes come, each ends in time.
//! It refuses to look into what an end does meanwhile: that is what the tests of `sinew` do.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use sinew::testing::{Frame, FrameKind};
use sinew::{Channel, Code, Compression, RawCall, RawReply, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex, split};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::frames::{HEAD, PREFACE, Parts};
use super::{holds, panics};

/// Bytes that are on their way in one direction.
const ROOM: usize = 64 << 10;

/// The most bytes of an end's answers that are kept.
const KEPT: usize = 1 << 20;

/// When an end must have given up a peer that says no more: it notices one that is gone after 15 s, and one that has
/// not said what it speaks after 10 s.
const OVER: Duration = Duration::from_secs(60);

/// When the call of a client has come, if it comes at all.
const CALLED_WITHIN: Duration = Duration::from_secs(1);

/// How long the caller waits for its reply.
const DEADLINE: Duration = Duration::from_secs(5);

/// A client's bytes into a server: once with the end of what it says behind them, and once without.
pub(crate) fn server(input: &[u8]) -> Result<(), String> {
    for ends in [true, false] {
        let answers = run(serve(input, ends));
        answers
            .and_then(|answers| answered(input, &answers))
            .map_err(|what| format!("{what} (ends: {ends})"))?;
    }
    Ok(())
}

/// A server's bytes into a client that calls.
pub(crate) fn client(input: &[u8]) -> Result<(), String> {
    for ends in [true, false] {
        let code = run(call(input, ends));
        code.map_err(|what| format!("{what} (ends: {ends})"))?;
    }
    Ok(())
}

/// A clock of its own for each: no input finds what another left behind.
fn run<T>(test: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let (done, panics) = panics::counted(|| runtime.block_on(test));
    holds(panics == 0, || {
        format!("{panics} panics, which tokio has caught")
    })?;
    done
}

async fn serve(input: &[u8], ends: bool) -> Result<Vec<u8>, String> {
    let (near, far) = duplex(ROOM);
    let running = Arc::new(AtomicUsize::new(0));
    let handlers = Arc::clone(&running);
    let server = Server::new()
        .reflection()
        .compress(Compression::Gzip)
        .fallback(move |mut call: RawCall| {
            let running = Running::new(&handlers);
            async move {
                let _running = running;
                let message = call.read_message().await?;
                Ok(RawReply::new(message))
            }
        });
    let serving = tokio::spawn(server.serve_with_incoming(Once(Some(far))));
    let answers = talk(near, (input, b""), ends).await?;
    // A handler may notice in the next turn.
    sleep(Duration::from_secs(1)).await;
    let left = running.load(Ordering::Relaxed);
    holds(left == 0, || {
        format!("{left} handlers outlive their connection")
    })?;
    // It waits for more connections, which do not come.
    holds(!serving.is_finished(), || "the server has ended".to_owned())?;
    Ok(answers)
}

/// A preface is answered in HTTP/2, HTTP/1 in its own language, and all else with nothing.
fn answered(input: &[u8], answers: &[u8]) -> Result<(), String> {
    if input.starts_with(PREFACE) {
        let is_settings = answers.get(3) == Some(&4) || answers.len() < 9;
        return holds(is_settings, || {
            format!("not SETTINGS first: {}", answers.escape_ascii())
        });
    }
    let is_refusal = answers.is_empty() || answers.starts_with(b"HTTP/1.1 505 ");
    holds(is_refusal, || {
        format!("an answer to nobody: {}", answers.escape_ascii())
    })
}

/// The code of a call that gets these bytes for a reply.
async fn call(input: &[u8], ends: bool) -> Result<Code, String> {
    let (near, far) = duplex(ROOM);
    let channel = Channel::builder("http://peer.test:1")
        .connector(Pipe(Mutex::new(Some(far))))
        .build();
    let channel = channel.map_err(|error| error.to_string())?;
    let mut call = RawCall::new("/a.B/C", "hi");
    call.limit_time(DEADLINE);
    let calling = timeout(OVER, channel.call(call));
    // The first frame are settings, where all is in order; what is behind it answers a call.
    let first = Parts::parse(input)
        .frames
        .first()
        .map(|frame| HEAD + frame.payload.len());
    let input = input.split_at(first.unwrap_or(input.len()));
    // A connection that is in order stays open: only the call has to end.
    let (called, _) = tokio::join!(calling, talk(near, input, ends));
    let Ok(called) = called else {
        return Err(format!("no reply and no error after {OVER:?}"));
    };
    let status = match called {
        Err(status) => status,
        Ok(reply) => {
            let most = sinew::DEFAULT_MAX_MESSAGE_BYTES;
            let len = reply.message().map_or(0, |message| message.len());
            let _ = format!("{reply:?}");
            holds(len <= most, || format!("a reply of {len} bytes"))?;
            return Ok(Code::Ok);
        }
    };
    holds(status.code() != Code::Ok, || format!("{status}"))?;
    Ok(status.code())
}

/// Says the first part of `input` and, once a call has come or a while later, the second; reads to the other end's end,
/// and gives what it read.
async fn talk(
    near: DuplexStream,
    (first, second): (&[u8], &[u8]),
    ends: bool,
) -> Result<Vec<u8>, String> {
    let (mut reads, mut writes) = split(near);
    let called = Notify::new();
    let says = async {
        // Whoever has heard enough hangs up.
        let mut said = writes.write_all(first).await;
        if !second.is_empty() {
            let _ = timeout(CALLED_WITHIN, called.notified()).await;
            said = writes.write_all(second).await;
        }
        if ends && said.is_ok() {
            let _ = writes.shutdown().await;
        }
    };
    let hears = async {
        let (mut heard, mut piece) = (Vec::new(), vec![0; ROOM]);
        while let Ok(len @ 1..) = reads.read(&mut piece).await {
            let room = KEPT - heard.len();
            heard.extend_from_slice(&piece[..len.min(room)]);
            let is_call = |frame: &Frame| frame.kind == FrameKind::Headers;
            if !second.is_empty() && Parts::parse(&heard).frames.iter().any(is_call) {
                called.notify_one();
            }
        }
        heard
    };
    let talked = timeout(OVER, async { tokio::join!(says, hears) }).await;
    let ((), heard) = talked.map_err(|_| format!("the connection is open after {OVER:?}"))?;
    Ok(heard)
}

/// A handler that runs.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One connection, and never another.
struct Once(Option<DuplexStream>);

impl futures_core::Stream for Once {
    type Item = io::Result<DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.take() {
            Some(io) => Poll::Ready(Some(Ok(io))),
            None => Poll::Pending,
        }
    }
}

/// Connects once.
struct Pipe(Mutex<Option<DuplexStream>>);

impl sinew::Connect for Pipe {
    type Io = DuplexStream;

    async fn connect(&self, _: &sinew::Target) -> io::Result<DuplexStream> {
        let mut pipe = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.take()
            .ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::inputs;

    /// What is tried is tried for something: calls of the inputs reach the handler, and are answered.
    #[test]
    fn inputs_get_as_far_as_a_call() {
        let said: &[u8] = b"the same words, the same words";
        let answers = inputs::server().into_iter().map(|input| {
            let answers = run(serve(&input, false)).unwrap_or_default();
            let found = answers.windows(said.len()).any(|part| part == said);
            (found, answers.starts_with(b"HTTP/1.1 505 "))
        });
        let answers: Vec<_> = answers.collect();
        assert!(answers.iter().filter(|(echoed, _)| *echoed).count() >= 3);
        assert!(answers.iter().filter(|(_, refused)| *refused).count() >= 2);
    }

    #[test]
    fn inputs_get_as_far_as_a_reply() {
        let replies = inputs::client().into_iter().map(|input| {
            let mut code = None;
            let called = run(async {
                code = Some(call(&input, true).await?);
                Ok(())
            });
            assert_eq!(called, Ok(()));
            code
        });
        let codes: Vec<_> = replies.flatten().collect();
        for code in [Code::Ok, Code::NotFound, Code::Unavailable, Code::Internal] {
            assert!(codes.contains(&code), "{code}: {codes:?}");
        }
    }
}
