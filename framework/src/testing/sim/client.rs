//! A client of a run: its channel, and, for other balancers than ours, the nodes themselves.
//! It refuses to make calls by itself.

use std::sync::Arc;
use std::time::Duration;

use super::ask::Ask;
use super::script::Script;
use super::site::Site;
use super::way::Network;
use super::world::World;
use crate::call::{MethodSpec, Status};
use crate::client::{Channel, ChannelBuilder};
use crate::observe::{CallEnd, MethodMetrics, Metrics, Side};
use crate::testing::sim::What;

/// One of the clients of a run.
pub struct Client {
    number: u32,
    channel: Channel,
    network: Network,
}

impl Client {
    /// `set` is what the channel is to be set to beyond that.
    pub(super) fn new(
        number: u32,
        world: &Arc<World>,
        set: &dyn Fn(ChannelBuilder) -> ChannelBuilder,
    ) -> Self {
        let network = Network {
            world: Arc::clone(world),
            client: number,
        };
        let builder = Channel::discover("simulated", Script(Arc::clone(&world.readings)));
        let told = Told(network.clone());
        let builder = set(builder.metrics(Arc::new(told)));
        let near = Arc::new(network.clone());
        let channel = builder.simulated(near, world.stretch).build();
        Self {
            number,
            // A name that is given with its source is nothing that could be wrong.
            channel: channel.unwrap_or_else(|wrong| panic!("{wrong}")),
            network,
        }
    }

    /// Its number, from 0 on.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Its channel, which finds the nodes as the script lists them.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// All nodes, listed or not, for another balancer than the channel's: to compare them by the same load.
    pub fn nodes(&self) -> Vec<Direct> {
        let direct = |site: &Arc<Site>| Direct {
            network: self.network.clone(),
            site: Arc::clone(site),
        };
        self.network.world.sites.iter().map(direct).collect()
    }
}

/// A node as a balancer of one's own calls it.
#[derive(Clone)]
pub struct Direct {
    network: Network,
    site: Arc<Site>,
}

impl Direct {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.site.name
    }

    /// Its number, as events have it.
    pub fn number(&self) -> u32 {
        self.site.index
    }

    /// Calls it.
    ///
    /// # Errors
    /// What the node answers; UNAVAILABLE while it is down.
    ///
    /// # Cancel safety
    /// Dropping the future cancels the call.
    pub async fn call(&self, ask: Ask) -> Result<(), Status> {
        let Some(link) = self.network.direct(&self.site) else {
            return Err(Status::unavailable(format!("{} is down", self.name())));
        };
        let timeout = DEADLINE.saturating_mul(self.network.world.stretch);
        let mut call = ask.call();
        let sending = link.send(&mut call);
        match tokio::time::timeout(timeout, sending).await {
            Ok(reply) => reply.map(drop),
            Err(_) => Err(Status::deadline_exceeded(
                "the node has not answered in time",
            )),
        }
    }
}

/// What a call may take whose channel and method say nothing, as for channels.
const DEADLINE: Duration = crate::client::DEFAULT_TIMEOUT;

/// Notes what a channel makes of its endpoints.
struct Told(Network);

impl Metrics for Told {
    fn method(&self, _: Side, _: &MethodSpec) -> Arc<dyn MethodMetrics> {
        Arc::new(Untold)
    }

    fn endpoint_changed(&self, to: &'static str, reason: &'static str) {
        let what = What::Judged(to, reason);
        self.0.world.note(Some(self.0.client), None, what);
    }
}

struct Untold;

impl MethodMetrics for Untold {
    fn started(&self) {}

    fn ended(&self, _: &CallEnd) {}
}
