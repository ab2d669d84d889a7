//! What a service config says, each value with its place, and which of it a method gets.
//! It refuses to merge: of several entries a method gets one, the most specific, as in gRPC.

use std::time::Duration;

use crate::Place;

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// What a file says of methods.
#[derive(Clone, Debug, Default)]
pub struct ServiceConfig {
    /// The entries of `methodConfig`.
    pub methods: Vec<MethodConfig>,
}

/// One entry: what it says, and of which methods.
#[derive(Clone, Debug, Default)]
pub struct MethodConfig {
    /// Whom it is for.
    pub names: Vec<Name>,
    /// How long a call may take, streams included.
    pub timeout: Option<Placed<Duration>>,
    /// Whether calls wait for a connection also while connecting fails.
    pub wait_for_ready: Option<Placed<bool>>,
    /// The largest request, or message of a stream of requests, in bytes.
    pub max_request_bytes: Option<Placed<u32>>,
    /// The largest reply, or message of a stream of replies, in bytes.
    pub max_reply_bytes: Option<Placed<u32>>,
    /// Attempts one after the other; never beside `hedge`.
    pub retry: Option<Placed<Retry>>,
    /// Attempts side by side.
    pub hedge: Option<Placed<Hedge>>,
    /// The longest silence in a stream of replies: `sinew.idleTimeout`.
    pub idle_timeout: Option<Placed<Duration>>,
    /// How much a call matters: `sinew.criticality`.
    pub criticality: Option<Placed<Criticality>>,
}

/// A method, all methods of a service, or all methods there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// `shop.v1.Cart`; empty for all services.
    pub service: String,
    /// `AddLine`; empty for all methods of the service.
    pub method: String,
    /// Where it stands.
    pub place: Place,
}

/// `retryPolicy`.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// In all, the first among them: 2 to 5.
    pub max_attempts: u32,
    /// The ceiling of the first wait.
    pub initial_backoff: Duration,
    /// The ceiling of all waits.
    pub max_backoff: Duration,
    /// By how much the ceiling grows.
    pub multiplier: f64,
    /// After which codes, by their names, each once.
    pub codes: Vec<&'static str>,
}

/// `hedgingPolicy`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hedge {
    /// In all, the first among them: 2 to 5.
    pub max_attempts: u32,
    /// How long to wait before the next; zero sends all at once.
    pub delay: Duration,
    /// Which codes do not end the call, by their names, each once.
    pub codes: Vec<&'static str>,
}

/// How much a call matters when not all can be served; the first matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criticality {
    /// `CRITICAL_PLUS`
    CriticalPlus,
    /// `CRITICAL`
    Critical,
    /// `SHEDDABLE_PLUS`
    SheddablePlus,
    /// `SHEDDABLE`
    Sheddable,
}

/// How an entry names a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// With all others: `{}`.
    Default,
    /// With its service.
    Service,
    /// By itself.
    Method,
}

impl Name {
    /// How it names what it names.
    #[must_use]
    pub fn level(&self) -> Level {
        match (self.service.is_empty(), self.method.is_empty()) {
            (true, _) => Level::Default,
            (false, true) => Level::Service,
            (false, false) => Level::Method,
        }
    }

    /// Does it name this method?
    #[must_use]
    pub fn is_of(&self, service: &str, method: &str) -> bool {
        match self.level() {
            Level::Default => true,
            Level::Service => self.service == service,
            Level::Method => self.service == service && self.method == method,
        }
    }
}

impl ServiceConfig {
    /// The entry that a method gets: the one that names it, else the one of its service, else the default. Nothing of
    /// the others is added to it.
    #[must_use]
    pub fn of(&self, service: &str, method: &str) -> Option<(&MethodConfig, Level)> {
        let named = self.methods.iter().filter_map(|config| {
            let names = config.names.iter();
            let levels = names.filter(|name| name.is_of(service, method));
            Some((config, levels.map(Name::level).max()?))
        });
        named.max_by_key(|(_, level)| *level)
    }
}

impl MethodConfig {
    /// Whether its `retryPolicy` or `hedgingPolicy` holds for a method that it names at `level`: never where the
    /// requests stream, since what was sent is gone; and where nothing says that the method may be repeated only by
    /// its own name, for then somebody has thought of it.
    #[must_use]
    pub fn repeats(level: Level, client_streams: bool, is_repeatable: bool) -> bool {
        !client_streams && (is_repeatable || level == Level::Method)
    }
}
