//! A server: many services on one port, and THE ORDER of the layers that a call passes on its way to its handler.
//! It refuses to do what a layer does; it only says in which order they stand, and why.

mod accept;
mod activity;
mod admit;
mod builder;
mod built_in;
mod drain;
mod ending;
mod fallback;
mod handle;
mod http;
mod in_process;
mod ingress;
mod inline;
mod listen;
mod load;
mod registered;
mod reply;
mod route;
#[cfg(feature = "tls")]
mod secure;
mod settings;
mod skeleton;
mod sniff;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::call::frame::Limit;
use crate::call::intake::Intake;
use crate::call::{Code, Compression, RawCall, RawReply, Status, code_of};
use crate::middleware::{Next, OnCall};
use crate::observe::{InSpan, Observed, Observer, Side};
use crate::services::health::Health;
use load::{InFlight, Reports};
use route::{Caught, Guarded, Routes};

pub use builder::{IntoServices, Server};
pub use handle::{Dispatch, Handling, ReplyContext, ServerCall};
pub use http::HttpService;
pub use listen::Bound;
pub use load::ServerLoad;
pub use reply::StreamReply;
pub use skeleton::Skeleton;

/// A server, assembled: what every connection and every mount of it shares.
pub(crate) struct Stack {
    pub(crate) routes: Arc<Routes>,
    observer: Observer,
    on_call: Vec<OnCall>,
    /// The user's layers with [`Routes`] innermost; nothing where there are none.
    layers: Option<Next>,
    pub(crate) health: Health,
    load: Arc<Reports>,
    /// Where it is to be found while it listens.
    registries: registered::Opened,
    pub(crate) request_limit: Limit,
    /// What requests that are not whole yet share.
    pub(crate) intake: Arc<Intake>,
    /// What its connections begin with, where they do; a mount of it leaves that to its host.
    #[cfg(feature = "tls")]
    tls: Option<secure::Secure>,
    /// How replies are compressed for those who take it.
    pub(crate) compression: Option<Compression>,
}

impl Stack {
    /// Do its connections begin with TLS?
    fn is_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    // The order, outermost first. `tests/law` compares it with ARCHITECTURE.md.
    // ORDER 0: listen, TLS, HTTP/2 — no other protocol comes through; caps on connections, and on the streams,
    //   header bytes, unread bytes, control frames and idle time of each
    // ORDER 1: Ingress — head → context and method by one lookup; nothing is decoded; what it cannot take
    //   is answered here, uncounted
    // ORDER 2: Observe — above admission: refusals are counted, each with its code
    // ORDER 3: Admit — an expired call is refused before its body is read: a refusal must be the cheapest thing
    //   a server does; what is admitted is counted as in flight
    // ORDER 4: `on_call` — closures: they see each admitted call before the layers do, and may refuse it; no box;
    //   probes of health, which have no credentials, pass by these and the layers
    // ORDER 5: layers of the user — auth, quota, tenancy: they see only admitted calls, those of unknown methods
    //   among them
    // ORDER 6: Route → skeleton — the service's own layers; decode, handler under its deadline, panics caught,
    //   encode
    pub(crate) async fn serve(&self, call: &mut RawCall) -> Result<RawReply, Status> {
        let mut observed = Observed::start(&self.observer, Side::Server, call);
        let result = match admit::admit(call) {
            Ok(()) => {
                let method = call.method.clone();
                let is_probe = self.routes.is_probe(call);
                let in_flight = (!is_probe).then(|| InFlight::enter(&self.load.meter));
                let is_known = call.route.is_some() || self.routes.has_fallback();
                let span = observed.as_ref().and_then(Observed::span);
                // Here as well as around all of it: a panic is counted as what the caller gets.
                let caught = Caught::new(method, self.admitted(call, is_probe));
                let mut result = InSpan::new(span, caught).await;
                if !is_known && code_of(&result) == Code::Unimplemented {
                    Observed::refuse(&mut observed, "unknown_method");
                }
                if let Some(in_flight) = in_flight {
                    in_flight.finish(&mut result);
                }
                result
            }
            Err(status) => {
                Observed::refuse(&mut observed, "expired");
                Err(status)
            }
        };
        Observed::finish(observed, result)
    }

    async fn admitted(&self, call: &mut RawCall, is_probe: bool) -> Result<RawReply, Status> {
        if !is_probe {
            for on_call in &self.on_call {
                on_call(call)?;
            }
        }
        match &self.layers {
            // A layer may call others, as a handler does: within the caller's time, with its trace, and what
            // they say of themselves stays here.
            Some(layers) if !is_probe => {
                let (method, ambient) = (call.method.clone(), call.ambient());
                Guarded::new(method, ambient, async { layers.serve(call.take()).await })
                    .await
                    .map_err(Status::for_caller)
            }
            _ => self.routes.serve(call).await,
        }
    }
}
