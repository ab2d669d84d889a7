//! The driver of one client: it makes the calls of the load when they are due, and notes what became of them.
//! It refuses to say whom a call goes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::ask::Ask;
use super::clock;
use super::cluster::{Caller, unwind};
use super::load::{Arrivals, Load};
use super::run::Ended;
use super::world::World;
use crate::call::code_of;

/// Model time that calls have to end after the last one was made: more than the default deadline. What is left then
/// is unfinished.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Driver {
    pub(super) world: Arc<World>,
    pub(super) load: Load,
    pub(super) client: u32,
    pub(super) caller: Caller,
    /// Calls made by all clients.
    pub(super) made: Arc<AtomicU64>,
    pub(super) number: AtomicU32,
}

impl Driver {
    /// Makes the calls of the client, and waits for their ends: those that have not come in time are cut off.
    pub(super) async fn run(self, seed: u64) {
        let (driver, mut rng) = (Arc::new(self), fastrand::Rng::with_seed(seed));
        let mut calls = JoinSet::new();
        match driver.load.arrivals {
            Arrivals::Poisson(per_second) => {
                let mut at = driver.load.gap(per_second, rng.u64(..));
                while at < driver.load.lasting {
                    clock::sleep_until(at).await;
                    let Some(ask) = driver.next(&mut rng) else {
                        break;
                    };
                    let driver_of_call = Arc::clone(&driver);
                    calls.spawn(async move { driver_of_call.call(ask).await });
                    while let Some(done) = calls.try_join_next() {
                        unwind(done);
                    }
                    at = at.saturating_add(driver.load.gap(per_second, rng.u64(..)));
                }
            }
            Arrivals::Closed(all) => {
                for _ in 0..driver.load.in_flight(driver.client, all) {
                    let (driver, mut rng) = (Arc::clone(&driver), rng.fork());
                    calls.spawn(async move {
                        while clock::now() < driver.load.lasting
                            && let Some(ask) = driver.next(&mut rng)
                        {
                            let began = clock::now();
                            driver.call(ask).await;
                            // Time goes on when all wait: a loop that never does has no end.
                            if clock::now() == began {
                                let pause = driver.world.one_way.max(clock::tick());
                                clock::sleep(pause).await;
                            }
                        }
                    });
                }
                clock::sleep_until(driver.load.lasting).await;
            }
        }
        let until = clock::now() + PATIENCE;
        let ended = async {
            while let Some(done) = calls.join_next().await {
                unwind(done);
            }
        };
        tokio::select! {
            biased;
            () = ended => {}
            () = clock::sleep_until(until) => {}
        }
    }

    fn next(&self, rng: &mut fastrand::Rng) -> Option<Ask> {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        if self.load.most.is_some_and(|most| made >= most) {
            return None;
        }
        Some(Ask {
            client: self.client,
            number: self.number.fetch_add(1, Ordering::Relaxed),
            key: self.load.key(rng.u64(..)),
            dice: rng.u64(..),
            is_repeatable: self.load.is_repeatable,
        })
    }

    async fn call(&self, ask: Ask) {
        let (client, number) = (self.client, ask.number);
        let began = clock::now();
        self.world.called(client, number, began);
        let result = (self.caller)(ask).await;
        self.world.ended(Ended {
            client,
            number,
            began,
            took: clock::now() - began,
            code: code_of(&result),
        });
    }
}
