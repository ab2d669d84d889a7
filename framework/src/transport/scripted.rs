//! A link of the tests: it answers as it is told, or never.
//! It refuses to exist outside of tests.

use std::sync::Arc;

use super::NoSlot;
use crate::call::{RawCall, RawReply, Status};

/// What a scripted link does with a call.
#[derive(Clone)]
pub(crate) enum Scripted {
    /// Answers at once.
    Answers(Arc<dyn Fn(RawCall) -> Result<RawReply, Status> + Send + Sync>),
    /// Takes the call and never answers.
    Hangs,
    /// Takes no more calls, and its keeper has not heard of it yet.
    Closing,
}

impl Scripted {
    pub(crate) fn reserve(&self) -> Result<Self, NoSlot> {
        match self {
            Self::Closing => Err(NoSlot::Closing),
            Self::Answers(_) | Self::Hangs => Ok(self.clone()),
        }
    }

    pub(crate) async fn send(self, call: RawCall) -> Result<RawReply, Status> {
        match self {
            Self::Answers(answer) => answer(call),
            Self::Hangs | Self::Closing => std::future::pending().await,
        }
    }
}
