//! The server: each call takes one of a few slots for as long as its work takes, first come, first served.
//!
//! A slot sleeps: what limits a server is its slots, and not the cores that all servers of a cluster share.

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use lab_common::{Event, Failure, Slots, tell};
use sinew::{Context, Status};
use tokio::sync::Semaphore;

use crate::{
    pb::{BurnReply, BurnRequest, Echo, EchoMsg, PingReply, PingRequest, echo},
    random::Random,
};

/// tokio's timers are a millisecond apart, and none is early: they add half of one on average.
const LATE: Duration = Duration::from_micros(500);

pub(crate) async fn run(slots: Slots) -> Result<(), Failure> {
    let service = Service {
        free: Semaphore::new(slots.count),
        random: Mutex::new(Random::new(slots.seed)),
        slots,
        first: OnceLock::new(),
    };
    let bound = sinew::Server::new()
        .add(echo::server(service))
        .bind("127.0.0.1:0")
        .await?;
    let listening = bound.local_addr();
    tell(&Event::Listening(
        listening.ok_or_else(|| Failure::new("bound to no TCP address"))?,
    ));
    bound.serve().await?;
    Ok(())
}

struct Service {
    slots: Slots,
    /// Whoever waits for one is served in turn.
    free: Semaphore,
    random: Mutex<Random>,
    /// When the first call came.
    first: OnceLock<Instant>,
}

impl Echo for Service {
    async fn unary(&self, _: &Context, message: EchoMsg) -> sinew::Result<EchoMsg> {
        let first = self.first.get_or_init(Instant::now);
        if self
            .slots
            .fails_after
            .is_some_and(|after| first.elapsed() >= after)
        {
            return Err(Status::unavailable("out of order"));
        }
        let time = self.time();
        if !time.is_zero() {
            let free = self.free.acquire().await;
            let _slot = free.map_err(|_| Status::internal("the slots are gone"))?;
            tokio::time::sleep(time.saturating_sub(LATE)).await;
        }
        Ok(EchoMsg {
            id: message.id + 1,
            ..message
        })
    }

    async fn burn(&self, _: &Context, _: BurnRequest) -> sinew::Result<BurnReply> {
        Err(Status::unimplemented("nothing is burnt here"))
    }

    async fn ping(&self, _: &Context, _: PingRequest) -> sinew::Result<PingReply> {
        Ok(PingReply {})
    }
}

impl Service {
    /// How long the work of a call takes.
    fn time(&self) -> Duration {
        if self.slots.mean.is_zero() {
            return self.slots.least;
        }
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.slots.least + random.exponential(self.slots.mean)
    }
}
