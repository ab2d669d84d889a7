//! Endpoints that hang, fail or come back, over TCP: who gets calls then, and what is said of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sinew::balance::Balance;
use sinew::observe::Recorder;
use sinew::testing::Proxy;
use sinew::{Channel, Code, RawCall, RawReply, Server, Status};
use tokio::task::JoinHandle;

/// A server that answers every unary call with its name.
async fn named(name: &'static str) -> (String, JoinHandle<std::io::Result<()>>) {
    let server = Server::new().fallback(move |_| async move { Ok(RawReply::new(name)) });
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    (bound.url().to_owned(), tokio::spawn(bound.serve()))
}

/// Who answers.
async fn who(channel: &Channel) -> Result<String, Status> {
    let reply = channel.call(RawCall::new("/test.v1.Who/Is", "")).await?;
    Ok(String::from_utf8_lossy(&reply.message().unwrap_or_default()).into_owned())
}

/// Calls until `done` is true of who answered; a bounded time.
async fn until(channel: &Channel, what: &str, mut done: impl FnMut(&str) -> bool) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        if who(channel).await.is_ok_and(|name| done(&name)) {
            return;
        }
    }
    panic!("{what} within 20 s: {}", channel.explain());
}

#[tokio::test]
async fn a_server_that_hangs_gets_no_calls_until_it_answers_again() {
    let ((a, _a), (b, _b)) = (named("a").await, named("b").await);
    let proxy = Proxy::to(&a).await.unwrap();
    let recorder = Arc::new(Recorder::default());
    let channel = Channel::builder(proxy.url())
        .endpoint(&b)
        .balance(Balance::round_robin())
        .metrics(recorder.clone())
        .build()
        .unwrap();
    // Both have reported: only those that have are asked whether they hang.
    for _ in 0..40 {
        who(&channel).await.unwrap();
    }
    proxy.black_hole();
    // Some are stuck there; they are not lost, for the server may answer yet.
    let stuck: Vec<_> = (0..8)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move { who(&channel).await })
        })
        .collect();
    let start = Instant::now();
    while recorder.endpoint_changes("unanswered") == 0 {
        let one = channel.clone();
        tokio::spawn(async move { who(&one).await });
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{}",
            channel.explain()
        );
    }
    // None goes there any more: those who would wait for it would wait for ever.
    for _ in 0..100 {
        assert_eq!(who(&channel).await.unwrap(), "b", "{}", channel.explain());
    }
    let explained = channel.explain().to_string();
    assert!(
        explained.contains("hung") && explained.contains("it hangs"),
        "{explained}"
    );
    proxy.pass().await.unwrap();
    for stuck in stuck {
        stuck.await.unwrap().unwrap();
    }
    until(&channel, "it is back", |name| name == "a").await;
}

#[tokio::test]
async fn a_server_that_fails_is_out_of_use_after_five_calls() {
    let failing = Server::new().fallback(|_| async { Err(Status::new(Code::Internal, "broken")) });
    let failing = failing.bind("127.0.0.1:0").await.unwrap();
    let url = failing.url().to_owned();
    let _failing = tokio::spawn(failing.serve());
    let (b, _b) = named("b").await;
    let recorder = Arc::new(Recorder::default());
    let channel = Channel::builder(url)
        .endpoint(&b)
        .balance(Balance::round_robin())
        .metrics(recorder.clone())
        .build()
        .unwrap();
    // From the first call on: until the other is connected, all of them are the broken one's.
    let mut failed = 0;
    while recorder.endpoint_changes("failures_in_a_row") == 0 {
        failed += u32::from(who(&channel).await.is_err());
        assert!(failed < 50, "{}", channel.explain());
    }
    assert!((5..20).contains(&failed), "{failed}");
    until(&channel, "b", |by| by == "b").await;
    // Round robin would have sent it each second one: now it is only trials, of which there is one in seconds.
    let mut later = 0;
    for _ in 0..200 {
        later += u32::from(who(&channel).await.is_err());
    }
    assert!(later < 20, "{later} of 200: {}", channel.explain());
}

#[tokio::test]
async fn all_endpoints_share_the_calls_of_a_keyless_method_and_a_key_has_one() {
    let ((a, _a), (b, _b), (c, _c)) = (named("a").await, named("b").await, named("c").await);
    let channel = Channel::builder(format!("static:{},{},{}", &a[7..], &b[7..], &c[7..]));
    let channel = channel.build().unwrap();
    channel.ready().await.unwrap();
    for name in ["a", "b", "c"] {
        until(&channel, name, |by| by == name).await;
    }
    for key in ["cart-1", "cart-2", "cart-3", "cart-4"] {
        let mut by = std::collections::BTreeMap::<_, u32>::new();
        for _ in 0..40 {
            let call = RawCall::new("/test.v1.Who/Is", "").hash_key(key);
            let reply = channel.call(call).await.unwrap();
            *by.entry(reply.message().unwrap_or_default()).or_default() += 1;
        }
        // Its owner, but for moments in which the owner does not answer on a busy machine.
        let most = by.values().max().copied().unwrap_or_default();
        assert!(most >= 30, "{key}: {by:?}, {}", channel.explain_key(key));
    }
    assert!(channel.explain().digest().is_some());
}
