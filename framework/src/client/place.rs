//! Where a call goes: the nodes of a channel, a free place on one of them, and the queues of calls that wait for one.
//! It refuses to choose a node by itself (`balance/`), and to say whether a call that failed goes anywhere again.

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::progress::{Progress, Stage};
use crate::balance::{Pick, RoundRobin, pick};
use crate::call::serve::{BoxFuture, Serve};
use crate::call::{RawCall, RawReply, Status};
use crate::endpoint::{Node, Table};
use crate::observe::Told;
use crate::transport::waiting::Waiting;
use crate::transport::{NoSlot, Slot};

/// The nodes of a channel, and the calls that wait for one of them.
pub(super) struct Place {
    pub(super) table: Table,
    /// Do attempt layers of the user stand around the nodes?
    pub(super) is_layered: bool,
    pub(super) turns: RoundRobin,
    pub(super) waiting: AtomicUsize,
    /// Calls that may wait at each node: for a connection, and for a free stream.
    pub(super) max_waiting: usize,
}

/// A node, and a free place of a call on it.
type Free = (Arc<Node>, Slot);

impl Place {
    pub(super) async fn attempt(
        &self,
        call: &mut RawCall,
        progress: &mut Progress,
        told: Told<'_>,
    ) -> Result<RawReply, Status> {
        let free = self.free_slot(self.turns.next());
        let (node, slot) = match free {
            Some(free) => free,
            // Boxed, so that a call which need not wait is not as large as one that does.
            None => {
                let waiting = async {
                    let _waits = told.waits();
                    self.slot(call.wait_for_ready, progress).await
                };
                Box::pin(waiting).await?
            }
        };
        let count = progress.sent_to(Arc::clone(&node));
        told.attempt(node.name(), count);
        match node.around() {
            None => slot.send(call).await,
            // The layers take the place along: a node that turns out to have none is not theirs to deal with.
            Some(layers) => {
                let mut call = call.take();
                call.extensions.insert(Reserved::new(slot));
                layers.serve(call).await
            }
        }
    }

    /// A place that is free at once, on the first ready node in turn that has one.
    fn free_slot(&self, turn: usize) -> Option<Free> {
        let set = self.table.now();
        let nodes = set.nodes();
        (0..nodes.len()).find_map(|step| {
            let node = &nodes[turn.wrapping_add(step) % nodes.len()];
            let Some(link) = node.link() else {
                // Its runtime may have ended before those of the others. When all are lost, the error is said.
                let _ = node.wake();
                return None;
            };
            Some((Arc::clone(node), link.try_reserve().ok()?))
        })
    }

    /// Waits until a call could be placed.
    pub(super) async fn ready(&self) -> Result<(), Status> {
        self.node(false, &mut Progress::new()).await.map(drop)
    }

    /// A place for a call on the next node in turn that has one.
    async fn slot(&self, wait_for_ready: bool, progress: &mut Progress) -> Result<Free, Status> {
        loop {
            let first = self.node(wait_for_ready, progress).await?;
            if let Some(free) = self.free_slot(first) {
                return Ok(free);
            }
            progress.at(Stage::Stream);
            if let Some(waited) = self.queue(first).await? {
                return Ok(waited);
            }
        }
    }

    /// Waits for a place in the first queue from `first` on that is not full; nothing when there is none any more,
    /// because the connections are closing.
    async fn queue(&self, first: usize) -> Result<Option<Free>, Status> {
        let mut full = Vec::new();
        let set = Arc::clone(&self.table.now());
        let nodes = set.nodes();
        for step in 0..nodes.len() {
            let node = &nodes[first.wrapping_add(step) % nodes.len()];
            let Some(link) = node.link() else { continue };
            match link.reserve().await {
                Ok(slot) => return Ok(Some((Arc::clone(node), slot))),
                // It may have waited long: the others are looked at anew.
                Err(NoSlot::Closing) => return Ok(None),
                Err(NoSlot::Busy | NoSlot::Full) => full.push(&**node.name()),
            }
        }
        if full.is_empty() {
            return Ok(None);
        }
        Err(self.too_many(&format!("a free stream of {}", full.join(", "))))
    }

    /// The next node in turn that is ready, or that becomes so.
    async fn node(&self, wait_for_ready: bool, progress: &mut Progress) -> Result<usize, Status> {
        let turn = self.turns.next();
        let mut waiting = None;
        loop {
            let changed = self.table.changed();
            {
                let set = self.table.now();
                let nodes = set.nodes();
                let readiness = |i: usize| nodes[i].readiness();
                match pick(nodes.len(), turn, readiness, wait_for_ready) {
                    Pick::Node(index) => return Ok(index),
                    Pick::Failing => return Err(unavailable(nodes)),
                    Pick::Wait => {}
                }
                for node in nodes {
                    node.wake()?;
                }
                if waiting.is_none() {
                    waiting = Some(self.wait(nodes)?);
                }
            }
            progress.at(Stage::Connection);
            // It was made before the states were looked at: no change since then is missed.
            changed.await;
        }
    }

    fn wait(&self, nodes: &[Arc<Node>]) -> Result<Waiting<'_>, Status> {
        let max = self.max_waiting.saturating_mul(nodes.len());
        Waiting::enter(&self.waiting, max).ok_or_else(|| {
            let names: Vec<&str> = nodes.iter().map(|node| &**node.name()).collect();
            self.too_many(&format!("a connection to {}", names.join(", ")))
        })
    }

    /// The status of a call that is one too many, and was not sent.
    fn too_many(&self, what: &str) -> Status {
        Status::unavailable(format!(
            "{} calls wait for {what} already, the most that may: send fewer at a time, or raise it with \
             `ChannelBuilder::max_waiting`",
            self.max_waiting
        ))
    }
}

fn unavailable(nodes: &[Arc<Node>]) -> Status {
    let reasons: Vec<String> = nodes
        .iter()
        .filter_map(|node| node.failure())
        .map(|failure| failure.to_string())
        .collect();
    Status::unavailable(reasons.join("; "))
}

/// The place of a call, on its way through a node's attempt layers: for the first that asks.
#[derive(Clone)]
struct Reserved(Arc<Mutex<Option<Slot>>>);

impl Reserved {
    fn new(slot: Slot) -> Self {
        Self(Arc::new(Mutex::new(Some(slot))))
    }

    fn take(self) -> Option<Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The innermost service of a node's attempt layers.
pub(super) struct Attempt(pub(super) Weak<Node>);

impl Serve for Attempt {
    fn serve(&self, mut call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        let node = self.0.clone();
        let reserved = call.extensions.remove::<Reserved>();
        Box::pin(async move {
            if let Some(slot) = reserved.and_then(Reserved::take) {
                return slot.send(&mut call).await;
            }
            // A layer has made the call anew, or sends it once more.
            let Some(node) = node.upgrade() else {
                return Err(Status::unavailable("the endpoint is gone"));
            };
            let Some(link) = node.link() else {
                return Err(Status::unavailable(format!(
                    "{} was just lost",
                    node.name()
                )));
            };
            match link.reserve().await {
                Ok(slot) => slot.send(&mut call).await,
                Err(NoSlot::Closing) => {
                    Err(Status::unavailable(format!("{} is closing", node.name())))
                }
                Err(NoSlot::Busy | NoSlot::Full) => Err(Status::unavailable(format!(
                    "too many calls wait for a free stream of {}",
                    node.name()
                ))),
            }
        })
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.now().fmt(f)
    }
}
