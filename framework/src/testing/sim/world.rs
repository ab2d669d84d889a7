//! What all of a run share: its nodes, what is listed, and what has happened.
//! It refuses to decide anything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clock;
use super::journal::{Event, Journal, What};
use super::run::{Arrived, Ended};
use super::site::Site;
use super::watched::Watched;
use crate::discovery::{Instance, InstanceState};

/// What a source reads: nothing yet, those who serve, or why they could not be read.
pub(super) type Reading = Option<Result<Vec<Instance>, String>>;

/// A run.
pub(super) struct World {
    pub(super) sites: Vec<Arc<Site>>,
    pub(super) one_way: Duration,
    pub(super) stretch: u32,
    listing: Mutex<Vec<Option<InstanceState>>>,
    pub(super) readings: Arc<Watched<Reading>>,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    journal: Journal,
    /// When each call was made that has not ended, by its client and number.
    in_flight: BTreeMap<(u32, u32), Duration>,
    ended: Vec<Ended>,
    arrivals: Vec<Arrived>,
}

/// What remains of a run.
pub(super) struct Notes {
    pub(super) journal: Journal,
    /// When the calls were made that have not ended.
    pub(super) unfinished: Vec<Duration>,
    pub(super) ended: Vec<Ended>,
    pub(super) arrivals: Vec<Arrived>,
}

impl World {
    pub(super) fn new(sites: Vec<Arc<Site>>, one_way: Duration, stretch: u32) -> Self {
        let listed = |site: &Arc<Site>| site.node.is_listed.then_some(InstanceState::Ready);
        let listing = sites.iter().map(listed).collect();
        Self {
            sites,
            one_way,
            stretch,
            listing: Mutex::new(listing),
            readings: Arc::default(),
            noted: Mutex::default(),
        }
    }

    /// Says in what state a node is listed, or that it is not.
    pub(super) fn list(&self, site: &Site, state: Option<InstanceState>) {
        self.set_listed(site, state);
        self.relist();
    }

    /// As [`World::list`], and nobody reads it yet.
    pub(super) fn unlist(&self, site: &Site) {
        self.set_listed(site, None);
    }

    fn set_listed(&self, site: &Site, state: Option<InstanceState>) {
        if let Some(listed) = lock(&self.listing).get_mut(site.index as usize) {
            *listed = state;
        }
    }

    /// Lets sources read what is listed.
    pub(super) fn relist(&self) {
        let listing = lock(&self.listing);
        let listed = self.sites.iter().zip(listing.iter());
        let instances: Vec<Instance> = listed
            .filter_map(|(site, state)| Some(instance(site, (*state)?)))
            .collect();
        drop(listing);
        let count = u32::try_from(instances.len()).unwrap_or(u32::MAX);
        self.note(None, None, What::Listed(count));
        self.read(Ok(instances));
    }

    /// What sources read from now on.
    pub(super) fn read(&self, reading: Result<Vec<Instance>, String>) {
        self.readings.set(|held| *held = Some(reading));
    }

    pub(super) fn note(&self, client: Option<u32>, node: Option<u32>, what: What) {
        let at = clock::now();
        lock(&self.noted).journal.add(Event {
            at,
            client,
            node,
            what,
        });
    }

    pub(super) fn called(&self, client: u32, number: u32, began: Duration) {
        self.note(Some(client), None, What::Called(number));
        let mut noted = lock(&self.noted);
        noted.in_flight.insert((client, number), began);
    }

    pub(super) fn arrived(&self, arrived: Arrived) {
        let Arrived { client, node, .. } = arrived;
        self.note(Some(client), Some(node), What::Arrived(arrived.number));
        lock(&self.noted).arrivals.push(arrived);
    }

    pub(super) fn ended(&self, ended: Ended) {
        let what = What::Ended(ended.number, ended.code);
        self.note(Some(ended.client), None, what);
        let mut noted = lock(&self.noted);
        noted.in_flight.remove(&(ended.client, ended.number));
        noted.ended.push(ended);
    }

    /// What was noted, and from here on nothing more.
    pub(super) fn take_notes(&self) -> Notes {
        let Noted {
            journal,
            in_flight,
            ended,
            arrivals,
        } = std::mem::take(&mut *lock(&self.noted));
        Notes {
            journal,
            unfinished: in_flight.into_values().collect(),
            ended,
            arrivals,
        }
    }
}

fn instance(site: &Site, state: InstanceState) -> Instance {
    let life = site.lives();
    Instance::new(site.target.clone())
        .with_id(format!("{}.{life}", site.name))
        .with_slot(&site.name)
        .with_weight(site.node.weight)
        .with_incarnation(life.into())
        .with_state(state)
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
