//! A server before it runs: its services, and the layers around them.
//! It refuses to open a socket before it is told where.

use std::fmt;
use std::future::Future;
use std::io;
#[cfg(feature = "policy-file")]
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tower::{Layer, Service};

use super::Stack;
use super::built_in::BuiltIn;
use super::fallback::Fallback;
use super::handle::Limits;
use super::http::HttpService;
use super::listen::{self, Bound};
use super::load::{Reports, ServerLoad, To};
use super::registered::Registries;
use super::route::Routes;
#[cfg(feature = "tls")]
use super::secure::Secure;
use super::settings::Settings;
use super::skeleton::Skeleton;
use crate::call::frame::{DEFAULT_MAX_MESSAGE_BYTES, Limit};
use crate::call::{Compression, RawCall, RawReply, Status};
use crate::discovery::{Register, Registry};
use crate::middleware::{Layers, Next, OnCall};
use crate::observe::{Metrics, Observer, Side};
#[cfg(feature = "policy-file")]
use crate::overrides::InvalidPolicy;
use crate::overrides::{self, At, Loaded, Overrides, Policies};
#[cfg(feature = "tls")]
use crate::transport::tls::ServerTls;

/// A server of one or many services.
///
/// ```no_run
/// # async fn f(greeter: sinew::Skeleton) -> std::io::Result<()> {
/// let server = sinew::Server::new().add(greeter).bind("127.0.0.1:0").await?;
/// println!("listening on {}", server.url());
/// server.serve().await
/// # }
/// ```
#[must_use = "a server does nothing until it is served"]
pub struct Server {
    skeletons: Vec<Skeleton>,
    layers: Layers,
    on_call: Vec<OnCall>,
    fallback: Option<Next>,
    observer: Observer,
    max_request_bytes: usize,
    max_reply_bytes: usize,
    compression: Option<Compression>,
    policy: Option<Loaded>,
    load: ServerLoad,
    reports_to: To,
    pub(super) built_in: BuiltIn,
    registries: Registries,
    #[cfg(feature = "tls")]
    tls: Option<ServerTls>,
    pub(super) settings: Settings,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            skeletons: Vec::new(),
            layers: Layers::default(),
            on_call: Vec::new(),
            fallback: None,
            observer: Observer::default(),
            max_request_bytes: DEFAULT_MAX_MESSAGE_BYTES,
            max_reply_bytes: DEFAULT_MAX_MESSAGE_BYTES,
            compression: None,
            policy: None,
            load: ServerLoad::default(),
            reports_to: To::default(),
            built_in: BuiltIn::default(),
            registries: Registries::default(),
            #[cfg(feature = "tls")]
            tls: None,
            settings: Settings::default(),
        }
    }
}

impl Server {
    /// A server without services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service, or several.
    #[expect(
        clippy::should_implement_trait,
        reason = "what a server is built of, not arithmetic"
    )]
    pub fn add(mut self, services: impl IntoServices) -> Self {
        self.skeletons.extend(services.into_services());
        self
    }

    /// Adds a layer around all services. The first one added is the outermost.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Next> + Send + Sync + 'static,
        L::Service: Service<RawCall, Response = RawReply> + Clone + Send + Sync + 'static,
        <L::Service as Service<RawCall>>::Error: Into<Status>,
        <L::Service as Service<RawCall>>::Future: Send,
    {
        self.layers.push(layer);
        self
    }

    /// The smallest middleware: sees each call before the layers do, and may refuse it. Costs no box.
    pub fn on_call<F>(mut self, f: F) -> Self
    where
        F: Fn(&mut RawCall) -> Result<(), Status> + Send + Sync + 'static,
    {
        self.on_call.push(Arc::new(f));
        self
    }

    /// Handles calls of methods that no service has, with their messages as they came:
    /// [`RawCall::read_message`] gives the bytes of the request, [`RawReply::new`] takes those of the reply.
    pub fn fallback<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(RawCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<RawReply, Status>> + Send + 'static,
    {
        self.fallback = Some(Next::new(Fallback(handler)));
        self
    }

    /// Tells `metrics` of every call.
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.observer = Observer::new(metrics);
        self
    }

    /// The largest request that is taken, in bytes, where its method in the IDL says nothing; 4 MiB unless set.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.max_request_bytes = bytes;
        self
    }

    /// The largest reply that is sent, in bytes; 4 MiB unless set.
    pub fn max_reply_bytes(mut self, bytes: usize) -> Self {
        self.max_reply_bytes = bytes;
        self
    }

    /// Compresses replies for callers that take it; the others get them as they are: see [`Compression`]. Nothing is
    /// compressed unless set, nor in process. What is built in is taken from callers in any case.
    ///
    /// A handler says of a reply that it stays as it is ([`crate::Context::without_compression`],
    /// [`crate::Outbound::compress`]).
    pub fn compress(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Reads a file that says more of methods than they declare, in the format of gRPC's service config, as JSON. Of it
    /// `maxRequestMessageBytes` acts at a server, in place of what the IDL and this server say; timeouts are the
    /// client's, which sends the deadline.
    ///
    /// The file is read again every two seconds: calls that begin later have what it says then. What is wrong or gone
    /// changes nothing: what was good goes on to hold, and [`Bound::policy_state`] and [`Metrics::policy_file`] say so.
    /// The last file given counts. A name that nothing here has warns there, where it is nearly one that is served.
    ///
    /// # Errors
    /// All that is wrong with the file as it is now, each with its place.
    #[cfg(feature = "policy-file")]
    pub fn policy_file(mut self, path: impl AsRef<Path>) -> Result<Self, InvalidPolicy> {
        self.policy = Some(Loaded::read(path.as_ref().to_owned())?);
        Ok(self)
    }

    /// Speaks TLS on all connections of TCP and on those that come from elsewhere: it takes no others then. How many
    /// handshakes may go on at once is bounded by [`Server::max_connections`], and each has to end, with the first
    /// bytes of HTTP/2, within 10 s.
    ///
    /// ```no_run
    /// # async fn f(greeter: sinew::Skeleton) -> std::io::Result<()> {
    /// let tls = sinew::tls::ServerTls::from_pem_files("server.pem", "server.key")?;
    /// sinew::Server::new().add(greeter).tls(tls).serve("0.0.0.0:50051").await
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The handle of how busy this server is: to see it, and to say what it cannot know by itself.
    pub fn load(&self) -> ServerLoad {
        self.load.clone()
    }

    /// Tells every client how busy this server is, as gRPC's load report in the trailers of replies
    /// (`endpoint-load-metrics-bin`, gRFC A51), for balancers that weigh by it: grpc-go's `weighted_round_robin`. A
    /// connection carries one every 10 ms at most.
    ///
    /// Channels of Sinew ask for it where they balance by load, and are told in any case.
    pub fn orca_reports(mut self) -> Self {
        self.reports_to = To::All;
        self
    }

    /// Tells nobody how busy this server is, those who ask included: for one whose callers are not to know. Channels of
    /// Sinew then balance by what they see of it themselves.
    pub fn without_load_reports(mut self) -> Self {
        self.reports_to = To::Nobody;
        self
    }

    /// Registers the server where channels look for it: `local:///` is the registry directory of this machine, where it
    /// is found under the names of all of its services; `local:///shop.cart` is there under this name alone. There may
    /// be several; docs/discovery.md says where the directory is.
    ///
    /// It is registered when it listens and serves, and as long; a registry that is away, or loses it, has it again
    /// when that is over. While its health says that it is NOT_SERVING as a whole ([`Server::health`]) it is there as
    /// one that takes no calls yet. When the server is told to end it says so there, is taken out, and drains then.
    pub fn register(mut self, url: impl Into<String>) -> Self {
        self.registries.add_url(url.into());
        self
    }

    /// Registers the server as [`Server::register`] does, in a registry of one's own. `name` is what logs call it.
    pub fn register_with(mut self, name: &str, registry: impl Register) -> Self {
        self.registries.add(Registry::new(name, registry));
        self
    }

    /// The place that this server has among its like, over all restarts: calls with a key go by it. Without it, it is
    /// what the environment says (`SINEW_SLOT`), else the lowest that is free in the registry directory
    /// ([`Server::register`]), else the server's address.
    ///
    /// It is one server's: in the registry directory, one that comes while another has its slot says so in its log,
    /// and is found when that one leaves.
    pub fn slot(mut self, slot: impl Into<String>) -> Self {
        self.registries.slot = Some(slot.into());
        self
    }

    /// Where the server is to be found, in all registries: `http://10.0.0.7:50051`, or `https://…` where it speaks TLS.
    /// Without it, that is where it listens, and one that listens everywhere (`0.0.0.0`) can be registered on its own
    /// machine alone (`local:///`, as `127.0.0.1`).
    pub fn advertise(mut self, url: impl Into<String>) -> Self {
        self.registries.advertised = Some(url.into());
        self
    }

    /// Listens at `addr`: `127.0.0.1:50051`, `[::1]:0`, `unix:/run/cart.sock`. With port 0 the system chooses, and
    /// [`Bound::url`] tells.
    ///
    /// A Unix socket that a dead server left is taken over: one at which connecting is refused. No other file
    /// is touched.
    /// The socket's file goes with the server, unless another has taken its place.
    ///
    /// # Errors
    /// When the address cannot be listened at, naming it; when it is to be registered at what is no registry, or where
    /// others would not find it ([`Server::advertise`]); when two services have the same name; when a server with TLS
    /// is to listen at a Unix socket, where nobody is on the way and the file says who may connect.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing that listens.
    pub fn bind(self, addr: impl fmt::Display) -> impl Future<Output = io::Result<Bound>> + Send {
        let addr = addr.to_string();
        async move { Bound::new(self.assemble_with()?, &addr).await }
    }

    /// Listens at `addr` and serves until the process is told to end, as [`Bound::serve`] does: by SIGTERM or Ctrl-C.
    ///
    /// # Errors
    /// Those of [`Server::bind`] and [`Bound::serve`].
    ///
    /// # Cancel safety
    /// Dropping the future cuts off all connections at once.
    pub fn serve(self, addr: impl fmt::Display) -> impl Future<Output = io::Result<()>> + Send {
        let bound = self.bind(addr);
        async move { bound.await?.serve().await }
    }

    /// Serves connections that come from elsewhere, until there are no more and all are over; an error of one of them
    /// ends only that one. Each is told to the server's metrics, and many in a row slow accepting down.
    ///
    /// # Errors
    /// When two services have the same name.
    ///
    /// # Cancel safety
    /// Dropping the future drops `incoming` and cuts off all connections at once.
    pub async fn serve_with_incoming<S, IO, E>(self, incoming: S) -> io::Result<()>
    where
        S: futures_core::Stream<Item = Result<IO, E>> + Send,
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        E: fmt::Display,
    {
        self.serve_with_incoming_until(incoming, std::future::pending::<()>())
            .await
    }

    /// [`Server::serve_with_incoming`], until `shutdown` resolves. Then it drains as [`Bound::until`] does: `incoming`
    /// is its listener, and is dropped.
    ///
    /// # Errors
    /// When two services have the same name.
    ///
    /// # Cancel safety
    /// Dropping the future drops `incoming` and cuts off all connections at once.
    pub async fn serve_with_incoming_until<S, IO, E>(
        self,
        incoming: S,
        shutdown: impl Future,
    ) -> io::Result<()>
    where
        S: futures_core::Stream<Item = Result<IO, E>> + Send,
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        E: fmt::Display,
    {
        self.registries
            .none_for("connections that come from elsewhere")?;
        listen::serve_incoming(self.assemble_with()?, incoming, shutdown).await;
        Ok(())
    }

    /// The server as a `tower::Service` over `http` requests: it mounts in axum and takes tower-http layers.
    /// TLS is its host's.
    ///
    /// # Errors
    /// When two services have the same name; when it is set to TLS.
    pub fn into_http_service(self) -> io::Result<HttpService> {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a server that is mounted in another has no TLS of its own: set that one to it, and not this by \
                 Server::tls",
            ));
        }
        self.registries
            .none_for("a server that is mounted in another")?;
        Ok(HttpService::new(self.assemble_with()?.0))
    }

    /// What holds for calls that say nothing themselves, method by method, and who says it: a table to print.
    ///
    /// ```
    /// # fn f(greeter: sinew::Skeleton) {
    /// let server = sinew::Server::new().add(greeter);
    /// println!("{}", server.policies());
    /// # }
    /// ```
    pub fn policies(&self) -> Policies {
        let services = self.skeletons.iter().map(Skeleton::spec);
        let methods = services.flat_map(|service| service.methods()).copied();
        let run_time = self.policy.as_ref().map(Loaded::run_time);
        overrides::show(methods, run_time, At::Server, self.limits().shown())
    }

    fn limits(&self) -> Limits {
        Limits {
            request: Limit {
                bytes: self.max_request_bytes,
                setting: "`Server::max_request_bytes`",
            },
            reply: Limit {
                bytes: self.max_reply_bytes,
                setting: "`Server::max_reply_bytes`",
            },
        }
    }

    pub(super) fn assemble_with(self) -> io::Result<(Arc<Stack>, Settings)> {
        let settings = self.settings;
        Ok((Arc::new(self.assemble()?), settings))
    }

    pub(super) fn assemble(self) -> io::Result<Stack> {
        let limits = self.limits();
        let services: Vec<_> = self.skeletons.iter().map(Skeleton::spec).collect();
        let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
        let follow = |file| {
            Arc::new(Overrides::new(
                file,
                Side::Server,
                self.observer.clone(),
                services,
            ))
        };
        let overrides = self.policy.map(follow);
        let mut routes = Routes::new(limits, self.fallback, overrides);
        let mut twice = Vec::new();
        for skeleton in self.skeletons {
            let name = skeleton.spec().name();
            if !routes.add(skeleton.dispatch, &skeleton.layers) {
                twice.push(name);
            }
        }
        if let Some(name) = twice.iter().min() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("service {name} was added to the server twice"),
            ));
        }
        let registries = self.registries.open(&names)?;
        let health = self.built_in.health.clone();
        self.built_in.add_to(&mut routes);
        let routes = Arc::new(routes);
        let layers =
            (!self.layers.is_empty()).then(|| self.layers.around(Next::new(Arc::clone(&routes))));
        #[cfg(feature = "tls")]
        let tls = self.tls.map(|tls| Secure::new(tls, self.observer.clone()));
        Ok(Stack {
            routes,
            #[cfg(feature = "tls")]
            tls,
            observer: self.observer,
            on_call: self.on_call,
            layers,
            load: Arc::new(Reports::new(self.load.0, health.clone(), self.reports_to)),
            health,
            registries,
            request_limit: limits.request,
            intake: Arc::new(self.settings.intake()),
            compression: self.compression,
        })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("services", &self.skeletons)
            .field("layers", &self.layers)
            .finish_non_exhaustive()
    }
}

/// What [`Server::add`] takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no service that a server can take",
    label = "neither a `Skeleton` nor many of them",
    note = "wrap your implementation: `greeter::server(MyGreeter)`"
)]
pub trait IntoServices {
    /// The services.
    fn into_services(self) -> Vec<Skeleton>;
}

impl IntoServices for Skeleton {
    fn into_services(self) -> Vec<Skeleton> {
        vec![self]
    }
}

// An implementation that somebody forgot to wrap is better not told to become an iterator.
#[diagnostic::do_not_recommend]
impl<I: IntoIterator<Item = Skeleton>> IntoServices for I {
    fn into_services(self) -> Vec<Skeleton> {
        self.into_iter().collect()
    }
}

impl From<Skeleton> for Server {
    fn from(skeleton: Skeleton) -> Self {
        Self::new().add(skeleton)
    }
}
