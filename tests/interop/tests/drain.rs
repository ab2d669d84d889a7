//! Processes that are told to end while they are called: no call is lost, and a second signal ends at once.

#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use interop::grpc::testing::{
    ResponseParameters, SimpleRequest, StreamingOutputCallRequest, test_service,
};
use sinew::{Channel, Status};
use tokio::task::JoinSet;

/// A server in a process of its own, which ends with the test.
struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
    url: String,
}

impl Process {
    /// Starts one, and waits until it listens.
    fn start(port: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_interop-server"))
            .args(["--port", port])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it says where it listens");
        let url = line.trim_end().strip_prefix("listening on ");
        let url = url.unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, out, url }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("`kill` runs").success());
    }

    /// Waits for its end. Its output ends with it.
    fn ended(&mut self) -> ExitStatus {
        let mut rest = String::new();
        self.out
            .read_to_string(&mut rest)
            .expect("the rest of what it says");
        assert_eq!(rest, "");
        self.child.wait().expect("it has ended")
    }

    fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_terminated_in_turn_under_load_fail_no_call() {
    let mut servers: Vec<Process> = (0..4).map(|_| Process::start("0")).collect();
    let builder = Channel::builder(&servers[0].url);
    let others = servers[1..].iter();
    let builder = others.fold(builder, |builder, server| builder.endpoint(&server.url));
    let client = test_service::Client::new(builder.build().expect("their own URLs"));
    let stop = Arc::new(AtomicBool::new(false));
    // The process that answered last.
    let answered = Arc::new(AtomicU32::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..16 {
        let (client, stop, answered) = (client.clone(), Arc::clone(&stop), Arc::clone(&answered));
        callers.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let request = SimpleRequest {
                    fill_server_id: true,
                    ..Default::default()
                };
                let reply = client.unary_call(request).await?;
                answered.store(
                    reply.server_id.parse().unwrap_or_default(),
                    Ordering::Relaxed,
                );
            }
            Ok::<_, Status>(())
        });
    }
    for _ in 0..3 {
        for server in &mut servers {
            server.signal("-TERM");
            assert!(tokio::task::block_in_place(|| server.ended()).success());
            let port = server.port().to_owned();
            *server = tokio::task::block_in_place(|| Process::start(&port));
            // As an orchestrator does it, which waits until the new one is used.
            while answered.load(Ordering::Relaxed) != server.child.id() {
                assert!(callers.try_join_next().is_none(), "a call failed");
                tokio::task::yield_now().await;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(caller) = callers.join_next().await {
        caller.expect("no panic").expect("no call fails");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_signal_lets_calls_end_and_the_second_does_not() {
    for (signals, ends_well) in [(["-INT", "-TERM"], false), (["-TERM", ""], true)] {
        let mut server = Process::start("0");
        let client = test_service::Client::new(Channel::to(&server.url).expect("its own URL"));
        let reply = |interval_us| ResponseParameters {
            size: 1,
            interval_us,
            ..Default::default()
        };
        // One reply now, and one in a while, or never.
        let wait = if ends_well { 300_000 } else { 600_000_000 };
        let request = StreamingOutputCallRequest {
            response_parameters: vec![reply(0), reply(wait)],
            ..Default::default()
        };
        let mut replies = client
            .streaming_output_call(request)
            .await
            .expect("a stream");
        replies
            .next()
            .await
            .expect("the first reply")
            .expect("it is one");
        server.signal(signals[0]);
        // It takes no more connections, and goes on with the call.
        let since = Instant::now();
        while reaches(&server.url).await {}
        if ends_well {
            replies
                .next()
                .await
                .expect("the second reply")
                .expect("it is one");
            assert!(replies.next().await.expect("a good end").is_none());
        } else {
            server.signal(signals[1]);
            replies.next().await.expect_err("it is cut off");
        }
        assert!(tokio::task::block_in_place(|| server.ended()).success());
        assert!(since.elapsed() < Duration::from_secs(20));
    }
}

/// Does a call come through on a connection of its own?
async fn reaches(url: &str) -> bool {
    let client = test_service::Client::new(Channel::to(url).expect("its own URL"));
    client.unary_call(SimpleRequest::default()).await.is_ok()
}
