//! One lookup of a name: which questions it takes, and who serves by their answers.
//! It refuses to know how a question gets to a server, and when the next lookup is due.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::join::all;
use super::records::{Answer, Data, Kind, Service, addresses, by_priority, follow, scaled};
use super::url::{Asked, What};
use crate::discovery::Instance;
use crate::transport::target::Target;

/// Questions of one lookup that are on their way at once: servers limit what one client may ask.
const AT_ONCE: usize = 16;

/// SRV records that are taken; the rest is left out, by target and port. An answer of DNS has 64 KiB at most, and those
/// have about so many.
const MOST_SERVICES: usize = 1024;

/// Further questions that a chain of aliases may take. BIND and unbound follow 11 and 16 in all.
const MOST_ALIASES: usize = 8;

/// How much later than one kind of address the other may be: there are servers and firewalls that never answer for
/// AAAA, and calls wait for the answer. RFC 8305 §3 has 50 ms, for a single connection; here it costs half of the
/// endpoints.
const OTHER_WITHIN: Duration = Duration::from_secs(1);

/// As much, once that was in vain in the same lookup: of a thousand targets of SRV records each would have it, one
/// after the other. RFC 8305's order of size; what comes later than that is there at the next lookup.
const NEXT_WITHIN: Duration = Duration::from_millis(25);

/// Whoever answers questions, for one lookup.
pub(super) trait Ask: Send + Sync {
    /// Where this name, which has no dot, is looked for before it is taken as it stands.
    fn domains(&self, name: &str) -> &[String];

    /// Asks for the records of a name, which is complete.
    ///
    /// # Errors
    /// Why there is no answer. That there are no records is one.
    fn ask(&self, name: &str, kind: Kind) -> impl Future<Output = Result<Answer, String>> + Send;

    /// Whether there is a route from here to this address.
    fn reaches(&self, address: IpAddr) -> bool;
}

/// What came of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Who serves, as far as that could be found out.
    pub(super) found: Option<Vec<Instance>>,
    /// For how long that holds, where the records say so.
    pub(super) holds: Option<Duration>,
    /// What could not be found out, and why: where somebody is found all the same, that part is what was known before,
    /// or left out.
    pub(super) failed: Option<String>,
}

impl Outcome {
    pub(super) fn failed(why: String) -> Self {
        Self {
            found: None,
            holds: None,
            failed: Some(why),
        }
    }
}

/// What was last answered to each question for addresses, where there were any: one that fails is taken to say the
/// same, so that nobody is missed because half of the questions found no answer.
pub(super) type Known = HashMap<(String, Kind), Vec<IpAddr>>;

/// Looks a name up.
pub(super) async fn look_up(
    ask: &impl Ask,
    asked: &Asked,
    is_tls: bool,
    known: &mut Known,
) -> Outcome {
    let mut lookup = Lookup {
        ask,
        asked,
        is_tls,
        known,
        fresh: Known::new(),
        was_late: AtomicBool::new(false),
    };
    let outcome = match asked.what {
        What::Addresses { port } => lookup.addresses(port).await,
        What::Services => lookup.services().await,
    };
    let fresh = lookup.fresh;
    if outcome.found.is_some() {
        *known = fresh;
    }
    outcome
}

struct Lookup<'a, A> {
    ask: &'a A,
    asked: &'a Asked,
    is_tls: bool,
    known: &'a Known,
    fresh: Known,
    /// The other kind of address has been waited for in vain.
    was_late: AtomicBool,
}

/// The addresses of one name.
#[derive(Debug, Default)]
struct Host {
    /// Sorted, none twice.
    addresses: Vec<IpAddr>,
    /// Whether any question was answered.
    is_answered: bool,
    holds: Option<Duration>,
    failed: Option<String>,
}

impl<A: Ask> Lookup<'_, A> {
    async fn addresses(&mut self, port: u16) -> Outcome {
        let mut last = Host::default();
        for name in self.names() {
            last = self.host(&name).await;
            // Whether the next name is meant is only known where this one is none.
            if !last.addresses.is_empty() || last.failed.is_some() {
                break;
            }
        }
        let Host {
            addresses,
            is_answered,
            holds,
            failed,
        } = last;
        let is_known = is_answered && (failed.is_none() || !addresses.is_empty());
        let instance = |address: &IpAddr| self.instance(*address, port);
        Outcome {
            found: is_known.then(|| self.reachable(addresses).iter().map(instance).collect()),
            holds,
            failed,
        }
    }

    async fn services(&mut self) -> Outcome {
        let (data, mut holds) = match self.resolve(&self.asked.name, Kind::Srv).await {
            Ok(answer) => answer,
            Err(why) => return Outcome::failed(why),
        };
        let mut instances = Vec::new();
        let mut failed = None;
        for mut services in by_priority(&data) {
            services.truncate(MOST_SERVICES);
            let largest = services.iter().map(|service| service.weight).max();
            let hosts = self.hosts(&services).await;
            for service in services {
                let Some(host) = hosts.get(&service.target) else {
                    continue;
                };
                holds = holds.into_iter().chain(host.holds).min();
                failed = failed.or_else(|| host.failed.clone());
                let weight = scaled(service.weight, largest.unwrap_or_default());
                instances.extend(self.serving(&service, weight, host));
            }
            // Whether the next priority is meant is only known where this one has nobody.
            if !instances.is_empty() || failed.is_some() {
                break;
            }
        }
        let is_known = failed.is_none() || !instances.is_empty();
        Outcome {
            found: is_known.then_some(instances),
            holds,
            failed,
        }
    }

    /// What the name may stand for, in order. Only one without a dot is completed: to complete others costs a question
    /// for each domain, and gives their owners a say.
    fn names(&self) -> Vec<String> {
        let name = &self.asked.name;
        let domains = if name.contains('.') {
            &[]
        } else {
            self.ask.domains(name)
        };
        let complete = domains.iter().map(|domain| format!("{name}.{domain}"));
        complete.chain([name.clone()]).collect()
    }

    async fn hosts(&mut self, services: &[Service]) -> HashMap<String, Host> {
        let targets: HashSet<&str> = services
            .iter()
            .map(|service| service.target.as_str())
            .collect();
        let targets: Vec<&str> = targets.into_iter().collect();
        let mut hosts = HashMap::with_capacity(targets.len());
        // Each host takes two questions.
        let asking: Vec<_> = targets.iter().map(|target| self.answers(target)).collect();
        let answers = all(AT_ONCE / 2, asking).await;
        for (target, answers) in targets.iter().zip(answers) {
            hosts.insert((*target).to_owned(), self.taken(target, answers));
        }
        hosts
    }

    async fn host(&mut self, name: &str) -> Host {
        let answers = self.answers(name).await;
        self.taken(name, answers)
    }

    async fn answers(&self, name: &str) -> [(Kind, Resolved); 2] {
        let mut a = pin!(self.resolve(name, Kind::A));
        let mut aaaa = pin!(self.resolve(name, Kind::Aaaa));
        let (a, aaaa) = tokio::select! {
            biased;
            a = &mut a => {
                let aaaa = self.other(name, Kind::Aaaa, &a, aaaa).await;
                (a, aaaa)
            }
            aaaa = &mut aaaa => (self.other(name, Kind::A, &aaaa, a).await, aaaa),
        };
        [(Kind::A, a), (Kind::Aaaa, aaaa)]
    }

    /// The other answer, for which the one is not kept waiting for long where it has somebody.
    async fn other(
        &self,
        name: &str,
        kind: Kind,
        one: &Resolved,
        asking: impl Future<Output = Resolved>,
    ) -> Resolved {
        if !one.as_ref().is_ok_and(|(data, _)| !data.is_empty()) {
            return asking.await;
        }
        let within = match self.was_late.load(Ordering::Relaxed) {
            true => NEXT_WITHIN,
            false => OTHER_WITHIN,
        };
        let answered = tokio::time::timeout(within, asking).await;
        answered.unwrap_or_else(|_| {
            self.was_late.store(true, Ordering::Relaxed);
            Err(format!("{kind} of {name}: it is late"))
        })
    }

    fn taken(&mut self, name: &str, answers: [(Kind, Resolved); 2]) -> Host {
        let mut host = Host::default();
        let (mut none_for, mut unknown) = (None, None);
        for (kind, answer) in answers {
            let key = (name.to_owned(), kind);
            let found: Vec<IpAddr> = match answer {
                Ok((data, holds)) => {
                    host.is_answered = true;
                    let found: Vec<IpAddr> = addresses(&data).collect();
                    // That one kind has no records says nothing of how long the other's hold.
                    let least = match found.is_empty() {
                        true => &mut none_for,
                        false => &mut host.holds,
                    };
                    *least = holds.into_iter().chain(*least).min();
                    found
                }
                Err(why) => match self.known.get(&key) {
                    Some(last) => {
                        host.failed = Some(why);
                        last.clone()
                    }
                    None => {
                        unknown = Some(why);
                        continue;
                    }
                },
            };
            host.addresses.extend(&found);
            if !found.is_empty() {
                self.fresh.insert(key, found);
            }
        }
        if host.addresses.is_empty() {
            host.holds = none_for;
            // Some servers never answer for one kind: the other is enough, where it has records.
            host.failed = host.failed.or(unknown);
        }
        host.addresses.sort_unstable();
        host.addresses.dedup();
        host
    }

    /// The records at the end of a name's aliases, and for how long they hold.
    async fn resolve(&self, name: &str, kind: Kind) -> Resolved {
        let mut name = name.to_owned();
        let mut holds = None;
        for _ in 0..=MOST_ALIASES {
            let answer = self.ask.ask(&name, kind).await;
            let answer = answer.map_err(|why| format!("{kind} of {name}: {why}"))?;
            let followed = follow(&name, kind, &answer.records);
            holds = followed.ttl.into_iter().chain(holds).min();
            // Its aliases lead to a name that the server has said nothing of.
            if followed.data.is_empty() && followed.name != name {
                name = followed.name;
                continue;
            }
            if followed.data.is_empty() {
                holds = answer.none_for;
            }
            return Ok((followed.data, holds));
        }
        Err(format!(
            "{kind} of {}: its aliases do not end after {MOST_ALIASES}",
            self.asked.name
        ))
    }

    /// Without those that there is no route to, where others are left: hosts often have IPv6 addresses for those who
    /// have IPv6.
    fn reachable(&self, mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        // Of one kind all have one, or none has, mostly.
        if addresses.iter().all(IpAddr::is_ipv4) || addresses.iter().all(IpAddr::is_ipv6) {
            return addresses;
        }
        let is_reached: HashSet<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|address| self.ask.reaches(*address))
            .collect();
        if !is_reached.is_empty() {
            addresses.retain(|address| is_reached.contains(address));
        }
        addresses
    }

    /// Those who serve by an SRV record. Where its target has one address, as mostly, keys are hashed to the target,
    /// and stay when the address changes.
    fn serving(&self, service: &Service, weight: u16, host: &Host) -> Vec<Instance> {
        let reachable = self.reachable(host.addresses.clone());
        let is_one = reachable.len() == 1;
        let instance = |address: IpAddr| {
            let mut id = format!("{}:{}", service.target, service.port);
            if !is_one {
                id = format!("{id}/{address}");
            }
            let instance = self.instance(address, service.port);
            instance
                .with_slot(id.clone())
                .with_id(id)
                .with_weight(weight)
        };
        reachable.into_iter().map(instance).collect()
    }

    fn instance(&self, address: IpAddr, port: u16) -> Instance {
        let target = Target::of_address(SocketAddr::new(address, port), self.is_tls);
        Instance::new(target).with_host(self.asked.host())
    }
}

/// Records and for how long they hold, or why there is no answer.
type Resolved = Result<(Vec<Data>, Option<Duration>), String>;
