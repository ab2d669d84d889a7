//! What calls are told of a connection that does not come up, or does not stay.

use std::time::Duration;

use super::*;
use crate::endpoint::Readiness;

/// Speaks HTTP/2 on each connection that [`Piped`] makes, and closes it after `open`.
async fn closes_after(mut incoming: Incoming, open: Duration) {
    while let Some(io) = incoming.0.recv().await {
        let connection = h2::server::handshake(io).await;
        tokio::time::sleep(open).await;
        drop(connection);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_and_closes_is_a_failure_with_a_name() {
    let (pipes, incoming) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(closes_after(Incoming(incoming), Duration::from_millis(12)));
    let channel = Channel::builder("http://pipe:1")
        .connector(Piped(pipes))
        .build()
        .unwrap();
    // Each was sent on a connection that then broke: that of a server which was about to end, perhaps.
    for _ in 0..3 {
        unary(&channel, &ONCE, 1).await.unwrap_err();
    }
    let node = Arc::clone(&channel.0.core.place.table.now().nodes()[0]);
    settle("a closed connection", || {
        node.readiness() == Readiness::Failing
    })
    .await;
    // Time stands still: the keeper is in its backoff, and nobody waits for it.
    let call = unary(&channel, &ONCE, 1).await.unwrap_err();
    let ready = channel.ready().await.unwrap_err();
    for status in [call, ready] {
        assert_eq!(status.code(), crate::Code::Unavailable);
        assert!(
            status
                .message()
                .contains("connected, but the peer closed the connection after 12 ms"),
            "{status}"
        );
    }
}

#[tokio::test]
async fn any_time_may_be_given_to_connect() {
    let recorder = Arc::new(Recorder::default());
    let builder = builder(&recorder).connect_timeout(Duration::MAX);
    let channel = over(Way::Http2, builder, server(&recorder));
    assert_eq!(unary(&channel, &ONCE, 1).await.unwrap(), 2);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_channel_outlives_the_runtime_of_its_connection() {
    let servers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let recorder = Arc::new(Recorder::default());
    let channel = servers.block_on(async { channel(Way::Http2, &recorder) });
    let once = || async { unary(&channel, &ONCE, 1).wait_for_ready().await };
    for _ in 0..3 {
        let mut first = runtime();
        assert_eq!(first.block_on(once()).unwrap(), 2);
        drop(first);
        assert_eq!(
            channel.0.core.place.table.now().nodes()[0].readiness(),
            Readiness::Pending
        );
        // A keeper that its runtime never polls.
        first = runtime();
        {
            let _entered = first.enter();
            assert!(polled_once(once()).is_pending());
        }
        drop(first);
        // A call that waits in one runtime for the keeper of another, which ends.
        let (ending, other) = (runtime(), runtime());
        {
            let _entered = ending.enter();
            assert!(polled_once(once()).is_pending());
        }
        let waiting = other.block_on(async {
            let mut waiting = pin!(once());
            assert!(polled_once(waiting.as_mut()).is_pending());
            ending.shutdown_background();
            waiting.await
        });
        assert_eq!(waiting.unwrap(), 2);
    }
}
