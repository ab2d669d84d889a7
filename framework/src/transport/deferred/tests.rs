use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::buffer::{BUFFER_BOUND, BUFFER_KEEP, BUFFER_START};
use super::flush_once::LINGER;
use super::*;

mod turns;

/// A socket whose far side is the test: it takes `room` bytes, then is full.
#[derive(Clone, Default)]
struct Socket(Arc<Mutex<Far>>);

#[derive(Default)]
struct Far {
    room: usize,
    got: Vec<u8>,
    writes: usize,
    flushes: usize,
    shut: bool,
    fail: Option<io::ErrorKind>,
    readable: Vec<u8>,
    eof: bool,
    waiting: Option<Waker>,
}

impl Socket {
    fn with_room(room: usize) -> Self {
        let socket = Self::default();
        socket.far().room = room;
        socket
    }

    fn far(&self) -> MutexGuard<'_, Far> {
        self.0.lock().unwrap()
    }

    fn make_room(&self, room: usize) {
        let mut far = self.far();
        far.room += room;
        if let Some(waker) = far.waiting.take() {
            waker.wake();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut far = self.far();
        if far.readable.is_empty() && !far.eof {
            far.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let n = far.readable.len().min(into.remaining());
        into.put_slice(&far.readable.drain(..n).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut far = self.far();
        if let Some(kind) = far.fail {
            return Poll::Ready(Err(io::Error::new(kind, "the far side says no")));
        }
        if far.room == 0 {
            far.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let n = bytes.len().min(far.room);
        far.room -= n;
        far.writes += 1;
        far.got.extend_from_slice(&bytes[..n]);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.far().flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.far().shut = true;
        Poll::Ready(Ok(()))
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// Polls `future` once, as a task with this counter as its waker.
fn poll_as<F: Future>(wakes: &Arc<Wakes>, future: Pin<&mut F>) -> Poll<F::Output> {
    let waker = Waker::from(Arc::clone(wakes));
    future.poll(&mut Context::from_waker(&waker))
}

/// Two polls: the one that yields, and the real one.
fn poll_through<F: Future>(wakes: &Arc<Wakes>, mut future: Pin<&mut F>) -> Poll<F::Output> {
    assert!(poll_as(wakes, future.as_mut()).is_pending());
    assert_eq!(wakes.take(), 1, "the yield puts the task back in the queue");
    poll_as(wakes, future)
}

/// Writes `total` bytes in `piece`s, flushing after each, then waits forever.
async fn write_pieces(mut io: Deferred<Socket>, piece: usize, total: usize) {
    let bytes: Vec<u8> = (0..total).map(|i| i as u8).collect();
    for chunk in bytes.chunks(piece) {
        io.write_all(chunk).await.unwrap();
        io.flush().await.unwrap();
    }
    std::future::pending::<()>().await;
}

#[test]
fn a_batch_of_writes_in_one_poll_is_one_write_on_the_socket() {
    // Less than a batch leaves at the end of the poll; more leaves a batch at a time.
    for (pieces, written) in [
        (1, 1),
        (BATCH - 1, 1),
        (BATCH, 1),
        (BATCH + 1, 2),
        (1000, 63),
    ] {
        one_poll_writes(pieces, written);
    }
}

fn one_poll_writes(pieces: usize, written: usize) {
    let socket = Socket::with_room(usize::MAX);
    let (io, flusher) = deferred(socket.clone(), Bytes::new());
    let polls = AtomicUsize::new(0);
    let mut conn = pin!(FlushOnce::with_hook(
        write_pieces(io, 9, 9 * pieces),
        flusher,
        || {
            polls.fetch_add(1, Ordering::Relaxed);
        }
    ));
    let wakes = Arc::new(Wakes::default());

    assert!(poll_as(&wakes, conn.as_mut()).is_pending());
    assert_eq!((polls.load(Ordering::Relaxed), wakes.take()), (0, 1));
    assert!(poll_as(&wakes, conn.as_mut()).is_pending());
    assert_eq!((polls.load(Ordering::Relaxed), wakes.take()), (1, 0));

    let far = socket.far();
    let all = (written, written, 9 * pieces);
    assert_eq!((far.writes, far.flushes, far.got.len()), all);
    assert!(far.got.iter().enumerate().all(|(i, b)| *b == i as u8));
}

#[test]
fn a_full_socket_wakes_the_connection_for_the_rest() {
    let socket = Socket::with_room(10);
    let (io, flusher) = deferred(socket.clone(), Bytes::new());
    let mut conn = pin!(FlushOnce::new(write_pieces(io, 100, 100), flusher));
    let wakes = Arc::new(Wakes::default());

    assert!(poll_through(&wakes, conn.as_mut()).is_pending());
    assert_eq!((socket.far().got.len(), wakes.take()), (10, 0));
    socket.make_room(1_000);
    assert_eq!(wakes.take(), 1);
    assert!(poll_through(&wakes, conn.as_mut()).is_pending());
    assert_eq!(socket.far().got.len(), 100);
}

#[test]
fn a_writer_at_the_bound_waits_and_is_woken_when_there_is_room() {
    let total = BUFFER_BOUND + 5_000;
    let socket = Socket::with_room(0);
    let (io, flusher) = deferred(socket.clone(), Bytes::new());
    let shared = Arc::clone(&flusher.shared);
    let mut conn = pin!(FlushOnce::new(write_pieces(io, 1_000, total), flusher));
    let wakes = Arc::new(Wakes::default());

    assert!(poll_through(&wakes, conn.as_mut()).is_pending());
    assert_eq!(lock(&shared).buffer.len(), BUFFER_BOUND);
    assert!(lock(&shared).buffer.capacity() <= BUFFER_BOUND);

    socket.make_room(usize::MAX);
    assert_eq!(wakes.take(), 1);
    assert!(poll_through(&wakes, conn.as_mut()).is_pending());
    assert_eq!(socket.far().got.len(), total);
    assert_eq!(
        lock(&shared).buffer.capacity(),
        BUFFER_START,
        "the large one is given back, the rest needs a small one"
    );
}

/// The room appears between the write that found none and the drain that
/// ends the same poll, on a socket that has forgotten the writer by then.
#[test]
fn room_made_by_the_drain_itself_wakes_a_waiting_writer() {
    let socket = Socket::with_room(0);
    let (mut io, flusher) = deferred(socket.clone(), Bytes::new());
    let far = socket.clone();
    let mut conn = pin!(FlushOnce::new(
        async move {
            io.write_all(&vec![1; BUFFER_BOUND]).await.unwrap();
            let mut late = pin!(io.write_all(b"late"));
            poll_fn(|cx| {
                let polled = late.as_mut().poll(cx);
                if polled.is_pending() {
                    far.far().waiting = None;
                    far.make_room(usize::MAX);
                }
                polled
            })
            .await
        },
        flusher,
    ));
    let wakes = Arc::new(Wakes::default());

    assert!(poll_through(&wakes, conn.as_mut()).is_pending());
    assert_eq!(wakes.take(), 1);
    let Poll::Ready(written) = poll_through(&wakes, conn.as_mut()) else {
        panic!("the writer was not polled");
    };
    written.unwrap();
    assert_eq!(socket.far().got.len(), BUFFER_BOUND + 4);
}

#[test]
fn a_small_buffer_is_kept_and_a_large_one_given_back() {
    for (bytes, kept) in [
        (1, BUFFER_START),
        (BUFFER_START, BUFFER_START),
        (BUFFER_KEEP, BUFFER_KEEP),
        (BUFFER_KEEP + 1, 0),
        (BUFFER_BOUND, 0),
    ] {
        let mut buffer = Buffer::default();
        assert_eq!(buffer.fill(&[IoSlice::new(&vec![0; bytes])]), bytes);
        buffer.consume(bytes);
        assert_eq!(buffer.capacity(), kept, "after {bytes} bytes");
    }
}

#[test]
fn a_failed_drain_wakes_the_connection_and_shows_at_every_use() {
    let socket = Socket::with_room(0);
    let (mut io, flusher) = deferred(socket.clone(), Bytes::new());
    socket.far().fail = Some(io::ErrorKind::BrokenPipe);
    let mut polls = 0;
    let mut conn = pin!(FlushOnce::new(
        poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                assert!(Pin::new(&mut io).poll_write(cx, b"lost").is_ready());
                return Poll::Pending;
            }
            let mut one = [0];
            let mut into = ReadBuf::new(&mut one);
            let uses = [
                Pin::new(&mut io).poll_read(cx, &mut into),
                Pin::new(&mut io).poll_write(cx, b"x").map_ok(|_| ()),
                Pin::new(&mut io).poll_flush(cx),
                Pin::new(&mut io).poll_shutdown(cx),
            ];
            for shown in uses {
                let Poll::Ready(Err(error)) = shown else {
                    panic!("the failure is not shown");
                };
                assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
                assert_eq!(error.to_string(), "the far side says no");
            }
            Poll::Ready(())
        }),
        flusher,
    ));
    let wakes = Arc::new(Wakes::default());

    assert!(poll_through(&wakes, conn.as_mut()).is_pending());
    assert_eq!(wakes.take(), 1, "the connection has to hear of it");
    assert!(poll_through(&wakes, conn.as_mut()).is_ready());
    assert_eq!(wakes.take(), 0);
}

#[test]
fn what_the_peer_had_sent_is_read_before_a_write_failure_shows() {
    let socket = Socket::with_room(0);
    let (mut io, flusher) = deferred(socket.clone(), Bytes::new());
    {
        let mut far = socket.far();
        far.fail = Some(io::ErrorKind::ConnectionReset);
        far.readable = b"goaway".to_vec();
    }
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let cx = &mut Context::from_waker(&waker);
    assert!(Pin::new(&mut io).poll_write(cx, b"lost").is_ready());
    assert!(flusher.poll_drain(cx).is_ready());

    let mut bytes = [0; 16];
    let mut into = ReadBuf::new(&mut bytes);
    assert!(matches!(
        Pin::new(&mut io).poll_read(cx, &mut into),
        Poll::Ready(Ok(()))
    ));
    assert_eq!(into.filled(), b"goaway");
    for eof in [false, true] {
        socket.far().eof = eof;
        let Poll::Ready(Err(error)) = Pin::new(&mut io).poll_read(cx, &mut into) else {
            panic!("the failure is not shown");
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn the_prefix_is_read_first() {
    let (near, mut far) = tokio::io::duplex(64);
    let (mut io, _flusher) = deferred(near, Bytes::from_static(b"PRI * "));
    far.write_all(b"HTTP/2.0").await.unwrap();
    let mut four = [0; 4];
    io.read_exact(&mut four).await.unwrap();
    assert_eq!(&four, b"PRI ");
    let mut rest = [0; 10];
    io.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b"* HTTP/2.0");
}

#[test]
fn shutdown_drains_before_it_shuts() {
    let socket = Socket::with_room(3);
    let (mut io, flusher) = deferred(socket.clone(), Bytes::new());
    let mut conn = pin!(FlushOnce::new(
        async move {
            io.write_all(b"goodbye").await?;
            io.shutdown().await
        },
        flusher,
    ));
    let wakes = Arc::new(Wakes::default());

    assert!(poll_through(&wakes, conn.as_mut()).is_pending());
    assert!(!socket.far().shut);
    socket.make_room(100);
    assert_eq!(wakes.take(), 1);
    let Poll::Ready(done) = poll_through(&wakes, conn.as_mut()) else {
        panic!("shutdown was not finished");
    };
    done.unwrap();
    let far = socket.far();
    assert!(far.shut);
    assert_eq!(far.got, b"goodbye");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_end_is_written_within_the_linger() {
    for (room_comes, expected) in [(true, "goodbye"), (false, "goo")] {
        let socket = Socket::with_room(3);
        let (mut io, flusher) = deferred(socket.clone(), Bytes::new());
        let mut ended = false;
        let conn = FlushOnce::new(
            poll_fn(move |cx| {
                assert!(!ended, "polled after it had finished");
                ended = true;
                Pin::new(&mut io).poll_write(cx, b"goodbye")
            }),
            flusher,
        );
        let start = Instant::now();
        let task = tokio::spawn(conn);
        if room_comes {
            while socket.far().got.is_empty() {
                tokio::task::yield_now().await;
            }
            socket.make_room(100);
        }
        assert_eq!(task.await.unwrap().unwrap(), 7);
        assert_eq!(socket.far().got, expected.as_bytes());
        let waited = if room_comes { Duration::ZERO } else { LINGER };
        assert!(start.elapsed() >= waited && start.elapsed() < waited + LINGER);
    }
}

#[test]
fn a_poisoned_lock_does_not_panic() {
    let socket = Socket::with_room(usize::MAX);
    let (mut io, flusher) = deferred(socket.clone(), Bytes::new());
    let shared = Arc::clone(&flusher.shared);
    let _ = std::thread::spawn(move || {
        let _held = lock(&shared);
        panic!("on purpose");
    })
    .join();
    assert!(flusher.shared.is_poisoned());
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut io).poll_write(cx, b"still").is_ready());
    assert!(flusher.poll_drain(cx).is_ready());
    assert_eq!(socket.far().got, b"still");
}

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<usize>),
    Room(usize),
    Drain,
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(0..40_000_usize, 1..4).prop_map(Step::Write),
        (1..90_000_usize).prop_map(Step::Room),
        Just(Step::Drain),
        Just(Step::Flush),
    ]
}

proptest! {
    #[test]
    fn bytes_and_their_order_survive_any_interleaving(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let socket = Socket::with_room(0);
        let (mut io, flusher) = deferred(socket.clone(), Bytes::new());
        let cx = &mut Context::from_waker(Waker::noop());
        let mut sent = Vec::new();
        let mut next = 0_u32;
        for step in steps {
            match step {
                Step::Write(sizes) => {
                    let parts: Vec<Vec<u8>> = sizes
                        .iter()
                        .map(|size| {
                            (0..*size)
                                .map(|_| {
                                    next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                                    (next >> 24) as u8
                                })
                                .collect()
                        })
                        .collect();
                    let slices: Vec<IoSlice<'_>> = parts.iter().map(|p| IoSlice::new(p)).collect();
                    if let Poll::Ready(written) =
                        Pin::new(&mut io).poll_write_vectored(cx, &slices)
                    {
                        let whole = parts.concat();
                        sent.extend_from_slice(&whole[..written.unwrap()]);
                    }
                }
                Step::Room(room) => socket.make_room(room),
                Step::Drain => drop(flusher.poll_drain(cx)),
                Step::Flush => assert!(Pin::new(&mut io).poll_flush(cx).is_ready()),
            }
            let shared = lock(&flusher.shared);
            prop_assert!(shared.buffer.len() <= BUFFER_BOUND);
            prop_assert!(shared.buffer.capacity() <= BUFFER_BOUND);
        }
        socket.make_room(usize::MAX / 2);
        prop_assert!(flusher.poll_drain(cx).is_ready());
        prop_assert_eq!(&socket.far().got, &sent);
    }
}

/// Both ends of a real HTTP/2 connection, on a pipe so narrow that it is full
/// most of the time: a wake-up that gets lost would leave a call waiting.
#[tokio::test(start_paused = true)]
async fn http2_runs_over_it_and_ends_by_itself() {
    const CALLS: usize = 40;
    const BODY: usize = 100_000;
    let (near, far) = tokio::io::duplex(1_000);

    let (io, flusher) = deferred(far, Bytes::new());
    let server = tokio::spawn(FlushOnce::new(
        async move {
            let mut connection = h2::server::handshake(io).await.unwrap();
            while let Some(call) = connection.accept().await {
                let (request, mut respond) = call.unwrap();
                tokio::spawn(async move {
                    let body = read_all(request.into_body()).await;
                    let head = http::Response::new(());
                    let mut out = respond.send_response(head, false).unwrap();
                    out.send_data(body.into(), true).unwrap();
                });
            }
        },
        flusher,
    ));

    let (io, flusher) = deferred(near, Bytes::new());
    let (handle, taken) = tokio::sync::oneshot::channel();
    let client = tokio::spawn(FlushOnce::new(
        async move {
            let (send, connection) = h2::client::handshake(io).await.unwrap();
            assert!(handle.send(send).is_ok());
            connection.await.unwrap();
        },
        flusher,
    ));
    let send = taken.await.unwrap();
    let calls: Vec<_> = (0..CALLS)
        .map(|i| {
            let send = send.clone();
            tokio::spawn(async move {
                let mut send = send.ready().await.unwrap();
                let request = http::Request::new(());
                let (response, mut out) = send.send_request(request, false).unwrap();
                out.send_data(vec![i as u8; BODY].into(), true).unwrap();
                drop(send);
                read_all(response.await.unwrap().into_body()).await
            })
        })
        .collect();
    drop(send);
    for (i, call) in calls.into_iter().enumerate() {
        assert!(call.await.unwrap() == vec![i as u8; BODY], "call {i}");
    }
    let both = async { tokio::join!(client, server) };
    let (client, server) = tokio::time::timeout(Duration::from_secs(60), both)
        .await
        .unwrap();
    client.unwrap();
    server.unwrap();
}

async fn read_all(mut body: h2::RecvStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
        all.extend_from_slice(&chunk);
    }
    all
}
