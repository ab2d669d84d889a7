//! Where a server is to be found: the registries that it was given, and its entries in them while it serves.
//! It refuses to know how a registry works.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::task::AbortHandle;

use crate::discovery::{self, Instance, InstanceState, Registered, Registry};
use crate::observe;
use crate::rt::task::{self, Task};
use crate::services::health::{Health, ServingStatus};
use crate::transport::target::{InvalidTarget, Target};

/// Says which slot a server has that was given none.
const SLOT: &str = "SINEW_SLOT";

/// Registries as they were given.
#[derive(Debug, Default)]
pub(super) struct Registries {
    given: Vec<Given>,
    pub(super) slot: Option<String>,
    pub(super) advertised: Option<String>,
}

#[derive(Debug)]
enum Given {
    /// With what reads it: so only programs that register by a URL compile and link what is behind it.
    Url(String, OpenUrl),
    Registry(Registry),
}

type OpenUrl = fn(&str) -> Result<Registry, InvalidTarget>;

/// Registries that a server is to be found in, and what it says of itself there.
#[derive(Debug, Default)]
pub(super) struct Opened {
    registries: Vec<Registry>,
    /// One that clients of other machines may look into: those that URLs name are of this one.
    of_others: Option<Registry>,
    slot: Option<String>,
    /// In place of where it listens.
    advertised: Option<Target>,
    services: Vec<String>,
}

/// Entries of a server that serves. Dropping them takes them out at once.
#[derive(Debug, Default)]
pub(super) struct Entries {
    registered: Vec<Registered>,
    following: Option<Following>,
}

/// What makes them say how the server is. Dropping it ends that.
#[derive(Debug)]
struct Following(AbortHandle);

impl Registries {
    #[inline]
    pub(super) fn add_url(&mut self, url: String) {
        self.given.push(Given::Url(url, discovery::registry));
    }

    pub(super) fn add(&mut self, registry: Registry) {
        self.given.push(Given::Registry(registry));
    }

    /// What does not listen has no address to be found at.
    pub(super) fn none_for(&self, what: &str) -> io::Result<()> {
        if self.given.is_empty() {
            return Ok(());
        }
        Err(invalid(format!(
            "{what} cannot be registered, as the address is not known here: leave Server::register out, or bind"
        )))
    }

    pub(super) fn open(self, services: &[&str]) -> io::Result<Opened> {
        let wrong = |why: InvalidTarget| invalid(format!("cannot register the server: {why}"));
        let advertised = self.advertised.map(|url| url.parse().map_err(wrong));
        let of_others = self.given.iter().find_map(|given| match given {
            Given::Registry(registry) => Some(registry.clone()),
            Given::Url(..) => None,
        });
        let named = |given| match given {
            Given::Registry(registry) => Ok(registry),
            Given::Url(url, open) => open(&url).map_err(wrong),
        };
        let registries = self
            .given
            .into_iter()
            .map(named)
            .collect::<io::Result<_>>()?;
        Ok(Opened {
            registries,
            of_others,
            slot: self.slot,
            advertised: advertised.transpose()?,
            services: services.iter().map(|name| (*name).to_owned()).collect(),
        })
    }
}

impl Opened {
    /// Can the server be found by those who may look for it, where it listens at this address?
    pub(super) fn can_be_found(&self, addr: SocketAddr) -> io::Result<()> {
        let others = self.of_others.as_ref();
        let others = others.filter(|_| addr.ip().is_unspecified() && self.advertised.is_none());
        let Some(registry) = others else {
            return Ok(());
        };
        let (name, port) = (registry.name(), addr.port());
        Err(invalid(format!(
            "the server listens at {addr}, which is no address of its own: nobody finds it there by the registry \
             {name}; say where by Server::advertise(\"http://10.0.0.7:{port}\"), or listen at that address"
        )))
    }

    /// Registers the server that listens at `url`, and keeps it so, with what its health says of it as a whole.
    pub(super) fn register(&self, url: &str, health: &Health) -> Entries {
        // Who leaves already is not to be found any more.
        if self.registries.is_empty() || health.is_leaving() {
            return Entries::default();
        }
        let target = self
            .advertised
            .clone()
            .map_or_else(|| url.parse::<Target>(), Ok);
        let target = match target {
            Ok(target) => target,
            // As of a socket whose path is relative.
            Err(why) => {
                for registry in &self.registries {
                    let why = format!("nobody can come to where the server listens: {why}");
                    observe::not_registered(registry.name(), &why);
                }
                return Entries::default();
            }
        };
        let instance = Arc::new(self.instance(target).with_state(state(health)));
        let register = |registry| Registered::start(registry, Arc::clone(&instance));
        let registered: Vec<_> = self.registries.iter().map(register).collect();
        Entries {
            following: Some(Following::start(health.clone(), &registered)),
            registered,
        }
    }

    fn instance(&self, target: Target) -> Instance {
        let id = format!("{}-{:012x}", std::process::id(), fastrand::u64(..1 << 48));
        // Of two with one slot the later one counts.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let incarnation = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let instance = Instance::new(target)
            .with_id(id)
            .with_services(self.services.iter().cloned())
            .with_incarnation(incarnation);
        match self.slot.clone().or_else(slot_of_environment) {
            Some(slot) => instance.with_slot(slot),
            None => instance,
        }
    }
}

impl Entries {
    /// Takes the server out everywhere.
    pub(super) async fn leave(self) {
        drop(self.following);
        let mut leaving = tokio::task::JoinSet::new();
        for entry in self.registered {
            let entry: Task = Box::pin(entry.leave());
            leaving.spawn(entry);
        }
        while leaving.join_next().await.is_some() {}
    }
}

impl Following {
    fn start(health: Health, registered: &[Registered]) -> Self {
        let wanted: Vec<_> = registered.iter().map(Registered::wanted).collect();
        let following = async move {
            let show = |health: &Health| {
                for wanted in &wanted {
                    wanted.state(state(health));
                }
            };
            health.follow(show).await;
        };
        Self(task::spawn(Box::pin(following)).abort_handle())
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How a server with this health is to those who look for it. One that is not well, and does not leave, takes no calls
/// yet: it keeps its slot.
fn state(health: &Health) -> InstanceState {
    if health.is_leaving() {
        InstanceState::Draining
    } else if health.status("") == Some(ServingStatus::NotServing) {
        InstanceState::Starting
    } else {
        InstanceState::Ready
    }
}

fn slot_of_environment() -> Option<String> {
    std::env::var(SLOT).ok().filter(|slot| !slot.is_empty())
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
