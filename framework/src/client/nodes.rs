//! How the nodes of a channel are made: those that are given to it, and those that are found later.
//! It refuses to know which there are.

use std::sync::Arc;
#[cfg(feature = "tls")]
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use http::uri::{Authority, Scheme};

use super::place::Attempt;
use crate::discovery::Instance;
use crate::endpoint::{Fleet, KeepUp, Node};
use crate::middleware::{Layers, Next};
use crate::observe::Observer;
use crate::rt::backoff::Backoff;
use crate::transport::connect::Connector;
use crate::transport::http2::{ClientSettings, KeepAlive};
#[cfg(feature = "testing")]
use crate::transport::near::Near;
use crate::transport::reported::Reported;
use crate::transport::target::InvalidTarget;
#[cfg(feature = "tls")]
use crate::transport::tls::ChannelTls;

/// Makes the nodes of one channel.
pub(super) struct NodeMaker {
    pub(super) connector: Connector,
    #[cfg(feature = "testing")]
    pub(super) near: Option<Arc<dyn Near>>,
    pub(super) connect_budget: Duration,
    pub(super) authority: Option<Authority>,
    #[cfg(feature = "tls")]
    pub(super) tls: Mutex<ChannelTls>,
    pub(super) user_agent: HeaderValue,
    pub(super) max_waiting: usize,
    pub(super) keep_alive: KeepAlive,
    pub(super) attempt_layers: Layers,
    pub(super) observer: Observer,
    pub(super) fleet: Arc<Fleet>,
}

impl NodeMaker {
    /// The node of one who serves; `written` is what errors call its URL.
    ///
    /// # Errors
    /// As those of [`super::ChannelBuilder::build`].
    pub(super) fn make(
        &self,
        instance: &Instance,
        #[cfg_attr(
            not(feature = "tls"),
            allow(unused_variables, reason = "only TLS has errors")
        )]
        written: &str,
    ) -> Result<Arc<Node>, InvalidTarget> {
        let target = instance.target();
        let authority = match &self.authority {
            Some(authority) => authority.clone(),
            // A host that parsed is an authority; a zone of an IPv6 address is not for the wire.
            None => Authority::try_from(instance.authority())
                .unwrap_or_else(|_| Authority::from_static("localhost")),
        };
        let scheme = if target.is_tls() {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        let tuning = &self.fleet.tuning;
        let keep_up = KeepUp {
            target: target.clone(),
            host: instance.host().map(str::to_owned),
            connector: self.connector.clone(),
            #[cfg(feature = "testing")]
            near: self.near.clone(),
            #[cfg(feature = "tls")]
            secure: {
                let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
                tls.secure(target, instance.host(), written)?
            },
            connect_budget: self.connect_budget,
            settings: ClientSettings {
                scheme,
                authority,
                user_agent: self.user_agent.clone(),
                max_waiting: self.max_waiting,
                keep_alive: self.keep_alive,
                reported: Arc::new(Reported::new(self.fleet.epoch(), tuning.report_every)),
                // Who has one endpoint has no use for it.
                asks_load: self.fleet.is_judged(),
            },
            backoff: Backoff::new(tuning.first_backoff, tuning.longest_backoff),
            observer: self.observer.clone(),
        };
        let node = Node::new(instance.id(), target, instance.slot(), keep_up, &self.fleet);
        let node = Arc::new(node);
        node.set_weight(instance.weight().into());
        self.put_around(&node);
        Ok(node)
    }

    /// Do attempt layers of the user stand around the nodes?
    pub(super) fn is_layered(&self) -> bool {
        !self.attempt_layers.is_empty()
    }

    /// Puts the attempt layers of the user around a node, where there are any.
    pub(super) fn put_around(&self, node: &Arc<Node>) {
        if self.is_layered() {
            let innermost = Next::new(Attempt(Arc::downgrade(node)));
            node.put_around(self.attempt_layers.around(innermost));
        }
    }
}
