//! The handles by which a pipe is ended from outside, and what ends along with it where no wire is there to reset.
//! It refuses to touch the bytes in it.

use std::fmt;
use std::sync::Arc;

use tokio::task::AbortHandle;

use super::{End, Shared};
use crate::call::Status;

/// Ends a pipe from outside: what a dropped reply, a passed deadline or a failed stream does to the sender.
#[derive(Clone)]
pub(crate) struct Control(pub(super) Arc<Shared>);

impl Control {
    /// Nothing goes out any more, and the sender is told why.
    pub(crate) fn cancel(&self, status: Status) {
        self.0.end(End::Gone(status));
    }

    /// Ends the stream with `status` behind what is unsent, unless it has ended already.
    pub(crate) fn fail(&self, status: Status) {
        self.0.end(End::Finished(Err(status)));
    }

    /// Ends `along` when the writer is dropped unfinished, or now if it has been.
    pub(crate) fn end_along(&self, along: Along) {
        let mut state = self.0.lock();
        if matches!(state.end, Some(End::Abandoned)) {
            drop(state);
            along.end();
        } else {
            state.along.push(along);
        }
    }

    /// Did the stream end before its writer said so?
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.0.lock().end, Some(End::Abandoned | End::Gone(_)))
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control")
    }
}

/// What ends along with a stream of requests that is abandoned where no wire is there to reset: a task of the server,
/// and the stream of its replies.
pub(crate) struct Along {
    pub(crate) task: AbortHandle,
    pub(crate) reply: Option<Control>,
}

impl Along {
    pub(super) fn end(self) {
        if let Some(reply) = self.reply {
            reply.cancel(Status::cancelled("the caller abandoned its requests"));
        }
        self.task.abort();
    }
}
