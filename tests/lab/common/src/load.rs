//! The closed-loop load: so many callers, each with one call in flight.
//!
//! It measures what completes within the window and nothing of the warm-up; it never limits a rate.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::{Caller, ClientOrder, ClientReport, Failure, Meter, Peer, Recorder};

/// A load.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Load {
    /// Connections, which the callers are spread over.
    pub connections: usize,
    /// Callers with one call in flight each.
    pub in_flight: usize,
    /// What each call asks for.
    pub work: Work,
    /// One more caller beside them that pings, on the first connection.
    pub ping: bool,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Work {
    /// A payload of so many bytes, to be sent back.
    Echo {
        /// Bytes of payload each way.
        bytes: usize,
    },
    /// A handler that keeps its core busy.
    Burn {
        /// CPU time of each call.
        cpu: Duration,
    },
}

const WARM_UP: u8 = 0;
const MEASURE: u8 = 1;
const STOP: u8 = 2;

#[derive(Clone, Copy)]
enum Call {
    Work(Work),
    Ping,
}

/// Puts the ordered load on the server and measures it; `measuring` is called as the window begins.
///
/// # Errors
/// When a connection or any call fails: a rate with failures in it would mean nothing.
pub(crate) async fn run<P: Peer>(
    order: ClientOrder,
    meter: Meter,
    measuring: fn(),
) -> Result<ClientReport, Failure> {
    let phase = Arc::new(AtomicU8::new(WARM_UP));
    let (calls, pings) = (Arc::new(Recorder::new()?), Arc::new(Recorder::new()?));
    let mut callers = Vec::with_capacity(order.load.connections);
    for _ in 0..order.load.connections.max(1) {
        callers.push(P::connect(order.server, meter.clone()).await?);
    }
    let mut tasks = JoinSet::new();
    let mut spawn = |index: usize, call, recorder: &Arc<Recorder>| {
        let caller = callers[index % callers.len()].clone();
        tasks.spawn(repeat(
            caller,
            call,
            Arc::clone(&phase),
            Arc::clone(recorder),
        ));
    };
    if order.load.ping {
        spawn(0, Call::Ping, &pings);
    }
    for index in 0..order.load.in_flight {
        spawn(index, Call::Work(order.load.work), &calls);
    }

    unless_failed(&mut tasks, order.warm_up).await?;
    measuring();
    let (before, begun) = (meter.read(), Instant::now());
    phase.store(MEASURE, Ordering::Relaxed);
    unless_failed(&mut tasks, order.window).await?;
    phase.store(STOP, Ordering::Relaxed);
    let (after, window) = (meter.read(), begun.elapsed());
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(ClientReport {
        window,
        calls: calls.latencies(),
        pings: order.load.ping.then(|| pings.latencies()),
        before,
        after,
    })
}

async fn repeat<C: Caller>(
    mut caller: C,
    call: Call,
    phase: Arc<AtomicU8>,
    recorder: Arc<Recorder>,
) -> Result<(), Failure> {
    let payload = match call {
        Call::Work(Work::Echo { bytes }) => vec![0x5a; bytes],
        Call::Work(Work::Burn { .. }) | Call::Ping => Vec::new(),
    };
    let mut begun = Instant::now();
    loop {
        match call {
            Call::Work(Work::Echo { .. }) => caller.echo(&payload).await?,
            Call::Work(Work::Burn { cpu }) => caller.burn(cpu).await?,
            Call::Ping => caller.ping().await?,
        }
        let ended = Instant::now();
        match phase.load(Ordering::Relaxed) {
            WARM_UP => {}
            MEASURE => recorder.record(ended - begun),
            _ => return Ok(()),
        }
        begun = ended;
    }
}

/// Waits for `time`, or until a caller ends, which it only does by failing.
async fn unless_failed(
    tasks: &mut JoinSet<Result<(), Failure>>,
    time: Duration,
) -> Result<(), Failure> {
    match tokio::time::timeout(time, tasks.join_next()).await {
        Err(_) | Ok(None) => Ok(()),
        Ok(Some(ended)) => ended?,
    }
}
