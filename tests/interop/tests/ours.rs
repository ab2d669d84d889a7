//! Ours against ours, with Rust alone: every case, in process and over a real socket.
//!
//! Other implementations are the business of `tests/interop/run`.

use interop::cases::{self, CASES};
use interop::grpc::testing::test_service;
use interop::interop::v1::shop;
use interop::ledger::{Blank, ledger};
use interop::service::Interop;
use interop::shop::Empty;
use sinew::{Channel, Compression, Server};
use tokio::sync::oneshot;

#[tokio::test]
async fn every_case_holds_in_process() {
    let server = Server::new()
        .add(test_service::server(Interop))
        .add(shop::server(Empty))
        .add(ledger::server(Blank));
    let channel = Channel::in_process(server);
    let cases = CASES.into_iter().filter(|case| !cases::needs_a_wire(case));
    assert_eq!(failures(cases, &channel).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_case_holds_over_tcp_and_leaves_nothing_to_drain() {
    let server = Server::new()
        .add(test_service::server(Interop))
        .add(shop::server(Empty))
        .add(ledger::server(Blank))
        .compress(Compression::Gzip)
        .bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let channel = Channel::to(&server.url()).expect("its own URL");
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.until(async move {
        let _ = stopped.await;
    }));

    let failures = failures(CASES, &channel).await;
    drop(channel);
    drop(stop);
    serving.await.expect("no panic").expect("serving ends well");
    assert_eq!(failures, Vec::<String>::new());
}

#[tokio::test]
async fn an_unknown_case_is_a_failure() {
    let channel = Channel::in_process(test_service::server(Interop));
    let failure = cases::run("no_such", &channel).await.expect_err("no case");
    assert!(failure.to_string().contains("custom_metadata"), "{failure}");
}

/// The cases that do not hold, and why.
async fn failures(cases: impl IntoIterator<Item = &'static str>, channel: &Channel) -> Vec<String> {
    let mut failures = Vec::new();
    for case in cases {
        if let Err(failure) = cases::run(case, channel).await {
            failures.push(format!("{case}: {failure}"));
        }
    }
    failures
}
