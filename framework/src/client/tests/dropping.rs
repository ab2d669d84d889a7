//! What is left of calls that were dropped while they waited for their turn: nothing.

use super::*;

/// Never gets anywhere.
struct Never;

impl Connect for Never {
    type Io = tokio::io::DuplexStream;

    async fn connect(&self, _: &Target) -> std::io::Result<Self::Io> {
        std::future::pending().await
    }
}

/// Polls `call` up to `polls` times, as long as anything happens, and drops it.
async fn dropped_after<F: Future>(call: F, polls: usize) -> Option<F::Output> {
    let call = Limited {
        future: Some(Box::pin(call)),
        polls,
    };
    tokio::select! {
        biased;
        ended = call => ended,
        () = quiet() => None,
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn calls_dropped_before_a_connection_comes_up_leave_nothing() {
    let before = tasks();
    for layers in [false, true] {
        let recorder = Arc::new(Recorder::default());
        let channel = layered(builder(&recorder), layers)
            .connector(Never)
            .build()
            .unwrap();
        let waiting = || channel.0.core.place.waiting.load(Ordering::Relaxed);
        for shape in 0..4 {
            let mut waited = false;
            for polls in 0..12 {
                let call = async {
                    let mut call = pin!(endless(&channel, shape));
                    std::future::poll_fn(|cx| {
                        let polled = call.as_mut().poll(cx);
                        waited |= waiting() == 1;
                        polled
                    })
                    .await
                };
                let ended = dropped_after(call, polls).await;
                assert!(ended.is_none(), "{ended:?}");
                let what = format!("layers {layers}, shape {shape}, dropped at poll {polls}");
                // Its keeper is all that runs, once it has begun.
                settle(&what, || idle(&recorder, &channel) && tasks() <= before + 1).await;
            }
            assert!(waited, "layers {layers}: shape {shape} never waited");
        }
        assert_eq!(tasks(), before + 1, "the keeper");
        drop(channel);
        settle("a dropped channel", || tasks() == before).await;
    }
}

/// A connection with one stream, and a call that has it.
async fn occupied(
    layers: bool,
    recorder: &Arc<Recorder>,
) -> (Channel, tokio::task::JoinHandle<crate::Result<u64>>) {
    let server = server(recorder).max_concurrent_streams(1);
    let channel = over(Way::Http2, layered(builder(recorder), layers), server);
    channel.ready().await.unwrap();
    let holds = channel.clone();
    let holder = tokio::spawn(async move { endless(&holds, 0).await });
    settle("a call in its handler", || {
        recorder.in_flight(Side::Server) == 1
    })
    .await;
    (channel, holder)
}

/// Calls that wait for a free stream of the only connection.
fn queued(channel: &Channel) -> usize {
    match channel.0.core.place.table.now().nodes()[0].link() {
        Some(Link::Http2(connection)) => connection.waiting(),
        _ => 0,
    }
}

#[tokio::test]
async fn calls_dropped_before_a_stream_is_free_leave_nothing() {
    for layers in [false, true] {
        let recorder = Arc::new(Recorder::default());
        let (channel, holder) = occupied(layers, &recorder).await;
        quiet().await;
        let held = tasks();
        for shape in 0..4 {
            let mut waited = false;
            for polls in 0..12 {
                let call = async {
                    let mut call = pin!(endless(&channel, shape));
                    std::future::poll_fn(|cx| {
                        let polled = call.as_mut().poll(cx);
                        waited |= queued(&channel) == 1;
                        polled
                    })
                    .await
                };
                let ended = dropped_after(call, polls).await;
                assert!(ended.is_none(), "{ended:?}");
                let what = format!("layers {layers}, shape {shape}, dropped at poll {polls}");
                settle(&what, || {
                    queued(&channel) == 0
                        && recorder.in_flight(Side::Client) == 1
                        && recorder.in_flight(Side::Server) == 1
                        && tasks() == held
                })
                .await;
            }
            assert!(waited, "layers {layers}: shape {shape} never waited");
        }
        holder.abort();
        settle("the call that had the stream", || idle(&recorder, &channel)).await;
        assert_eq!(whole(&channel, 0).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_call_dropped_when_its_stream_has_just_become_free_gives_it_back() {
    for layers in [false, true] {
        let recorder = Arc::new(Recorder::default());
        let (channel, holder) = occupied(layers, &recorder).await;
        let mut waiting = Box::pin(endless(&channel, 0));
        for _ in 0..12 {
            assert!(polled_once(waiting.as_mut()).is_pending());
        }
        assert_eq!(queued(&channel), 1);
        holder.abort();
        // It has the stream now, and is not polled again.
        quiet().await;
        drop(waiting);
        settle("a call that never went on", || idle(&recorder, &channel)).await;
        assert_eq!(whole(&channel, 0).await.unwrap(), 2);
    }
}
