//! A link of the tests: it answers as it is told, or never.
//! It refuses to exist outside of tests.

use std::sync::Arc;

use super::{NoSlot, NotProbed};
use crate::call::{RawCall, RawReply, Status};

/// What a scripted link does with a call.
#[derive(Clone)]
pub(crate) enum Scripted {
    /// Answers at once.
    Answers(Answer),
    /// Has no free place, and then answers as soon as it is waited for.
    Busy(Answer),
    /// Has no free place, and too many wait for one.
    Full,
    /// Takes the call and never answers.
    Hangs,
    /// Takes no more calls, and its keeper has not heard of it yet.
    Closing,
}

type Answer = Arc<dyn Fn(RawCall) -> Result<RawReply, Status> + Send + Sync>;

impl Scripted {
    pub(crate) fn try_reserve(&self) -> Result<Self, NoSlot> {
        match self {
            Self::Busy(_) | Self::Full => Err(NoSlot::Busy),
            Self::Answers(_) | Self::Hangs | Self::Closing => self.reserve(),
        }
    }

    pub(crate) fn reserve(&self) -> Result<Self, NoSlot> {
        match self {
            Self::Closing => Err(NoSlot::Closing),
            Self::Full => Err(NoSlot::Full),
            Self::Answers(_) | Self::Busy(_) | Self::Hangs => Ok(self.clone()),
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        matches!(self, Self::Closing)
    }

    pub(crate) async fn probe(self) -> Result<(), NotProbed> {
        match self {
            Self::Answers(_) => Ok(()),
            Self::Busy(_) | Self::Full => Err(NotProbed::NoSlot(NoSlot::Busy)),
            Self::Closing => Err(NotProbed::NoSlot(NoSlot::Closing)),
            Self::Hangs => std::future::pending().await,
        }
    }

    pub(crate) async fn send(self, call: RawCall) -> Result<RawReply, Status> {
        match self {
            Self::Answers(answer) | Self::Busy(answer) => answer(call),
            Self::Full | Self::Hangs | Self::Closing => std::future::pending().await,
        }
    }
}
