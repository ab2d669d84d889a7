//! The pick among nodes that are connected, for whoever measures what it costs.
//! It refuses to be a public interface: experiments of this project are its only users.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::balance::{Asks, Balance, Picker};
use crate::call::LoadReport;
use crate::client::Channel;
use crate::endpoint::{EndpointSet, Fleet, InFlight, Node, Tuning};
use crate::transport::Link;
use crate::transport::memory::{InProcessLink, Unserved};

/// What each node says that a call takes of it.
const SERVICE_TIME: Duration = Duration::from_millis(1);

/// Nodes of one channel, and its picker.
#[derive(Debug)]
pub struct Nodes {
    set: EndpointSet,
    fleet: Arc<Fleet>,
    picker: Picker,
}

/// A call that is under way at a node.
pub struct Call(InFlight);

impl Nodes {
    /// So many connected nodes, each of which has said how busy it is.
    pub fn new(count: usize, balance: Balance) -> Self {
        let fleet = Fleet::new(Tuning::default(), true, 7);
        let node = |index: usize| {
            let link = Link::Memory(InProcessLink::new(Unserved(String::new())));
            Arc::new(Node::fixed(&format!("node-{index}"), link, &fleet))
        };
        let nodes = Self {
            set: EndpointSet::new((0..count).map(node).collect()),
            fleet,
            picker: Picker::new(balance, 7),
        };
        nodes.report();
        nodes
    }

    /// Each says again how busy it is: what it said a second ago says nothing any more.
    pub fn report(&self) {
        let now = Instant::now();
        for (index, vitals) in self.set.vitals().iter().enumerate() {
            let report = LoadReport {
                in_flight: u32::try_from(index % 3).unwrap_or(0),
                service_time: SERVICE_TIME,
                epoch: 1,
                ..LoadReport::default()
            };
            vitals.reported().store(report, now);
        }
    }

    /// The node of the next call, as a channel asks for it: it reads the clock.
    pub fn pick(&self) -> Option<usize> {
        let now = self.fleet.moment(Instant::now());
        let asks = Asks::new(&self.fleet, self.picker.balance(), now);
        self.picker.pick(&self.set, &asks, self.picker.turn())
    }

    /// Picks so often by one look at the clock, and gives the last node: what the pick costs by itself.
    pub fn picks(&self, count: usize) -> Option<usize> {
        let now = self.fleet.moment(Instant::now());
        let asks = Asks::new(&self.fleet, self.picker.balance(), now);
        let pick = |_| self.picker.pick(&self.set, &asks, self.picker.turn());
        (0..count).map(pick).last().flatten()
    }

    /// Picks a node, and counts a call there.
    pub fn call(&self) -> Option<Call> {
        let node = self.set.nodes().get(self.pick()?)?;
        let call = InFlight::begin(Arc::clone(node), Instant::now(), None, true);
        Some(Call(call))
    }
}

/// How many rings the calls of a channel have needed so far.
pub fn rings_made(channel: &Channel) -> u64 {
    channel.rings_made()
}

impl Call {
    /// It went well.
    pub fn settle(self) {
        self.0.settle(Ok(()));
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Call")
    }
}
