//! One who serves: where, under which names, how it is, and the record in JSON that says so in every registry.
//! It refuses to know how it is found, and whether it can be reached.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::rt::json::write_text;
use crate::transport::target::Target;

mod read;
#[cfg(test)]
mod tests;

/// Bytes of a record: registries push it to every client, and one that is larger says what belongs elsewhere.
pub(crate) const LONGEST_RECORD: usize = 4096;

/// The weight of one that says nothing.
pub const NORMAL_WEIGHT: u16 = 100;

/// The largest weight, ten times the normal one.
pub const LARGEST_WEIGHT: u16 = 1000;

/// How one who serves says that it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstanceState {
    /// It is there and takes no calls yet.
    Starting,
    /// It takes calls, and is better given few.
    Warming,
    /// It takes calls.
    #[default]
    Ready,
    /// It ends: calls in flight go on, new ones belong elsewhere.
    Draining,
}

impl InstanceState {
    const ALL: [Self; 4] = [Self::Starting, Self::Warming, Self::Ready, Self::Draining];

    /// As a record spells it: `starting`, `warming`, `ready`, `draining`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Warming => "warming",
            Self::Ready => "ready",
            Self::Draining => "draining",
        }
    }

    /// Whether calls are to be sent to one that is so.
    pub(crate) const fn takes_calls(self) -> bool {
        match self {
            Self::Warming | Self::Ready => true,
            Self::Starting | Self::Draining => false,
        }
    }
}

impl Display for InstanceState {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One who serves.
///
/// In a registry it is an object of JSON that clients of gRPC's naming in etcd read as well: `Addr`, and `Metadata`
/// from text to text, of at most 4 KiB. What is not known there is kept, and of no effect.
///
/// ```
/// use sinew::discovery::Instance;
///
/// let json = r#"{"Addr":"10.0.0.7:9000","Metadata":{"id":"a1","slot":"order-3","weight":"200","rack":"r7"}}"#;
/// let instance = Instance::from_json(json)?;
/// assert_eq!(instance.target().to_string(), "http://10.0.0.7:9000");
/// assert_eq!((instance.slot(), instance.weight()), ("order-3", 200));
/// assert_eq!(instance.extra("rack"), Some("r7"));
/// # Ok::<(), sinew::discovery::InvalidInstance>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    target: Target,
    host: Option<String>,
    /// `Addr`: the target without what the record says elsewhere.
    address: String,
    id: String,
    slot: Option<String>,
    services: Vec<String>,
    state: InstanceState,
    weight: u16,
    zone: Option<String>,
    incarnation: u64,
    extra: BTreeMap<String, String>,
}

impl Instance {
    /// One at this address, which is its id until it is given another; ready, and of normal weight.
    pub fn new(target: Target) -> Self {
        let address = address(&target);
        Self {
            id: address.clone(),
            target,
            host: None,
            address,
            slot: None,
            services: Vec::new(),
            state: InstanceState::default(),
            weight: NORMAL_WEIGHT,
            zone: None,
            incarnation: 0,
            extra: BTreeMap::new(),
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`InvalidInstance`] where it is no such object, too large, or a field of it is wrong.
    pub fn from_json(text: &str) -> Result<Self, InvalidInstance> {
        read::read(text)
    }

    /// The record, on one line.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"Addr\":");
        write_text(&mut out, &self.address);
        out.push_str(",\"Metadata\":{\"v\":");
        write_text(&mut out, read::VERSION);
        let mut field = |name: &str, value: &str| {
            out.push(',');
            write_text(&mut out, name);
            out.push(':');
            write_text(&mut out, value);
        };
        field("id", &self.id);
        if let Some(slot) = &self.slot {
            field("slot", slot);
        }
        if !self.services.is_empty() {
            field("svc", &self.services.join(","));
        }
        field("state", self.state.as_str());
        field("weight", &self.weight.to_string());
        if let Some(zone) = &self.zone {
            field("zone", zone);
        }
        if let Some(host) = &self.host {
            field("host", host);
        }
        if self.incarnation > 0 {
            field("inc", &self.incarnation.to_string());
        }
        if self.target.is_tls() && !self.extra.contains_key("tls") {
            field("tls", "yes");
        }
        for (name, value) in &self.extra {
            field(name, value);
        }
        out.push_str("}}");
        out
    }

    /// Who it is: new for every process that serves.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Which place among its like it has, over all of its restarts: what keys are hashed to.
    #[must_use]
    pub fn with_slot(mut self, slot: impl Into<String>) -> Self {
        self.slot = Some(slot.into());
        self
    }

    /// Which services it serves, by their full names.
    #[must_use]
    pub fn with_services<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.services = names.into_iter().map(Into::into).collect();
        self
    }

    /// How it says that it is.
    #[must_use]
    pub fn with_state(mut self, state: InstanceState) -> Self {
        self.state = state;
        self
    }

    /// Its share beside others, from 1 to 1000; what is beyond is cut.
    #[must_use]
    pub fn with_weight(mut self, weight: u16) -> Self {
        self.weight = weight.clamp(1, LARGEST_WEIGHT);
        self
    }

    /// Where it stands.
    #[must_use]
    pub fn with_zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// The name that it is called by, where that is not the host of its target: what calls say in `:authority`, with
    /// its port, and, where TLS is spoken, what its certificate has to be for.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Which of those with its slot it is: the higher is the newer.
    #[must_use]
    pub fn with_incarnation(mut self, incarnation: u64) -> Self {
        self.incarnation = incarnation;
        self
    }

    /// More that a record says. The names of fields that are known here are left alone.
    #[must_use]
    pub fn with_extra(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        if !read::KNOWN.contains(&name.as_str()) {
            self.extra.insert(name, value.into());
        }
        self
    }

    /// Where it serves.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Where it serves, as the record says it: `10.0.0.7:9000`, `unix:/run/cart.sock`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Who it is; its address unless it says otherwise.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which place among its like it has; its address unless it says otherwise.
    pub fn slot(&self) -> &str {
        self.slot.as_deref().unwrap_or(&self.address)
    }

    /// Whether it says which slot it has.
    pub(crate) fn has_slot(&self) -> bool {
        self.slot.is_some()
    }

    /// Which services it says that it serves.
    pub fn services(&self) -> &[String] {
        &self.services
    }

    /// How it says that it is.
    pub fn state(&self) -> InstanceState {
        self.state
    }

    /// Its share beside others; 100 unless it says otherwise.
    pub fn weight(&self) -> u16 {
        self.weight
    }

    /// Where it stands.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// The name that it is called by, where that is not the host of its target.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// What calls to it say in `:authority`.
    pub(crate) fn authority(&self) -> String {
        match &self.host {
            Some(host) => self.target.authority_of(host),
            None => self.target.authority(),
        }
    }

    /// Which of those with its slot it is.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// What its record says that is not known here.
    pub fn extra(&self, name: &str) -> Option<&str> {
        self.extra.get(name).map(String::as_str)
    }
}

impl From<Target> for Instance {
    fn from(target: Target) -> Self {
        Self::new(target)
    }
}

impl Display for Instance {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.id, self.address)
    }
}

/// A record that says nobody who serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInstance(String);

impl Display for InvalidInstance {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "invalid record of an instance: {}", self.0)
    }
}

impl std::error::Error for InvalidInstance {}

fn address(target: &Target) -> String {
    let url = target.to_string();
    let bare = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    bare.map_or_else(|| url.clone(), str::to_owned)
}
