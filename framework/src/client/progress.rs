//! How far a call has come: which node it was sent to, and what its error says when its time is up.
//! It refuses to know what is done about it.

use std::sync::Arc;

use tokio::time::Instant;

use crate::call::unexecuted::Unexecuted;
use crate::call::{Payload, RawReply, Status};
use crate::endpoint::Node;

/// How far a call has come.
pub(super) struct Progress {
    started: Instant,
    stage: Stage,
    /// How often it was sent.
    attempts: u32,
    /// The node that it was sent to last.
    node: Option<Arc<Node>>,
    /// That one has refused it before it began it.
    is_refused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Begun,
    Connection,
    Stream,
    Sent,
}

impl Progress {
    /// A call that begins now.
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            stage: Stage::Begun,
            attempts: 0,
            node: None,
            is_refused: false,
        }
    }

    /// The same call, when its reply turns out to be none.
    pub(super) fn carried_on(&self) -> Self {
        Self {
            started: self.started,
            stage: Stage::Begun,
            attempts: self.attempts,
            node: self.node.clone(),
            is_refused: false,
        }
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    pub(super) fn at(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// Says how often it has been sent by now.
    pub(super) fn sent_to(&mut self, node: Arc<Node>) -> u32 {
        self.node = Some(node);
        self.is_refused = false;
        self.attempts += 1;
        self.stage = Stage::Sent;
        self.attempts
    }

    /// Was it handed to a node?
    pub(super) fn was_sent(&self) -> bool {
        self.attempts > 0
    }

    /// It was turned away.
    pub(super) fn turned_away(&mut self, how: Option<Unexecuted>) {
        self.is_refused = how == Some(Unexecuted::Refused);
    }

    /// Who has refused it: it is to go elsewhere, where there is another one.
    pub(super) fn refuser(&self) -> Option<&Arc<Node>> {
        self.node.as_ref().filter(|_| self.is_refused)
    }

    /// Was it sent to a node whose connection may go?
    pub(super) fn is_remote(&self) -> bool {
        self.node.as_ref().is_some_and(|node| node.is_remote())
    }

    /// The errors of a stream come later, and are to say as much as those of a unary call.
    pub(super) fn name(&self, mut reply: RawReply) -> RawReply {
        if let (Payload::Stream(body), Some(node)) = (&mut reply.payload, &self.node) {
            let endpoint = Arc::clone(node.name());
            *body = std::mem::take(body).of_endpoint(endpoint, self.started, self.attempts);
        }
        reply
    }

    /// Says in the error of a call who was called, how often, and how long it took.
    pub(super) fn blame(&self, status: Status) -> Status {
        let status = match &self.node {
            Some(node) if status.endpoint().is_none() => status
                .with_endpoint(Arc::clone(node.name()))
                .with_attempts(self.attempts),
            _ => status,
        };
        status.with_elapsed(self.started.elapsed())
    }

    /// The error of a call whose time is up.
    pub(super) fn late(&self) -> Status {
        let waited_for = match self.stage {
            Stage::Begun => "its turn",
            Stage::Connection => "a connection",
            Stage::Stream => "a free stream",
            Stage::Sent => "the reply",
        };
        Status::deadline_exceeded(format!(
            "the deadline passed after {:?}, while the call waited for {waited_for}",
            self.started.elapsed()
        ))
    }
}
