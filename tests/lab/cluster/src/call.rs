//! The client: calls that come at random, however long those before them take.
//!
//! It judges nothing; it knows no more of a server than its address.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use lab_common::{
    Calls, CallsReport, Chooser, DEADLINE, Event, Failure, Recorder, process_cpu, tell,
};
use sinew::{Channel, Status, balance::Balance};
use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    pb::{EchoMsg, echo},
    random::Random,
    tower::Tower,
};

/// Who chooses the server of each call.
#[derive(Clone)]
enum Caller {
    Channel(echo::Client),
    Tower(Tower),
}

/// What is seen of calls.
struct Seen {
    latencies: Recorder,
    failed: AtomicU64,
}

pub(crate) async fn run(calls: Calls) -> Result<(), Failure> {
    let caller = Caller::connect(&calls).await?;
    let seen = Arc::new(Seen {
        latencies: Recorder::new()?,
        failed: AtomicU64::new(0),
    });
    // Each call under way holds one; when the last is gone, all have ended.
    let (under_way, mut ended) = mpsc::channel::<()>(1);
    let (seeing, runtime) = (Arc::clone(&seen), Handle::current());
    let pacer = thread::spawn(move || {
        let mut random = Random::new(calls.seed);
        let mean = Duration::from_secs_f64(calls.per_second.recip());
        let began = Instant::now();
        let measured = began + calls.warm_up;
        let until = measured + calls.window;
        let mut before = None;
        let mut at = began;
        loop {
            at += random.exponential(mean);
            if at >= until {
                break;
            }
            // A thread sleeps to some tens of microseconds, a timer of tokio's to a millisecond.
            thread::sleep(at.saturating_duration_since(Instant::now()));
            let is_measured = at >= measured;
            if is_measured && before.is_none() {
                before = Some(process_cpu());
                tell(&Event::Measuring);
            }
            let caller = caller.clone();
            let (seen, under_way) = (Arc::clone(&seeing), under_way.clone());
            runtime.spawn(async move {
                let _under_way = under_way;
                let began = Instant::now();
                let ended = caller.call().await;
                match ended {
                    _ if !is_measured => {}
                    Ok(()) => seen.latencies.record(began.elapsed()),
                    Err(_) => {
                        seen.failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        process_cpu() - before.unwrap_or_default()
    });
    ended.recv().await;
    let used = pacer.join().map_err(|_| Failure::new("the pacer died"))?;
    tell(&Event::Called(CallsReport {
        latencies: seen.latencies.latencies(),
        failed: seen.failed.load(Ordering::Relaxed),
        used,
    }));
    Ok(())
}

impl Caller {
    async fn connect(calls: &Calls) -> Result<Self, Failure> {
        let mut urls = calls
            .servers
            .iter()
            .map(|server| format!("http://{server}"));
        if calls.chooser == Chooser::Tower {
            return Ok(Self::Tower(Tower::connect(urls).await?));
        }
        let first = urls.next().ok_or_else(|| Failure::new("no servers"))?;
        let mut channel = Channel::builder(first);
        for url in urls {
            channel = channel.endpoint(url);
        }
        channel = match calls.chooser {
            Chooser::PeakEwma => channel.balance(Balance::peak_ewma()),
            Chooser::RoundRobin => channel.balance(Balance::round_robin()),
            Chooser::Ours | Chooser::Tower => channel,
        };
        let channel = channel.build()?;
        channel.ready().await?;
        Ok(Self::Channel(echo::Client::new(channel)))
    }

    async fn call(&self) -> Result<(), Status> {
        match self {
            Self::Channel(client) => {
                client.unary(message()).timeout(DEADLINE).await?;
            }
            Self::Tower(tower) => {
                tower.call(message()).await?;
            }
        }
        Ok(())
    }
}

fn message() -> EchoMsg {
    EchoMsg {
        payload: vec![0x5a; 16],
        id: 1,
        shard: 2,
        flags: 3,
    }
}
