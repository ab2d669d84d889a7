//! The guard of one observed call.
//! It refuses to let a call end untold: dropping it tells that the call was cancelled.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Metrics, Side};
use crate::call::body::StreamEnd;
use crate::call::{Code, MethodHandle, Payload, RawCall, RawReply, Status};

/// Whom a channel or a server tells.
#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Metrics>);

impl Observer {
    pub(crate) fn new(metrics: Arc<dyn Metrics>) -> Self {
        Self(metrics)
    }

    pub(crate) fn refused_connection(&self, reason: &'static str, detail: &dyn fmt::Display) {
        self.0.refused_connection(reason, detail);
    }

    #[cfg(feature = "policy-file")]
    pub(crate) fn policy_file(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        self.0.policy_file(side, is_taken, detail);
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls_files(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        self.0.tls_files(side, is_taken, detail);
    }
}

/// A call that has begun.
pub(crate) struct Observed {
    metrics: Arc<dyn Metrics>,
    side: Side,
    method: MethodHandle,
    started: Instant,
    told: bool,
}

impl Observed {
    /// Nothing where nobody is to be told: then it costs nothing.
    pub(crate) fn start(observer: Option<&Observer>, side: Side, call: &RawCall) -> Option<Self> {
        let Observer(metrics) = observer?;
        metrics.started(side, call.method());
        Some(Self {
            metrics: Arc::clone(metrics),
            side,
            method: call.method.clone(),
            started: Instant::now(),
            told: false,
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
        result
            .inspect_err(|status| observed.tell(status.code()))
            .map(|mut reply| {
                match reply.payload {
                    Payload::Whole(_) => observed.tell(Code::Ok),
                    Payload::Stream(body) => {
                        reply.payload = Payload::Stream(body.watched(Box::new(observed)));
                    }
                }
                reply
            })
    }

    fn tell(&mut self, code: Code) {
        self.told = true;
        self.metrics
            .ended(self.side, &self.method, code, self.started.elapsed());
    }
}

impl StreamEnd for Observed {
    fn end(mut self: Box<Self>, code: Code) {
        self.tell(code);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if !self.told {
            self.tell(Code::Cancelled);
        }
    }
}
