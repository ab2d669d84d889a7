//! The guard of one observed call, and what is told of its attempts.
//! It refuses to let a call end untold: dropping it tells that the call was cancelled.

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Span;

use super::handles::Handle;
use super::{CallEnd, Observer, Side, log};
use crate::call::body::StreamEnd;
use crate::call::unexecuted::Unexecuted;
use crate::call::{Code, MethodHandle, Payload, RawCall, RawReply, Status};

/// A call that has begun. Its handle is borrowed while the call's future lives, and owned by a stream.
pub(crate) struct Observed<H: Borrow<Handle>> {
    handle: Option<H>,
    span: Span,
    side: Side,
    method: MethodHandle,
    started: Instant,
    refused: Option<&'static str>,
    is_told: bool,
}

impl<'a> Observed<&'a Handle> {
    /// Nothing where nobody is to be told: then it costs next to nothing.
    pub(crate) fn start(observer: &'a Observer, side: Side, call: &RawCall) -> Option<Self> {
        let handle = observer.method(side, &call.method);
        let span = match side {
            Side::Client => log::call_span(call),
            Side::Server => log::serve_span(call),
        };
        let is_logged = !span.is_disabled() || (side == Side::Server && log::logs_failures());
        if handle.is_none() && !is_logged {
            return None;
        }
        if let Some(handle) = handle {
            handle.started();
        }
        Some(Self {
            handle,
            span,
            side,
            method: call.method.clone(),
            started: Instant::now(),
            refused: None,
            is_told: false,
        })
    }

    /// The result is here; a stream goes on being observed to its end.
    pub(crate) fn finish(
        observed: Option<Self>,
        result: Result<RawReply, Status>,
    ) -> Result<RawReply, Status> {
        let Some(mut observed) = observed else {
            return result;
        };
        match result {
            Err(status) => {
                observed.tell(status.code(), Some(&status));
                Err(status)
            }
            Ok(mut reply) => {
                match reply.payload {
                    Payload::Whole(_) => observed.tell(Code::Ok, None),
                    Payload::Stream(body) => {
                        let watch = Box::new(observed.into_owned());
                        reply.payload = Payload::Stream(body.watched(watch));
                    }
                }
                Ok(reply)
            }
        }
    }

    fn into_owned(mut self) -> Observed<Handle> {
        // It goes on being told by another.
        self.is_told = true;
        Observed {
            handle: self.handle.map(Arc::clone),
            span: self.span.clone(),
            side: self.side,
            method: self.method.clone(),
            started: self.started,
            refused: self.refused,
            is_told: false,
        }
    }

    /// Why a server does nothing for the call.
    pub(crate) fn refuse(observed: &mut Option<Self>, reason: &'static str) {
        if let Some(observed) = observed {
            observed.refused = Some(reason);
        }
    }

    /// The span in which work for the call is done.
    pub(crate) fn span(&self) -> Option<&Span> {
        (!self.span.is_disabled()).then_some(&self.span)
    }

    /// Whom the attempts of the call are told to.
    pub(crate) fn told(observed: Option<&Self>) -> Told<'_> {
        Told {
            handle: observed.and_then(|observed| observed.handle),
            span: observed.and_then(Self::span),
        }
    }
}

impl<H: Borrow<Handle>> Observed<H> {
    fn tell(&mut self, code: Code, status: Option<&Status>) {
        self.is_told = true;
        let elapsed = self.started.elapsed();
        if let Some(handle) = &self.handle {
            let refused = self.refused;
            handle.borrow().ended(&CallEnd {
                code,
                elapsed,
                refused,
            });
        }
        log::ended(&self.span, code, elapsed);
        if let (Side::Server, Some(status)) = (self.side, status) {
            log::failed(&self.span, &self.method, status);
        }
    }
}

impl StreamEnd for Observed<Handle> {
    fn end(mut self: Box<Self>, code: Code, status: Option<&Status>) {
        self.tell(code, status);
    }
}

impl<H: Borrow<Handle>> Drop for Observed<H> {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell(Code::Cancelled, None);
        }
    }
}

/// Whom the attempts of a call are told to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told<'a> {
    handle: Option<&'a Handle>,
    span: Option<&'a Span>,
}

impl<'a> Told<'a> {
    /// The span of the call, where there is one.
    pub(crate) fn span(self) -> Option<&'a Span> {
        self.span
    }

    /// The call is handed to a connection of `endpoint`, for the `count`th time.
    pub(crate) fn attempt(self, endpoint: &str, count: u32) {
        if let Some(handle) = self.handle {
            handle.attempt();
        }
        if let Some(span) = self.span {
            log::attempt(span, endpoint, count);
        }
    }

    /// The call is sent once more, as it was turned away unexecuted.
    pub(crate) fn again(self, how: Option<Unexecuted>) {
        if let (Some(handle), Some(how)) = (self.handle, how) {
            handle.sent_again(how.as_str());
        }
    }

    /// The call waits for as long as what is returned lives.
    pub(crate) fn waits(self) -> Waits {
        if let Some(handle) = self.handle {
            handle.waiting();
        }
        Waits(
            self.handle
                .map(|handle| (Arc::clone(handle), Instant::now())),
        )
    }

    /// The same for a call that outlives its future.
    pub(crate) fn teller(self) -> Teller {
        Teller {
            handle: self.handle.cloned(),
            span: self.span.cloned(),
        }
    }
}

/// Whom the attempts of a stream are told to.
pub(crate) struct Teller {
    handle: Option<Handle>,
    span: Option<Span>,
}

impl Teller {
    pub(crate) fn told(&self) -> Told<'_> {
        Told {
            handle: self.handle.as_ref(),
            span: self.span.as_ref(),
        }
    }
}

/// A call that waits at its client.
pub(crate) struct Waits(Option<(Handle, Instant)>);

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some((handle, since)) = &self.0 {
            let elapsed: Duration = since.elapsed();
            handle.waited(elapsed);
        }
    }
}
