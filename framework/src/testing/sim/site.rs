//! A node that runs: up or down, as fast as it is now, with its queue of calls.
//! It refuses to know who lists it and who calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::ask::Ask;
use super::clock;
use super::node::Node;
use super::watched::Watched;
use crate::call::{Code, RawCall, RawReply, Status};
use crate::server::Server;
use crate::transport::memory::{InProcess, InProcessLink, Local};
use crate::transport::near::End;
use crate::transport::target::Target;

/// Workers of a node that has any number.
const ANY: usize = Semaphore::MAX_PERMITS;

/// A node that runs.
pub(super) struct Site {
    pub(super) name: String,
    pub(super) index: u32,
    pub(super) target: Target,
    pub(super) node: Node,
    stretch: u32,
    condition: Arc<Watched<Condition>>,
    /// Nothing while it is down.
    life: Mutex<Option<Arc<Life>>>,
    lives: Mutex<u32>,
}

/// How a node does now.
#[derive(Clone, Copy, Debug)]
struct Condition {
    speed: f64,
    /// What others on its machine leave it.
    left: f64,
    /// What it answers at once in place of working.
    fails: Option<Code>,
}

impl Condition {
    fn speed(&self) -> f64 {
        self.speed * self.left
    }

    fn fails(&self) -> Result<(), Status> {
        let fails = |code| Err(Status::new(code, "the node fails, as the script says"));
        self.fails.map_or(Ok(()), fails)
    }
}

/// A node from its start to its end.
pub(super) struct Life {
    server: InProcessLink,
    pub(super) end: Arc<End>,
}

impl Site {
    pub(super) fn new(name: String, index: u32, target: Target, node: Node, stretch: u32) -> Self {
        let condition = Condition {
            speed: node.speed,
            left: 1.0,
            fails: None,
        };
        let site = Self {
            name,
            index,
            target,
            node,
            stretch,
            condition: Arc::new(Watched::new(condition)),
            life: Mutex::default(),
            lives: Mutex::new(0),
        };
        site.start();
        site
    }

    /// Its life, while it is up.
    pub(super) fn life(&self) -> Option<Arc<Life>> {
        lock(&self.life).clone()
    }

    /// How often it has been started.
    pub(super) fn lives(&self) -> u32 {
        *lock(&self.lives)
    }

    /// Starts it, where it is down.
    pub(super) fn start(&self) {
        let mut life = lock(&self.life);
        if life.is_some() {
            return;
        }
        let mut lives = lock(&self.lives);
        *lives += 1;
        let server = match &self.node.serves {
            Some(serves) => serves(),
            None => self.workplace(),
        };
        server.server().stretch(self.stretch);
        *life = Some(Arc::new(Life {
            server,
            end: Arc::default(),
        }));
    }

    /// Ends it as a process does that is killed.
    pub(super) fn kill(&self) {
        if let Some(life) = lock(&self.life).take() {
            life.end.tell();
        }
    }

    pub(super) fn set_speed(&self, speed: f64) {
        self.condition.set(|condition| condition.speed = speed);
    }

    pub(super) fn set_left(&self, left: f64) {
        self.condition.set(|condition| condition.left = left);
    }

    pub(super) fn set_fails(&self, fails: Option<Code>) {
        self.condition.set(|condition| condition.fails = fails);
    }

    /// Waits until it hangs.
    pub(super) async fn asleep(&self) {
        self.condition
            .until(|condition| condition.speed() <= 0.0)
            .await;
    }

    /// Does it nothing, and does not say so?
    pub(super) fn hangs(&self) -> bool {
        self.condition.get().speed() <= 0.0
    }

    /// Waits while it hangs.
    pub(super) async fn awake(&self) {
        self.condition
            .until(|condition| condition.speed() > 0.0)
            .await;
    }

    /// What a server of one's own is to answer at once. A workplace does it by itself, so that its load reports know.
    pub(super) fn fails(&self) -> Result<(), Status> {
        match &self.node.serves {
            Some(_) => self.condition.get().fails(),
            None => Ok(()),
        }
    }

    /// A server with workers.
    fn workplace(&self) -> InProcessLink {
        let place = Arc::new(Workplace {
            node: self.node.clone(),
            condition: Arc::clone(&self.condition),
            workers: Semaphore::new(match self.node.workers {
                0 => ANY,
                workers => workers.min(ANY),
            }),
        });
        let handler = move |call: RawCall| {
            let (place, ask) = (Arc::clone(&place), Ask::of(&call));
            async move { place.take(ask?).await }
        };
        Server::new().fallback(handler).into_link()
    }
}

/// Where the calls of a node are worked on.
struct Workplace {
    node: Node,
    condition: Arc<Watched<Condition>>,
    workers: Semaphore,
}

impl Workplace {
    async fn take(&self, ask: Ask) -> Result<RawReply, Status> {
        self.condition.get().fails()?;
        // It is never closed.
        let _worker = self.workers.acquire().await;
        self.work(self.node.work.draw(ask.dice) + self.node.more)
            .await;
        Ok(RawReply::new(Bytes::new()))
    }

    /// Works for as long as this takes at the speeds that the node has meanwhile.
    async fn work(&self, mut left: Duration) {
        while !left.is_zero() {
            let changed = self.condition.changed();
            let speed = self.condition.get().speed();
            if speed <= 0.0 {
                changed.await;
                continue;
            }
            let began = clock::now();
            tokio::select! {
                biased;
                () = clock::sleep(left.div_f64(speed)) => return,
                () = changed => {}
            }
            let done = clock::now().saturating_sub(began).mul_f64(speed);
            left = left.saturating_sub(done);
        }
    }
}

impl Life {
    pub(super) fn server(&self) -> &Arc<dyn Local> {
        self.server.server()
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
