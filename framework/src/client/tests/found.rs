//! A channel that is given a name: it calls whoever is found under it.

use std::sync::Mutex;

use tokio::sync::watch;

use super::*;
use crate::discovery::{Discover, Instance, InstanceState, Updates};

/// What is found, as the test says; nothing before it says so.
type Scripted = Option<Result<Vec<Instance>, String>>;

/// Finds it.
struct Script(watch::Receiver<Scripted>);

impl Discover for Script {
    async fn discover(&self, updates: Updates) {
        let mut script = self.0.clone();
        loop {
            match script.borrow_and_update().clone() {
                Some(Ok(instances)) => updates.replace(instances),
                Some(Err(why)) => updates.failed(why),
                None => {}
            }
            if script.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// Connects to servers of this process by the ports that they would have.
struct Ports(
    Mutex<
        Vec<(
            u16,
            tokio::sync::mpsc::UnboundedSender<tokio::io::DuplexStream>,
        )>,
    >,
);

impl Connect for Ports {
    type Io = tokio::io::DuplexStream;

    async fn connect(&self, target: &Target) -> std::io::Result<Self::Io> {
        let Target::Tcp { port, .. } = target else {
            return Err(std::io::Error::other("no port"));
        };
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let ports = self.0.lock().unwrap();
        let to = ports.iter().find(|(known, _)| known == port);
        let sent = to.is_some_and(|(_, to)| to.send(theirs).is_ok());
        if sent {
            Ok(ours)
        } else {
            Err(std::io::ErrorKind::ConnectionRefused.into())
        }
    }
}

fn instance(port: u16) -> Instance {
    Instance::new(format!("http://node:{port}").parse().unwrap()).with_id(format!("node-{port}"))
}

/// A channel to servers at these ports, each with its metrics, and what tells it who is there.
fn cluster(count: u16) -> (Channel, watch::Sender<Scripted>, Vec<Arc<Recorder>>) {
    let mut ports = Vec::new();
    let mut recorders = Vec::new();
    for port in 0..count {
        let recorder = Arc::new(Recorder::default());
        let (pipes, incoming) = tokio::sync::mpsc::unbounded_channel();
        let server = server(&recorder);
        tokio::spawn(async move { server.serve_with_incoming(Incoming(incoming)).await });
        ports.push((port + 1, pipes));
        recorders.push(recorder);
    }
    let (script, scripted) = watch::channel(None);
    let channel = Channel::discover("cart", Script(scripted))
        .connector(Ports(Mutex::new(ports)))
        .build()
        .unwrap();
    (channel, script, recorders)
}

fn ok(recorder: &Recorder) -> u64 {
    recorder.ended(Side::Server, "test.v1.Count/Once", crate::Code::Ok)
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_until_somebody_is_found_and_all_share_the_calls() {
    let (channel, script, recorders) = cluster(3);
    let first = tokio::spawn(unary(&channel, &ONCE, 1).into_future());
    quiet().await;
    assert!(!first.is_finished());
    script
        .send(Some(Ok((1..=3).map(instance).collect())))
        .unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 2);
    for _ in 0..20 {
        let calls = (0..30).map(|n| tokio::spawn(unary(&channel, &ONCE, n).into_future()));
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap().unwrap();
        }
    }
    for recorder in &recorders {
        assert!(ok(recorder) > 100, "{:?}", recorder.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_serves_or_that_cannot_be_looked_up_is_an_error() {
    let (channel, script, _) = cluster(0);
    script.send(Some(Err("no such zone".to_owned()))).unwrap();
    let status = unary(&channel, &ONCE, 1).await.unwrap_err();
    assert_eq!(status.code(), crate::Code::Unavailable);
    assert!(
        status
            .message()
            .contains("it is not known who serves cart: no such zone"),
        "{status}"
    );
    script.send(Some(Ok(Vec::new()))).unwrap();
    let serves = async {
        loop {
            let status = unary(&channel, &ONCE, 1).await.unwrap_err();
            if status.message() == "nobody serves cart" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), serves)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn callers_that_try_again_at_once_leave_time_to_find_a_server() {
    let (channel, script, _) = cluster(1);
    script.send(Some(Ok(Vec::new()))).unwrap();
    unary(&channel, &ONCE, 1).await.unwrap_err();
    // The next answer counts at once then, and no time has to pass for it.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    script.send(Some(Ok(vec![instance(1)]))).unwrap();
    let mut tries = 0;
    while unary(&channel, &ONCE, 1).await.is_err() {
        tries += 1;
        assert!(tries < 1000, "nothing else runs");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_drains_or_is_gone_gets_no_new_calls_and_none_is_lost() {
    let (channel, script, recorders) = cluster(3);
    script
        .send(Some(Ok((1..=3).map(instance).collect())))
        .unwrap();
    let mut calls = 0;
    let mut some = async |count: u64| {
        for n in 0..count {
            unary(&channel, &ONCE, n).await.unwrap();
            calls += 1;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    some(200).await;
    let draining = instance(1).with_state(InstanceState::Draining);
    script
        .send(Some(Ok(vec![draining, instance(2), instance(3)])))
        .unwrap();
    some(50).await;
    let before = ok(&recorders[0]);
    some(200).await;
    assert_eq!(ok(&recorders[0]), before, "it drains");
    script
        .send(Some(Ok(vec![instance(2), instance(3)])))
        .unwrap();
    some(50).await;
    script
        .send(Some(Ok(vec![instance(1), instance(2), instance(3)])))
        .unwrap();
    // Until it is warm.
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    some(200).await;
    assert!(ok(&recorders[0]) > before, "it is back");
    let served: u64 = recorders.iter().map(|recorder| ok(recorder)).sum();
    assert_eq!(served, calls);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_again_was_seen_then_though_it_is_the_same() {
    let (channel, script, _) = cluster(1);
    let one = || Some(Ok(vec![instance(1)]));
    script.send(one()).unwrap();
    unary(&channel, &ONCE, 1).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let shown = channel.explain().to_string();
    assert!(
        shown.starts_with("cart: 1 endpoint, shortest_delay, seen 60.0 s ago\n"),
        "{shown}"
    );
    script.send(one()).unwrap();
    quiet().await;
    let shown = channel.explain().to_string();
    assert!(shown.contains(", seen 0 µs ago\n"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_found_it_is_said_and_no_empty_table_shown() {
    let (channel, script, _) = cluster(0);
    script.send(Some(Ok(Vec::new()))).unwrap();
    unary(&channel, &ONCE, 1).await.unwrap_err();
    let shown = channel.explain().to_string();
    let mut lines = shown.lines();
    assert!(lines.next().unwrap().starts_with("cart: 0 endpoints"));
    let pick = lines.next().unwrap();
    assert!(
        pick.ends_with("found nobody that could take it at once"),
        "{shown}"
    );
    assert_eq!(lines.next(), None, "{shown}");
    let key = channel.explain_key("a").to_string();
    assert!(key.contains("no endpoints yet"), "{key}");
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_and_goes_costs_no_call_and_who_is_well_keeps_his() {
    let (channel, script, recorders) = cluster(2);
    let told = async |instances: Vec<Instance>| {
        script.send(Some(Ok(instances))).unwrap();
        // Longer than readings are gathered.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    };
    let some = async || {
        let before = ok(&recorders[1]);
        for n in 0..50 {
            unary(&channel, &ONCE, n).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        ok(&recorders[1]) - before
    };
    // The registry loses one of two that are well, and finds it again.
    let (both, one) = (|| vec![instance(1), instance(2)], || vec![instance(1)]);
    told(both()).await;
    // One that was never measured is tried within a second, at a time of the channel's own.
    let mut first = 0;
    for _ in 0..6 {
        first += some().await;
    }
    assert!(first > 0);
    told(one()).await;
    assert_eq!(some().await, 0, "once it is taken for gone");
    told(both()).await;
    // Until it is warm.
    tokio::time::sleep(std::time::Duration::from_secs(12)).await;
    for instances in [one(), both(), one(), both()] {
        told(instances).await;
        assert!(some().await > 10, "it is well, whatever the registry says");
    }
    // One that is alone in its service is restarted all the time: nobody else could take its calls.
    let (channel, script, _) = cluster(2);
    for (restart, port) in [1, 2, 1, 2, 1].into_iter().enumerate() {
        let restarted = instance(port).with_id(format!("cart-{restart}"));
        let restarted = restarted.with_slot("0").with_incarnation(restart as u64);
        script.send(Some(Ok(vec![restarted]))).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        for n in 0..20 {
            unary(&channel, &ONCE, n).await.unwrap();
        }
    }
    let shown = channel.explain().to_string();
    assert!(shown.contains("flapping"), "{shown}");
}

#[tokio::test]
async fn a_dropped_channel_that_looks_for_a_name_leaves_no_task() {
    let before = Handle::current().metrics().num_alive_tasks();
    let (channel, script, _) = cluster(2);
    script
        .send(Some(Ok(vec![instance(1), instance(2)])))
        .unwrap();
    unary(&channel, &ONCE, 1).await.unwrap();
    assert!(Handle::current().metrics().num_alive_tasks() > before + 2);
    drop(channel);
    settle("a dropped channel", || {
        Handle::current().metrics().num_alive_tasks() == before
    })
    .await;
}

/// As where a test has a runtime of its own, or a process ends one and starts the next.
#[test]
fn a_look_that_fails_in_another_runtime_replaces_nobody() {
    let servers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (channel, script, _) = {
        let _in = servers.enter();
        cluster(2)
    };
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let both = vec![instance(1), instance(2)];
    script.send(Some(Ok(both))).unwrap();
    let first = runtime();
    first
        .block_on(unary(&channel, &ONCE, 1).into_future())
        .unwrap();
    drop(first);
    script.send(Some(Err("no such zone".to_owned()))).unwrap();
    let second = runtime();
    second.block_on(async {
        let mut after = 0;
        while after < 20 {
            unary(&channel, &ONCE, 1).await.unwrap();
            let shown = channel.explain().to_string();
            assert!(shown.starts_with("cart: 2 endpoints"), "{shown}");
            after += u32::from(shown.contains("no such zone"));
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_name_has_to_be_the_only_url() {
    let two = Channel::builder("static:a:1,b:2")
        .endpoint("http://c:3")
        .build();
    let error = two.unwrap_err().to_string();
    assert!(error.contains("the channel's only URL"), "{error}");
}
