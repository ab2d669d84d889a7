//! Turns: how much of a flood is read before others are heard.

use super::*;
use crate::transport::deferred::turn::{BYTES, COST};

/// DATA of so many bytes.
fn data(len: usize) -> Vec<u8> {
    let len_bytes = u32::try_from(len).unwrap().to_be_bytes();
    let head = [&len_bytes[1..], &[0, 0, 0, 0, 0, 1]].concat();
    [head, vec![7; len]].concat()
}

/// What a connection does that wants all that is there: reads until there is nothing, 8 KiB at a time.
async fn read_on<IO: AsyncRead + Unpin>(mut io: Deferred<IO>, got: Arc<Mutex<Vec<u8>>>) {
    let mut room = vec![0; 8 * 1024];
    while let Ok(n @ 1..) = io.read(&mut room).await {
        got.lock().unwrap().extend_from_slice(&room[..n]);
    }
}

#[test]
fn a_flood_is_read_a_turn_at_a_time() {
    // Frames, the bytes of each, and how many polls they take.
    for (frames, len, polls) in [
        (COST - 1, 1, 1),
        (COST, 1, 2), // whether there is more it sees in the next
        (10 * COST + 1, 1, 11),
        (7, 16_000, 1),
        (20, 16_000, 3),
    ] {
        let flood = data(len).repeat(frames);
        let socket = Socket::default();
        socket.far().readable = flood.clone();
        let (io, flusher) = deferred(socket.clone(), Bytes::new());
        let io = io.watching(Conduct::of_client(0, Instant::now()));
        let got = Arc::<Mutex<Vec<u8>>>::default();
        let mut conn = pin!(FlushOnce::new(read_on(io, Arc::clone(&got)), flusher));
        let wakes = Arc::new(Wakes::default());
        for poll in 1..=polls {
            let before = got.lock().unwrap().len();
            assert!(poll_through(&wakes, conn.as_mut()).is_pending());
            let read = got.lock().unwrap().len() - before;
            assert!(read <= BYTES + 8 * 1024 && read <= COST * (9 + len));
            let goes_on = usize::from(poll < polls);
            assert_eq!(wakes.take(), goes_on, "{frames} of {len}, poll {poll}");
        }
        assert!(*got.lock().unwrap() == flood);
        assert!(socket.far().waiting.is_some(), "it listens on");
    }
}

/// What comes to another while a flood is worked through is seen at once, not when the flood is over or when the
/// runtime looks by itself (every 61 polls). The library wakes its own task with each call that ends, which gains it
/// nothing.
#[tokio::test]
async fn others_hear_from_the_network_between_two_turns() {
    const TURNS: usize = 40; // 64 KiB, which a socket takes while nobody reads
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let pair = || {
        let far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _) = listener.accept().unwrap();
        near.set_nonblocking(true).unwrap();
        (far, tokio::net::TcpStream::from_std(near).unwrap())
    };
    let (mut flooding, flooded) = pair();
    let (mut calling, mut called) = pair();
    let flood = data(1).repeat(TURNS * COST);
    std::io::Write::write_all(&mut flooding, &flood).unwrap();

    // Polls since somebody called, which is when some turns are over.
    let polls = Arc::new(AtomicUsize::new(0));
    let got = Arc::<Mutex<Vec<u8>>>::default();
    let (io, flusher) = deferred(flooded, Bytes::new());
    let io = io.watching(Conduct::of_client(0, Instant::now()));
    let mut reading = Box::pin(read_on(io, Arc::clone(&got)));
    let (counted, read) = (Arc::clone(&polls), Arc::clone(&got));
    let begun = move || !read.lock().unwrap().is_empty();
    let flooded = poll_fn(move |cx| {
        if begun() {
            cx.waker().wake_by_ref();
            if counted.fetch_add(1, Ordering::Relaxed) == 0 {
                std::io::Write::write_all(&mut calling, b"!").unwrap();
            }
        }
        reading.as_mut().poll(cx)
    });
    tokio::spawn(FlushOnce::new(flooded, flusher));
    called.read_u8().await.unwrap();
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls <= 2, "heard after {polls} polls");
    while got.lock().unwrap().len() < flood.len() {
        tokio::task::yield_now().await;
    }
}
