//! Where a call goes: the nodes of a channel, a free place on one of them, and the queues of calls that wait for one.
//! It refuses to choose a node by itself (`balance/`), and to say whether a call that failed goes anywhere again.

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::time::Instant;

use super::explain::{self, Samples};
use super::members::{Members, Nobody};
use super::progress::{Progress, Stage};
use crate::balance::{Asks, Hope, Picker, hope};
use crate::call::key::hash::KeyHash;
use crate::call::serve::{BoxFuture, Serve};
use crate::call::{Idempotency, Payload, RawCall, RawReply, Shape, Status};
use crate::endpoint::{EndpointSet, InFlight, Node, Table};
use crate::observe::Told;
use crate::transport::waiting::Waiting;
use crate::transport::{NoSlot, Slot};

/// The nodes of a channel, and the calls that wait for one of them.
pub(super) struct Place {
    pub(super) table: Arc<Table>,
    /// Who they are, where they are found under a name.
    pub(super) members: Option<Members>,
    /// Do attempt layers of the user stand around the nodes?
    pub(super) is_layered: bool,
    pub(super) picker: Arc<Picker>,
    /// Picks of late, a few of them.
    pub(super) samples: Samples,
    pub(super) waiting: AtomicUsize,
    /// Calls that may wait at each node: for a connection, and for a free stream.
    pub(super) max_waiting: usize,
}

/// A node, and a free place of a call on it.
type Free = (Arc<Node>, Slot);

/// What of a call decides where it goes.
#[derive(Clone, Copy, Default)]
pub(super) struct Wants {
    wait_for_ready: bool,
    is_repeatable: bool,
    key: Option<u64>,
}

impl Wants {
    fn of(call: &RawCall) -> Self {
        Self {
            wait_for_ready: call.wait_for_ready,
            is_repeatable: call.method.idempotency() != Idempotency::Unsafe,
            key: call.key.map(KeyHash::get),
        }
    }
}

impl Place {
    pub(super) async fn attempt(
        &self,
        call: &mut RawCall,
        progress: &mut Progress,
        told: Told<'_>,
    ) -> Result<RawReply, Status> {
        let wants = Wants::of(call);
        let free = self.free_slot(wants, progress.refuser());
        let (node, slot) = match free {
            Some(free) => free,
            // Boxed, so that a call which need not wait is not as large as one that does.
            None => {
                let waiting = async {
                    let _waits = told.waits();
                    self.slot(wants, progress).await
                };
                Box::pin(waiting).await?
            }
        };
        let count = progress.sent_to(Arc::clone(&node));
        told.attempt(node.name(), count);
        let since = self.began(progress);
        let is_unary = call.method.shape() == Shape::Unary;
        let in_flight = InFlight::begin(Arc::clone(&node), since, call.deadline, is_unary);
        let reply = match node.around() {
            None => slot.send(call).await,
            // The layers take the place along: a node that turns out to have none is not theirs to deal with.
            Some(layers) => {
                let mut call = call.take();
                call.extensions.insert(Reserved::new(slot));
                layers.serve(call).await
            }
        };
        match reply {
            Ok(mut reply) => {
                match &mut reply.payload {
                    // In flight until its end.
                    Payload::Stream(body) => {
                        *body = std::mem::take(body).watched(Box::new(in_flight));
                    }
                    Payload::Whole(_) => in_flight.settle(Ok(())),
                }
                Ok(reply)
            }
            Err(status) => {
                in_flight.settle(Err(&status));
                Err(status)
            }
        }
    }

    /// When an attempt that is sent now began. Who has one endpoint measures nothing.
    fn began(&self, progress: &Progress) -> Instant {
        if self.table.fleet().is_judged() {
            Instant::now()
        } else {
            progress.started()
        }
    }

    /// A place that is free at once: on the node that the call is best sent to, or on another one that is ready. Who
    /// has refused the call is asked last.
    fn free_slot(&self, wants: Wants, refuser: Option<&Arc<Node>>) -> Option<Free> {
        let set = self.table.now();
        let first = self.pick(&set, wants);
        let nodes = set.nodes();
        let has_refused = |node: &Arc<Node>| refuser.is_some_and(|it| Arc::ptr_eq(it, node));
        let free = |node: &Arc<Node>| Some((Arc::clone(node), free_on(node)?));
        if let Some(first) = first {
            let node = &nodes[first];
            if nodes.len() == 1 || !has_refused(node) {
                if let Some(free) = free(node) {
                    return Some(free);
                }
                // It may have been lost just now, or its runtime may have ended before those of the others.
                let _ = node.wake();
            }
        }
        if nodes.len() < 2 {
            return None;
        }
        let others = self.picker.stand_ins(&set, &self.asks(wants));
        let mut others = others.into_iter().map(|index| &nodes[index]);
        let other = others.find_map(|node| (!has_refused(node)).then(|| free(node)).flatten());
        other.or_else(|| free(nodes.iter().find(|node| has_refused(node))?))
    }

    fn pick(&self, set: &EndpointSet, wants: Wants) -> Option<usize> {
        // Nothing is compared where there is nothing to choose from: no clock is read.
        if set.nodes().len() == 1 {
            return Some(0);
        }
        if self.table.fleet().lacks_judge() {
            self.wake();
        }
        if wants.key.is_some() {
            self.table.fleet().keep_load();
        }
        let asks = self.asks(wants);
        let turn = self.picker.turn();
        let picked = self.picker.pick(set, &asks, turn);
        if self.samples.is_due(turn) {
            let considered = self.picker.consider(set, &asks);
            self.samples
                .add(explain::picked(set, &considered, picked, wants.key));
        }
        picked
    }

    /// What a pick is to know besides the nodes.
    pub(super) fn asks(&self, wants: Wants) -> Asks {
        let fleet = self.table.fleet();
        let now = fleet.moment(Instant::now());
        Asks {
            is_repeatable: wants.is_repeatable,
            key: wants.key,
            ..Asks::new(fleet, self.picker.balance(), now)
        }
    }

    /// Waits until a call could be placed.
    pub(super) async fn ready(&self) -> Result<(), Status> {
        self.node(false, &mut Progress::new()).await
    }

    /// A place for a call, as soon as a node has one.
    async fn slot(&self, wants: Wants, progress: &mut Progress) -> Result<Free, Status> {
        loop {
            self.node(wants.wait_for_ready, progress).await?;
            if let Some(free) = self.free_slot(wants, progress.refuser()) {
                return Ok(free);
            }
            progress.at(Stage::Stream);
            if let Some(waited) = self.queue(wants).await? {
                return Ok(waited);
            }
        }
    }

    /// Waits for a place in the first queue that is not full: that of the key's owner, or of those that may take the
    /// call; nothing when there is none any more, because the connections are closing.
    async fn queue(&self, wants: Wants) -> Result<Option<Free>, Status> {
        let mut full = Vec::new();
        let set = Arc::clone(&self.table.now());
        let nodes = set.nodes();
        let asks = self.asks(wants);
        let owner = wants
            .key
            .and_then(|key| self.picker.owner(&set, key, &asks));
        let mut queues = self.picker.queues(&set, &asks);
        if queues.is_empty() {
            // All that are connected are out of use: there is no better one.
            queues = (0..nodes.len()).collect();
        }
        queues.retain(|index| Some(*index) != owner);
        for index in owner.into_iter().chain(queues) {
            let node = &nodes[index];
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

    /// Waits until a node is ready.
    async fn node(&self, wait_for_ready: bool, progress: &mut Progress) -> Result<(), Status> {
        self.wake();
        let mut waiting = None;
        loop {
            let changed = self.table.changed();
            {
                let set = self.table.now();
                let nodes = set.nodes();
                let readiness = |i: usize| nodes[i].readiness();
                match hope(nodes.len(), readiness, wait_for_ready) {
                    Hope::Now => return Ok(()),
                    Hope::Soon => {}
                    Hope::Nothing => match self.nobody(nodes) {
                        Nobody::Yet => {}
                        Nobody::Found(status) => return Err(status),
                    },
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

    /// Sees to it that endpoints are found and judged.
    fn wake(&self) {
        self.table.wake();
        if let Some(members) = &self.members {
            members.wake();
        }
    }

    /// Why no call can be sent.
    fn nobody(&self, nodes: &[Arc<Node>]) -> Nobody {
        match &self.members {
            Some(members) if nodes.is_empty() => members.nobody(),
            _ => Nobody::Found(unavailable(nodes)),
        }
    }

    fn wait(&self, nodes: &[Arc<Node>]) -> Result<Waiting<'_>, Status> {
        // While nobody is found, as for one.
        let max = self.max_waiting.saturating_mul(nodes.len().max(1));
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

/// A place on a node, if one is free at once.
fn free_on(node: &Node) -> Option<Slot> {
    node.link()?.try_reserve().ok()
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
