//! Calls that a peer turns away before a handler has seen them: they are sent once more, and their callers do not
//! notice.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;

use super::*;

/// What a peer says to the first call on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// RST_STREAM with REFUSED_STREAM.
    Refused,
    /// RST_STREAM with INTERNAL_ERROR: it may have been executed.
    Internal,
    /// GOAWAY with the stream before the call's as the last one.
    GoneAway,
    /// GOAWAY with the call's stream as the last one, and then nothing any more.
    GoneAwayAfter,
    /// GOAWAY with the highest stream there is, as the first of two: before the call is sent.
    Leaving,
}

fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, 0]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn go_away(last: u32) -> Vec<u8> {
    frame(7, 0, &[last.to_be_bytes(), [0; 4]].concat())
}

fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(3, stream, &reason.to_be_bytes())
}

/// Speaks on one connection until the client closes it; tells of each call that came.
async fn says(mut io: DuplexStream, says: Says, told: mpsc::UnboundedSender<u32>) {
    let mut preface = [0; 24];
    io.read_exact(&mut preface).await.unwrap();
    io.write_all(&frame(4, 0, &[])).await.unwrap();
    if says == Says::Leaving {
        io.write_all(&go_away((1 << 31) - 1)).await.unwrap();
    }
    let mut head = [0; 9];
    while io.read_exact(&mut head).await.is_ok() {
        let [a, b, c, kind, _, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        io.read_exact(&mut payload).await.unwrap();
        if kind != 1 {
            continue;
        }
        let id = u32::from_be_bytes(id);
        told.send(id).unwrap();
        let answer = match says {
            Says::Refused => reset(id, 7),
            Says::Internal => reset(id, 2),
            Says::GoneAway => go_away(id - 1),
            Says::GoneAwayAfter => {
                io.write_all(&go_away(id)).await.unwrap();
                return;
            }
            Says::Leaving => Vec::new(),
        };
        io.write_all(&answer).await.unwrap();
    }
}

/// A channel whose first connections say these things, and whose later ones lead to a server.
fn channel_to(
    first: Vec<Says>,
    builder: ChannelBuilder,
    recorder: &Arc<Recorder>,
) -> (Channel, mpsc::UnboundedReceiver<u32>) {
    let (pipes, mut incoming) = mpsc::unbounded_channel();
    let (told, calls) = mpsc::unbounded_channel();
    let server = server(recorder);
    tokio::spawn(async move {
        for script in first {
            let Some(io) = incoming.recv().await else {
                return;
            };
            tokio::spawn(says(io, script, told.clone()));
        }
        server
            .serve_with_incoming(Incoming(incoming))
            .await
            .unwrap();
    });
    let channel = builder.connector(Piped(pipes)).build().unwrap();
    (channel, calls)
}

const WHOLE: [u64; 4] = [2, 10, 10, 10];

#[tokio::test(start_paused = true)]
async fn calls_of_all_shapes_that_no_handler_has_seen_are_sent_once_more() {
    for (script, was_sent) in [
        (vec![Says::GoneAway], 1),
        (vec![Says::Leaving], 0),
        (vec![Says::GoneAway, Says::Leaving], 1),
    ] {
        for (shape, sum) in WHOLE.into_iter().enumerate() {
            let recorder = Arc::new(Recorder::default());
            let (channel, mut calls) = channel_to(script.clone(), builder(&recorder), &recorder);
            let what = format!("shape {shape}, {script:?}");
            assert_eq!(whole(&channel, shape).await.unwrap(), sum, "{what}");
            let mut sent = 0;
            while calls.try_recv().is_ok() {
                sent += 1;
            }
            assert!(sent >= was_sent, "{what}: {sent}");
            settle(&what, || idle(&recorder, &channel)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn layers_of_attempts_see_each_of_them_as_it_was() {
    for shape in [0, 1] {
        let recorder = Arc::new(Recorder::default());
        let (seen, mut attempts) = mpsc::unbounded_channel();
        let layer = crate::from_fn(move |mut call: RawCall, next: Next| {
            let message = call.message().map(|message| message.len());
            seen.send((call.metadata().len(), message)).unwrap();
            call.metadata_mut().insert("x-attempt", "1");
            async move { next.run(call).await }
        });
        let builder = builder(&recorder).attempt_layer(layer);
        let (channel, _calls) = channel_to(vec![Says::GoneAway], builder, &recorder);
        assert_eq!(whole(&channel, shape).await.unwrap(), WHOLE[shape]);
        let first = attempts.recv().await;
        assert_eq!(first.map(|(metadata, _)| metadata), Some(0));
        assert_eq!(attempts.recv().await, first, "shape {shape}");
        assert!(attempts.try_recv().is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_been_executed_is_not_sent_again() {
    for says in [Says::Internal, Says::GoneAwayAfter] {
        for shape in 0..4 {
            let recorder = Arc::new(Recorder::default());
            let (channel, mut calls) = channel_to(vec![says], builder(&recorder), &recorder);
            whole(&channel, shape).await.unwrap_err();
            assert_eq!(calls.recv().await, Some(1), "{says:?}, shape {shape}");
            settle("a broken call", || idle(&recorder, &channel)).await;
            let lines = recorder.lines().join(" ");
            assert!(
                !lines.contains("sinew_server"),
                "{says:?}, shape {shape}: {lines}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_refuses_is_asked_twice() {
    let recorder = Arc::new(Recorder::default());
    for shape in 0..4 {
        let (channel, mut calls) = channel_to(vec![Says::Refused], builder(&recorder), &recorder);
        let status = whole(&channel, shape).await.unwrap_err();
        assert_eq!(
            status.code(),
            crate::Code::Unavailable,
            "shape {shape}: {status}"
        );
        assert_eq!(status.attempts(), 2, "shape {shape}: {status}");
        assert_eq!((calls.recv().await, calls.recv().await), (Some(1), Some(3)));
        assert!(calls.try_recv().is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn connections_grow_old_and_no_call_is_lost_with_them() {
    let recorder = Arc::new(Recorder::default());
    let (pipes, mut incoming) = mpsc::unbounded_channel();
    let (counted, counting) = mpsc::unbounded_channel();
    let server = server(&recorder).max_connection_age(std::time::Duration::from_secs(2));
    tokio::spawn(async move { server.serve_with_incoming(Incoming(counting)).await });
    let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Some(io) = incoming.recv().await {
            count.fetch_add(1, Ordering::Relaxed);
            counted.send(io).unwrap();
        }
    });
    let channel = builder(&recorder).connector(Piped(pipes)).build().unwrap();
    for n in 0..400 {
        let shape = n % 4;
        assert_eq!(
            whole(&channel, shape).await.unwrap(),
            WHOLE[shape],
            "call {n}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Twenty seconds, in ages of 1.8 to 2.2.
    let connections = connections.load(Ordering::Relaxed);
    assert!((9..=12).contains(&connections), "{connections} connections");
    settle("the last call", || idle(&recorder, &channel)).await;
}
