//! The task that keeps one node's connection up: connects, watches, connects again with jittered backoff.
//! It refuses to know of calls; they never wait for it longer than their own deadlines.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::node::{Shared, State};
use crate::call::serve::BoxFuture;
use crate::observe::{Observer, Side};
use crate::rt::backoff::Backoff;
use crate::rt::task;
use crate::transport::Link;
use crate::transport::connect::{ConnectError, Connector};
use crate::transport::http2::{self, ClientSettings};
#[cfg(feature = "testing")]
use crate::transport::near::{self, Near};
use crate::transport::target::Target;
#[cfg(feature = "tls")]
use crate::transport::tls::Secure;

/// What a keeper needs to connect.
#[derive(Clone, Debug)]
pub(crate) struct KeepUp {
    pub(crate) target: Target,
    /// The name that it is called by, where that is not the host of its target.
    pub(crate) host: Option<String>,
    pub(crate) connector: Connector,
    /// What connects in place of all that follows, in a simulation.
    #[cfg(feature = "testing")]
    pub(crate) near: Option<Arc<dyn Near>>,
    /// What TLS needs, where it is spoken.
    #[cfg(feature = "tls")]
    pub(crate) secure: Option<Secure>,
    /// One budget for name, sockets, and the handshakes of TLS and HTTP/2.
    pub(crate) connect_budget: Duration,
    pub(crate) settings: ClientSettings,
    pub(crate) backoff: Backoff,
    pub(crate) observer: Observer,
}

/// Connections in a row that the peer may close before they are proved ([`super::Tuning`]) until that is a failure, and
/// the next one is waited for: those of servers that were about to end, one behind the other in a rolling update.
const HANG_UPS: u32 = 2;

/// Runs until the node is dropped.
pub(super) async fn keep(closing: Closing, keep_up: KeepUp) {
    let shared = &closing.0;
    tokio::select! {
        biased;
        () = shared.dropped.notified() => {}
        () = connect_for_ever(shared, keep_up) => {}
    }
}

/// Says when the keeper is gone. It is made before the task: a runtime that ends drops the task, perhaps before
/// its first poll, and then nobody must wait for it any more.
pub(super) struct Closing(pub(super) Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.set(State::Closed);
    }
}

async fn connect_for_ever(shared: &Shared, keep_up: KeepUp) {
    let mut backoff = keep_up.backoff.clone();
    let mut rng = fastrand::Rng::new();
    let mut hang_ups = 0;
    // What failed last, as was said. Its words may differ each time: how long it took may be among them.
    let mut said = None;
    let observer = &keep_up.observer;
    loop {
        let error = match connect_in_turn(shared, &keep_up).await {
            Ok((link, driver)) => {
                let since = Instant::now();
                let ending = link.ending();
                shared.set(State::Ready(link));
                // A task of its own: calls in flight outlive both the node and the decision to connect anew.
                let open = observer.opened(Side::Client);
                task::spawn(Box::pin(async move {
                    let _open = open;
                    driver.await;
                }));
                observer.connected(&keep_up.target);
                ending.await;
                observer.lost(&keep_up.target);
                let lasted = since.elapsed();
                if lasted >= shared.tuning().proved {
                    hang_ups = 0;
                    said = None;
                    shared.set(State::Connecting { failed: None });
                    backoff.reset();
                    continue;
                }
                ConnectError::closed(&keep_up.target, lasted)
            }
            Err(error) => error,
        };
        let is_masked = error.is_hang_up() && hang_ups < HANG_UPS;
        let is_news = !is_masked && said != Some(error.label());
        observer.connect_failed(error.label(), &error, is_news);
        if is_masked {
            hang_ups += 1;
            shared.set(State::Connecting { failed: None });
            continue;
        }
        said = Some(error.label());
        let failed = Some(Arc::new(error));
        shared.set(State::Connecting { failed });
        shared.tell_connect_failed();
        tokio::time::sleep(backoff.next(&mut rng)).await;
    }
}

/// The way to an endpoint, and what has to be polled for as long as it is used.
type Opened = (Link, BoxFuture<()>);

/// Connects when it is its turn, among the many that a channel may have. Calls need not wait for that: any node that is
/// connected is as good to them.
async fn connect_in_turn(shared: &Shared, keep_up: &KeepUp) -> Result<Opened, ConnectError> {
    let turn = shared.fleet().turn().await;
    let mut connecting = pin!(connect(keep_up));
    match timeout(shared.tuning().connect_turn, &mut connecting).await {
        Ok(done) => done,
        Err(_) => {
            drop(turn);
            connecting.await
        }
    }
}

async fn connect(keep_up: &KeepUp) -> Result<Opened, ConnectError> {
    let budget = keep_up.connect_budget;
    #[cfg(feature = "testing")]
    if let Some(near) = &keep_up.near {
        let mut link = near::reach(&**near, &keep_up.target, budget).await?;
        if keep_up.settings.asks_load {
            link = link.reporting(Arc::clone(&keep_up.settings.reported));
        }
        let link = Link::Memory(link);
        let driver = link.ending();
        return Ok((link, driver));
    }
    let until = Instant::now() + budget;
    let io = keep_up.connector.connect(&keep_up.target, budget).await?;
    #[cfg(feature = "tls")]
    let io = match &keep_up.secure {
        None => io,
        Some(secure) => {
            let secured = secure.connect(io, until, budget).await;
            secured.map_err(|fault| ConnectError::tls(&keep_up.target, fault))?
        }
    };
    #[cfg(feature = "tls")]
    let last_words = io.last_words();
    let handshake = http2::handshake(io, keep_up.settings.clone());
    match tokio::time::timeout_at(until, handshake).await {
        Ok(Ok((connection, driver))) => Ok((Link::Http2(connection), Box::pin(driver))),
        Ok(Err(error)) => {
            #[cfg(feature = "tls")]
            if let (Some(secure), Some(said)) = (&keep_up.secure, last_words)
                && let is_broken = error.as_ref().is_none_or(h2::Error::is_io)
                && let Some(fault) = secure.refused(&said, is_broken)
            {
                return Err(ConnectError::tls(&keep_up.target, fault));
            }
            Err(ConnectError::handshake(&keep_up.target, error))
        }
        Err(_) => Err(ConnectError::handshake_timeout(&keep_up.target, budget)),
    }
}
