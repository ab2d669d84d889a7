//! A channel before its first call: endpoints, layers and bounds.
//! It refuses to connect.

use std::fmt;
#[cfg(feature = "policy-file")]
use std::path::Path;
use std::sync::Arc;
#[cfg(feature = "tls")]
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use http::HeaderValue;
use http::uri::Authority;
use tower::{Layer, Service};

use super::enter::DEFAULT_TIMEOUT;
use super::explain::Samples;
use super::members::Members;
use super::nodes::NodeMaker;
use super::place::Place;
use super::{Channel, Core, Defaults, Inner, Innermost};
use crate::balance::{Balance, Picker};
use crate::call::frame::{DEFAULT_MAX_MESSAGE_BYTES, Limit};
use crate::call::{Compression, RawCall, RawReply, Status};
use crate::discovery::{self, Discover, Instance, Source};
use crate::endpoint::{Fleet, Node, Table, Tuning};
use crate::middleware::{Layers, Next, OnCall};
use crate::observe::{Metrics, Observer, Side};
#[cfg(feature = "policy-file")]
use crate::overrides::InvalidPolicy;
use crate::overrides::{Loaded, Overrides};
#[cfg(feature = "testing")]
use crate::rt::pace::Pace;
use crate::transport::Link;
use crate::transport::connect::{CONNECT_BUDGET, Connect, Connector};
use crate::transport::http2::KeepAlive;
use crate::transport::memory::InProcess;
#[cfg(feature = "testing")]
use crate::transport::near::Near;
use crate::transport::target::{InvalidTarget, Target};
#[cfg(feature = "tls")]
use crate::transport::tls::ClientTls;
use crate::transport::waiting::MAX_WAITING;

/// More than anybody waits for a connection; a clock can be set so far ahead, which it cannot for every `Duration`.
const LONGEST_CONNECT: Duration = Duration::from_secs(86_400);

const USER_AGENT: &str = concat!("sinew/", env!("CARGO_PKG_VERSION"));

/// Sets up a [`Channel`].
#[must_use = "a builder makes no channel until it is built"]
pub struct ChannelBuilder {
    urls: Vec<String>,
    layers: Layers,
    attempt_layers: Layers,
    on_call: Vec<OnCall>,
    observer: Observer,
    connector: Connector,
    connect_timeout: Duration,
    timeout: Option<Duration>,
    authority: Option<Authority>,
    #[cfg(feature = "tls")]
    tls: Option<ClientTls>,
    user_agent: HeaderValue,
    max_waiting: usize,
    keep_alive: KeepAlive,
    max_request_bytes: usize,
    max_reply_bytes: usize,
    compression: Option<Compression>,
    policy: Option<Loaded>,
    balance: Balance,
    found: Option<Source>,
    tuning: Tuning,
    #[cfg(feature = "testing")]
    near: Option<Arc<dyn Near>>,
    #[cfg(feature = "testing")]
    pace: Pace,
}

impl ChannelBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            urls: vec![url],
            layers: Layers::default(),
            attempt_layers: Layers::default(),
            on_call: Vec::new(),
            observer: Observer::default(),
            connector: Connector::default(),
            connect_timeout: CONNECT_BUDGET,
            timeout: Some(DEFAULT_TIMEOUT),
            authority: None,
            #[cfg(feature = "tls")]
            tls: None,
            user_agent: HeaderValue::from_static(USER_AGENT),
            max_waiting: MAX_WAITING,
            keep_alive: KeepAlive::Default,
            max_request_bytes: DEFAULT_MAX_MESSAGE_BYTES,
            max_reply_bytes: DEFAULT_MAX_MESSAGE_BYTES,
            compression: None,
            policy: None,
            balance: Balance::default(),
            found: None,
            tuning: Tuning::default(),
            #[cfg(feature = "testing")]
            near: None,
            #[cfg(feature = "testing")]
            pace: Pace::default(),
        }
    }

    /// Calls those whom `source` finds.
    pub(super) fn discover(mut self, source: impl Discover) -> Self {
        self.found = self.urls.first().map(|name| Source::new(name, source));
        self
    }

    /// Reaches servers of this process by `near`, whatever the connector is; `by` seconds of the clock are one second
    /// of what it is set to.
    #[cfg(feature = "testing")]
    pub(crate) fn simulated(mut self, near: Arc<dyn Near>, by: u32) -> Self {
        self.near = Some(near);
        self.tuning = self.tuning.stretched(by);
        self.connect_timeout *= by;
        self.pace = Pace::stretched(by);
        self.found = self.found.map(|source| source.at_pace(self.pace));
        self
    }

    /// Adds one more endpoint: each call goes to the one that will answer it first, see [`ChannelBuilder::balance`].
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// How the endpoint of a call is chosen; [`Balance::shortest_delay`] unless set.
    pub fn balance(mut self, balance: Balance) -> Self {
        self.balance = balance;
        self
    }

    /// Adds a layer that sees each call once. The first one added is the outermost.
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

    /// Adds a layer at each endpoint that sees each attempt there. The first one added is the outermost.
    ///
    /// An attempt comes with a free stream of the endpoint's connection, and holds it while the layer works.
    pub fn attempt_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Next> + Send + Sync + 'static,
        L::Service: Service<RawCall, Response = RawReply> + Clone + Send + Sync + 'static,
        <L::Service as Service<RawCall>>::Error: Into<Status>,
        <L::Service as Service<RawCall>>::Future: Send,
    {
        self.attempt_layers.push(layer);
        self
    }

    /// The smallest middleware: sees each call after the layers have, and may refuse it. Costs no box.
    ///
    /// ```
    /// let channel = sinew::Channel::builder("http://127.0.0.1:50051").on_call(|call| {
    ///     call.metadata_mut().insert("x-tenant", "acme");
    ///     Ok(())
    /// });
    /// ```
    pub fn on_call<F>(mut self, f: F) -> Self
    where
        F: Fn(&mut RawCall) -> Result<(), Status> + Send + Sync + 'static,
    {
        self.on_call.push(Arc::new(f));
        self
    }

    /// Tells `metrics` of every call that passes the layers and `on_call`: what they refuse is not counted.
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.observer = Observer::new(metrics);
        self
    }

    /// Connects in its own way.
    pub fn connector(mut self, connector: impl Connect) -> Self {
        self.connector = Connector::custom(connector);
        self
    }

    /// What looking up a name, connecting and the handshakes of TLS and HTTP/2 may take together; 5 s unless set, and a
    /// day at most.
    pub fn connect_timeout(mut self, budget: Duration) -> Self {
        self.connect_timeout = budget.min(LONGEST_CONNECT);
        self
    }

    /// What a unary call may take when neither it nor its method in the IDL says; 10 s unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Unary calls may take for ever unless something else says.
    pub fn without_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Whom the channel trusts, and what it shows of itself, where it speaks TLS: to `https://` URLs. Without it, the
    /// roots of the system are trusted and nothing is shown. All of the channel's URLs have to be `https://` then, or
    /// the only one `dns:`, whose endpoints all speak TLS with it, and have to show certificates for the name in it.
    ///
    /// ```
    /// # fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let tls = sinew::tls::ClientTls::builder().roots_pem_file("ca.pem").build()?;
    /// let channel = sinew::Channel::builder("https://10.0.0.7:50051").tls(tls).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The `:authority` of all calls, instead of that of the URL. It changes nothing of the name that a server's
    /// certificate is checked against.
    pub fn authority(mut self, authority: Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// What calls say who they are; `sinew/VERSION` unless set.
    pub fn user_agent(mut self, user_agent: HeaderValue) -> Self {
        self.user_agent = user_agent;
        self
    }

    /// How many calls may wait at each endpoint, for its first connection or for a free stream (a server allows so many
    /// calls at once on a connection); 1,024 unless set. One more fails at once with UNAVAILABLE, and was not sent.
    pub fn max_waiting(mut self, calls: usize) -> Self {
        self.max_waiting = calls;
        self
    }

    /// Pings a silent server, whoever it is, and gives it up when it does not answer, within three times `interval` of
    /// its last byte; never sooner than a second each. A connection that is given up fails its calls with UNAVAILABLE,
    /// and is made anew.
    ///
    /// Unless set, a server of this framework is given up after 15 s at most, with calls in flight and without. Others
    /// are pinged only while calls are in flight, and every five minutes at most: gRPC servers close the connections
    /// of clients that ping more often, unless they are set otherwise.
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = KeepAlive::Every(interval.max(Duration::from_secs(1)));
        self
    }

    /// Pings no server: one that is gone without a word is noticed by deadlines alone.
    pub fn without_keep_alive(mut self) -> Self {
        self.keep_alive = KeepAlive::Off;
        self
    }

    /// The largest request that is sent, in bytes, where its method in the IDL says nothing; 4 MiB unless set.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.max_request_bytes = bytes;
        self
    }

    /// The largest reply that is taken, in bytes; 4 MiB unless set.
    pub fn max_reply_bytes(mut self, bytes: usize) -> Self {
        self.max_reply_bytes = bytes;
        self
    }

    /// Compresses what calls send that say nothing themselves ([`crate::Call::compress`]): see [`Compression`]. Nothing
    /// is compressed unless set, nor in process. Replies are compressed as the server says.
    ///
    /// A server that does not take it refuses each call with UNIMPLEMENTED, which says what it takes.
    pub fn compress(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Reads a file that says more of methods than they declare, in the format of gRPC's service config, as JSON: its
    /// timeouts, sizes and `waitForReady` stand in place of what the IDL and this channel say; what a call says itself
    /// stands above them.
    ///
    /// The file is read again every two seconds, as long as there is a runtime and the channel: calls that begin later
    /// have what it says then. What is wrong or gone changes nothing: what was good goes on to hold, and
    /// [`Channel::policy_state`] and [`Metrics::policy_file`] say so. The last file given counts.
    ///
    /// # Errors
    /// All that is wrong with the file as it is now, each with its place.
    #[cfg(feature = "policy-file")]
    pub fn policy_file(mut self, path: impl AsRef<Path>) -> Result<Self, InvalidPolicy> {
        self.policy = Some(Loaded::read(path.as_ref().to_owned())?);
        Ok(self)
    }

    /// The channel. It connects at its first call.
    ///
    /// # Errors
    /// What is wrong with a URL, and what to write instead. For an `https://` URL also that the system has no roots,
    /// where no others are given.
    pub fn build(self) -> Result<Channel, InvalidTarget> {
        let mut fixed = Vec::new();
        let mut found = self.found.clone();
        // A source that was given has the place of the first.
        for url in &self.urls[usize::from(found.is_some())..] {
            match url.parse::<Target>() {
                Ok(target) => fixed.push((Instance::new(target), url.clone())),
                // One that finds endpoints, or none: that is said there.
                Err(_) => found = Some(discovery::open(url, self.is_tls())?),
            }
        }
        if let Some(source) = found.as_ref().filter(|_| self.urls.len() > 1) {
            let why = "it finds endpoints by itself, so it has to be the channel's only URL";
            return Err(InvalidTarget::of_source(source.name(), why.to_owned()));
        }
        let fleet = self.fleet(found.is_some() || fixed.len() > 1);
        let maker = self.maker(fleet);
        let nodes = fixed
            .iter()
            .map(|(instance, url)| maker.make(instance, url));
        let nodes = nodes.collect::<Result<_, _>>()?;
        Ok(self.over(nodes, maker, found))
    }

    /// Whether TLS is asked for beside the URLs.
    fn is_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        let is_tls = self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        let is_tls = false;
        is_tls
    }

    /// A channel to a server in this process, with what this builder sets; its URLs are not used.
    pub fn build_in_process(self, server: impl InProcess) -> Channel {
        let maker = self.maker(self.fleet(false));
        let link = Link::Memory(server.into_link());
        let node = Arc::new(Node::fixed("in-process", link, &maker.fleet));
        maker.put_around(&node);
        self.over(vec![node], maker, None)
    }

    pub(super) fn in_process(server: impl InProcess) -> Channel {
        Self::new(String::new()).build_in_process(server)
    }

    /// What its nodes share.
    pub(super) fn fleet(&self, is_judged: bool) -> Arc<Fleet> {
        Fleet::new(self.tuning, is_judged, fastrand::u64(..))
    }

    pub(super) fn maker(&self, fleet: Arc<Fleet>) -> NodeMaker {
        NodeMaker {
            connector: self.connector.clone(),
            #[cfg(feature = "testing")]
            near: self.near.clone(),
            connect_budget: self.connect_timeout,
            authority: self.authority.clone(),
            #[cfg(feature = "tls")]
            tls: Mutex::new(super::tls::of_channel(
                self.tls.clone(),
                self.observer.clone(),
            )),
            user_agent: self.user_agent.clone(),
            max_waiting: self.max_waiting,
            keep_alive: self.keep_alive,
            attempt_layers: self.attempt_layers.clone(),
            observer: self.observer.clone(),
            fleet,
        }
    }

    pub(super) fn over(
        self,
        nodes: Vec<Arc<Node>>,
        maker: NodeMaker,
        found: Option<Source>,
    ) -> Channel {
        let in_process = found.is_none() && !nodes.iter().any(|node| node.is_remote());
        let maker = Arc::new(maker);
        let fleet = Arc::clone(&maker.fleet);
        let picker = Arc::new(Picker::new(self.balance, fleet.seed()));
        let table = Arc::new(Table::new(nodes, fleet, self.observer.clone()));
        let follow = |file| Overrides::new(file, Side::Client, self.observer.clone(), Vec::new());
        let core = Arc::new(Core {
            on_call: self.on_call,
            overrides: self.policy.map(follow),
            place: Arc::new(Place {
                is_layered: maker.is_layered(),
                members: found.map(|source| {
                    Members::new(source, maker, Arc::clone(&table), Arc::clone(&picker))
                }),
                picker,
                samples: Samples::default(),
                table,
                waiting: AtomicUsize::new(0),
                max_waiting: self.max_waiting,
            }),
            observer: self.observer,
            defaults: Defaults {
                timeout: self.timeout,
                request_limit: Limit {
                    bytes: self.max_request_bytes,
                    setting: "`ChannelBuilder::max_request_bytes`",
                },
                reply_limit: Limit {
                    bytes: self.max_reply_bytes,
                    setting: "`ChannelBuilder::max_reply_bytes`",
                },
                compression: self.compression,
                in_process,
                #[cfg(feature = "testing")]
                pace: self.pace,
            },
        });
        let layers = (!self.layers.is_empty()).then(|| {
            let innermost = Next::new(Innermost(Arc::clone(&core)));
            self.layers.around(innermost)
        });
        Channel(Arc::new(Inner { core, layers }))
    }
}

impl fmt::Debug for ChannelBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBuilder")
            .field("urls", &self.urls)
            .field("layers", &self.layers)
            .finish_non_exhaustive()
    }
}

/// A channel whose URL is wrong, in a function that returns [`Status`].
impl From<InvalidTarget> for Status {
    fn from(error: InvalidTarget) -> Self {
        Status::invalid_argument(error.to_string()).with_source(error)
    }
}
