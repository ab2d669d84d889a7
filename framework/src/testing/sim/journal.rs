//! All that happens in a run, in its order: what two runs of one seed are compared by.
//! It refuses to judge.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use fnv::FnvHasher;

use crate::call::Code;

/// Events that are kept, 48 bytes each; what comes later is hashed alone.
const MOST_EVENTS: usize = 4_000_000;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Event {
    /// When, in model time since the run began.
    pub at: Duration,
    /// To which client, by its number.
    pub client: Option<u32>,
    /// At which node, by its number.
    pub node: Option<u32>,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum What {
    /// A client makes its call of this number.
    Called(u32),
    /// A call has come to a node: whose it is stands in [`Event::client`].
    Arrived(u32),
    /// A call is over, with this code.
    Ended(u32, Code),
    /// A client has connected.
    Connected,
    /// A client could not connect.
    Refused,
    /// A client thinks otherwise of one of its endpoints: what, and why.
    Judged(&'static str, &'static str),
    /// Something of the script.
    Script(&'static str),
    /// So many nodes are listed now.
    Listed(u32),
    /// Other work on the node's machine leaves it so many thousandths of its speed.
    Speed(u32),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12.6} s", self.at.as_secs_f64())?;
        if let Some(client) = self.client {
            write!(f, "  client {client}")?;
        }
        if let Some(node) = self.node {
            write!(f, "  node {node}")?;
        }
        match &self.what {
            What::Called(number) => write!(f, "  call {number}"),
            What::Arrived(number) => write!(f, "  call {number} arrived"),
            What::Ended(number, code) => write!(f, "  call {number} ended: {code:?}"),
            What::Connected => f.write_str("  connected"),
            What::Refused => f.write_str("  could not connect"),
            What::Judged(to, why) => write!(f, "  an endpoint is {to}: {why}"),
            What::Script(what) => write!(f, "  script: {what}"),
            What::Listed(count) => write!(f, "  {count} nodes listed"),
            What::Speed(thousandths) => write!(f, "  speed {thousandths} ‰"),
        }
    }
}

/// The events of one run.
#[derive(Default)]
pub(super) struct Journal {
    events: Vec<Event>,
    count: u64,
    hasher: FnvHasher,
}

impl Journal {
    pub(super) fn add(&mut self, event: Event) {
        self.count += 1;
        event.hash(&mut self.hasher);
        if self.events.len() < MOST_EVENTS {
            self.events.push(event);
        }
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Of all events, those that were not kept included.
    pub(super) fn digest(&self) -> u64 {
        self.hasher.finish() ^ self.count
    }

    /// Where another one differs first, in words; nothing where it is the same.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if self.digest() == other.digest() && self.events == other.events {
            return None;
        }
        let length = self.events.len().max(other.events.len());
        let index = (0..length).find(|&index| self.events.get(index) != other.events.get(index));
        let Some(index) = index else {
            return Some(format!(
                "the runs differ after their first {MOST_EVENTS} events, which alone are kept"
            ));
        };
        let show = |event: Option<&Event>| event.map_or("the end".to_owned(), Event::to_string);
        Some(format!(
            "event {index} is {}, and {} the other time",
            show(self.events.get(index)),
            show(other.events.get(index))
        ))
    }
}
