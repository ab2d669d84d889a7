//! A channel: the way to the endpoints of one target, and THE ORDER of the layers that a call passes on it.
//! It refuses to do what a layer does; it only says in which order they stand, and why.

mod again;
mod attempts;
mod builder;
mod call;
mod enter;
pub mod explain;
mod invoke;
mod members;
mod nodes;
mod place;
mod progress;
mod reply;
mod resend;
mod terms;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::sync::Arc;

use tokio::time::timeout_at;

use crate::call::frame::Limit;
use crate::call::serve::{BoxFuture, Serve};
use crate::call::{Compression, MethodSpec, RawCall, RawReply, ServiceSpec, Status};
use crate::discovery::Discover;
use crate::middleware::{Next, OnCall};
use crate::observe::{InSpan, Observed, Observer, Side};
use crate::overrides::{self, At, Overrides, Policies, PolicyState, Settings};
use crate::transport::memory::InProcess;
use crate::transport::target::InvalidTarget;
use place::Place;
use terms::{Bounded, Said, Terms};

pub use builder::ChannelBuilder;
pub use call::{Call, Response, WithResponse};
#[cfg(feature = "testing")]
pub(crate) use enter::DEFAULT_TIMEOUT;
pub(crate) use invoke::{bidi, client_stream, server_stream, unary};
pub use reply::Reply;

/// The way to one target. Clones share everything; dropping the last one closes its connections when their calls are
/// over.
///
/// A channel connects at its first call, keeps its connections up by itself, and sends each call to the endpoint that
/// will answer it first ([`ChannelBuilder::balance`]).
/// Its calls need a tokio runtime: elsewhere they fail with INTERNAL.
#[derive(Clone)]
pub struct Channel(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    /// The user's layers with [`Core`] innermost; nothing where there are none.
    layers: Option<Next>,
}

/// What stands below the layers of the user.
struct Core {
    on_call: Vec<OnCall>,
    observer: Observer,
    place: Arc<Place>,
    defaults: Defaults,
    /// What a file says, where there is one.
    overrides: Option<Overrides>,
}

/// What a call gets where neither it nor its method says otherwise.
#[derive(Clone, Copy, Debug)]
struct Defaults {
    timeout: Option<std::time::Duration>,
    request_limit: Limit,
    reply_limit: Limit,
    compression: Option<Compression>,
    in_process: bool,
}

impl Channel {
    /// A channel to one endpoint: `http://127.0.0.1:50051`, `http://[::1]:50051`, `unix:/run/cart.sock`;
    /// with the feature `tls` also `https://cart.example.org`, where the roots of the system are trusted.
    /// Or to all who serve a name: `local:///shop.v1.Cart` for those of this machine, and, with the feature `dns`,
    /// `dns:///cart.internal:50051`; see docs/discovery.md.
    /// It connects at its first call: only a bad URL fails here.
    ///
    /// # Errors
    /// What is wrong with the URL, and what to write instead.
    pub fn to(url: &str) -> Result<Self, InvalidTarget> {
        Self::builder(url).build()
    }

    /// A channel to set up.
    pub fn builder(url: impl Into<String>) -> ChannelBuilder {
        ChannelBuilder::new(url.into())
    }

    /// A channel to set up, to those whom `source` finds; `name` is what its logs and metrics call them.
    pub fn discover(name: &str, source: impl Discover) -> ChannelBuilder {
        ChannelBuilder::new(name.to_owned()).discover(source)
    }

    /// A channel to a server inside this process, over no socket: for tests, where it is deterministic
    /// under paused time, and for parts of one program that may be apart one day.
    ///
    /// ```
    /// let server = sinew::Server::new();
    /// let channel = sinew::Channel::in_process(server);
    /// ```
    pub fn in_process(server: impl InProcess) -> Self {
        ChannelBuilder::in_process(server)
    }

    /// Waits until a call could be sent at once, connecting if need be.
    ///
    /// # Errors
    /// UNAVAILABLE when the first try to connect has failed at each endpoint, with the reasons.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: connecting goes on in tasks of the channel.
    pub async fn ready(&self) -> Result<(), Status> {
        self.0.core.place.ready().await
    }

    /// How many rings its calls with a key have needed.
    #[cfg(feature = "testing")]
    pub(crate) fn rings_made(&self) -> u64 {
        self.0.core.place.picker.placed().rings_made()
    }

    /// What holds for calls of these services that say nothing themselves, and who says it: a table to print.
    ///
    /// ```
    /// # static SERVICE: sinew::ServiceSpec = sinew::ServiceSpec::new("shop.v1.Cart", &[]);
    /// let channel = sinew::Channel::to("http://127.0.0.1:50051").unwrap();
    /// println!("{}", channel.policies(&[&SERVICE])); // generated: `&cart::SERVICE`
    /// ```
    pub fn policies(&self, services: &[&ServiceSpec]) -> Policies {
        let core = &self.0.core;
        let methods = services.iter().flat_map(|service| service.methods());
        let settings = Settings {
            timeout: core.defaults.timeout,
            built_in: Some(enter::DEFAULT_TIMEOUT),
            max_request_bytes: core.defaults.request_limit.bytes,
            max_reply_bytes: core.defaults.reply_limit.bytes,
        };
        let methods = methods.copied();
        let run_time = core.overrides.as_ref().map(Overrides::run_time);
        overrides::show(methods, run_time, At::Client, settings)
    }

    /// What became of the file of policies, where there is one (`ChannelBuilder::policy_file`).
    pub fn policy_state(&self) -> Option<PolicyState> {
        self.0.core.overrides.as_ref().map(Overrides::state)
    }

    /// Makes a call without generated code, see [`RawCall::new`].
    ///
    /// # Errors
    /// The status that the call ended with.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call: its stream is reset, and the server drops its handler. A reply that
    /// streams is cancelled by dropping it.
    pub async fn call(&self, mut call: RawCall) -> Result<RawReply, Status> {
        enter::raw(&mut call, &self.0.core)?;
        self.run(&mut call).await
    }

    // The order, outermost first. `tests/law` compares it with ARCHITECTURE.md.
    // ORDER 0: stub — takes the call apart into policy and message; encodes once, decodes last
    // ORDER 1: Enter — deadline = the earlier of the caller's and the call's own (its option, else the file of
    //   policies, else its method's timeout, else the channel's default): above the user's layers, for they wait within
    //   it; an expired call fails without work
    // ORDER 2: layers of the user — auth, shadowing, tests: they see the call, not its attempts
    // ORDER 3: `on_call` — closures: they see the call as the layers send it, and may refuse it; no box
    // ORDER 4: Observe — the logical call: encloses all attempts, and a dropped call is counted; what Enter, a
    //   layer or `on_call` refuses is not
    // ORDER 5: Attempts — once more where no handler has seen the call; retry, hedge and failover will be this one loop
    // ORDER 6: Balance — the node that is expected to answer first, of those that are in use; nothing below sees more
    //   than one of them
    // ORDER 7: node: attempt layers of the user, connection — per endpoint; a free stream is waited for in a
    //   bounded queue, and the attempt layers hold it
    async fn run(&self, call: &mut RawCall) -> Result<RawReply, Status> {
        match &self.0.layers {
            None => self.0.core.call(call).await,
            Some(layers) => {
                let deadline = call.deadline;
                let served = layers.serve(call.take());
                match deadline {
                    None => served.await,
                    Some(deadline) => {
                        timeout_at(deadline.instant(), served)
                            .await
                            .unwrap_or_else(|_| {
                                let late = Status::deadline_exceeded(
                                    "the deadline passed in a layer of the channel",
                                );
                                Err(late.with_method(call.method.path_cow()))
                            })
                    }
                }
            }
        }
    }
}

impl Core {
    /// What holds for a call.
    fn terms(&self, said: Said, method: &MethodSpec, bounded: Bounded) -> Terms {
        let run_time = self.overrides.as_ref().map(|file| file.of(method));
        Terms::of(said, run_time.as_ref(), method, &self.defaults, bounded)
    }

    async fn call(&self, call: &mut RawCall) -> Result<RawReply, Status> {
        for on_call in &self.on_call {
            on_call(call)?;
        }
        let observed = Observed::start(&self.observer, Side::Client, call);
        let told = Observed::told(observed.as_ref());
        let running = attempts::run(&self.place, call, told);
        let result = InSpan::new(told.span(), running).await;
        Observed::finish(observed, result)
    }
}

/// The innermost service of the user's layers.
struct Innermost(Arc<Core>);

impl Serve for Innermost {
    fn serve(&self, mut call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        let core = Arc::clone(&self.0);
        Box::pin(async move { core.call(&mut call).await })
    }
}

impl tower::Service<RawCall> for Channel {
    type Response = RawReply;
    type Error = Status;
    type Future = BoxFuture<Result<RawReply, Status>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Status>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: RawCall) -> Self::Future {
        let channel = self.clone();
        Box::pin(async move { Channel::call(&channel, call).await })
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.0.core.place).finish()
    }
}
