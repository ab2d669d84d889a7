//! How far a call has come: which node it was sent to, and what its error says when its time is up.
//! It refuses to know what is done about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};

use tokio::time::Instant;

use super::place::Place;
use crate::call::{Payload, RawReply, Status};
use crate::endpoint::Node;

/// How far a call has come.
pub(super) struct Progress {
    started: Instant,
    stage: AtomicU8,
    /// How often it was sent.
    attempts: AtomicU32,
    /// The node that it was sent to last, plus one.
    node: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Connection = 1,
    Stream = 2,
    Sent = 3,
}

impl Progress {
    /// A call that begins now.
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            stage: AtomicU8::new(0),
            attempts: AtomicU32::new(0),
            node: AtomicUsize::new(0),
        }
    }

    /// The same call, when its reply turns out to be none.
    pub(super) fn carried_on(&self) -> Self {
        let attempts = self.attempts.load(Ordering::Relaxed);
        Self {
            started: self.started,
            attempts: AtomicU32::new(attempts),
            ..Self::new()
        }
    }

    pub(super) fn at(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// Says how often it has been sent by now.
    pub(super) fn sent_to(&self, index: usize) -> u32 {
        self.node.store(index + 1, Ordering::Relaxed);
        let attempts = self.attempts.load(Ordering::Relaxed) + 1;
        self.attempts.store(attempts, Ordering::Relaxed);
        self.at(Stage::Sent);
        attempts
    }

    fn node<'a>(&self, place: &'a Place) -> Option<&'a Arc<Node>> {
        let index = self.node.load(Ordering::Relaxed).checked_sub(1)?;
        place.nodes.get(index)
    }

    /// Was it sent to a node whose connection may go?
    pub(super) fn is_remote(&self, place: &Place) -> bool {
        self.node(place).is_some_and(|node| node.is_remote())
    }

    /// The errors of a stream come later, and are to say as much as those of a unary call.
    pub(super) fn name(&self, place: &Place, mut reply: RawReply) -> RawReply {
        if let (Payload::Stream(body), Some(node)) = (&mut reply.payload, self.node(place)) {
            let attempts = self.attempts.load(Ordering::Relaxed);
            let endpoint = Arc::clone(node.name());
            *body = std::mem::take(body).of_endpoint(endpoint, self.started, attempts);
        }
        reply
    }

    /// Says in the error of a call who was called, how often, and how long it took.
    pub(super) fn blame(&self, place: &Place, status: Status) -> Status {
        let status = match self.node(place) {
            Some(node) if status.endpoint().is_none() => status
                .with_endpoint(Arc::clone(node.name()))
                .with_attempts(self.attempts.load(Ordering::Relaxed)),
            _ => status,
        };
        status.with_elapsed(self.started.elapsed())
    }

    /// The error of a call whose time is up.
    pub(super) fn late(&self) -> Status {
        let stage = self.stage.load(Ordering::Relaxed);
        let waited_for = match stage {
            s if s == Stage::Connection as u8 => "a connection",
            s if s == Stage::Stream as u8 => "a free stream",
            s if s == Stage::Sent as u8 => "the reply",
            _ => "its turn",
        };
        Status::deadline_exceeded(format!(
            "the deadline passed after {:?}, while the call waited for {waited_for}",
            self.started.elapsed()
        ))
    }
}
