//! One who serves: where, under which names, how it is, and the record in JSON that says so in every registry.
//! It refuses to know how it is found, and whether it can be reached.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use super::json::{self, Value};
use crate::rt::json::write_text;
use crate::transport::target::Target;

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
        read(text)
    }

    /// The record, on one line.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"Addr\":");
        write_text(&mut out, &self.address);
        out.push_str(",\"Metadata\":{\"v\":\"1\"");
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
        if !KNOWN.contains(&name.as_str()) {
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

/// Fields that stand in `Instance` by themselves.
const KNOWN: [&str; 8] = ["v", "id", "slot", "svc", "state", "weight", "zone", "inc"];

/// The version of records that is written, and the only one that is read.
const VERSION: &str = "1";

fn address(target: &Target) -> String {
    let url = target.to_string();
    let bare = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    bare.map_or_else(|| url.clone(), str::to_owned)
}

fn read(text: &str) -> Result<Instance, InvalidInstance> {
    if text.len() > LONGEST_RECORD {
        let length = text.len();
        let why = format!("it has {length} bytes, and {LONGEST_RECORD} at most are taken");
        return Err(InvalidInstance(why));
    }
    let value = json::parse(text).map_err(|why| InvalidInstance(why.to_string()))?;
    let Value::Object(fields) = value else {
        return Err(InvalidInstance("it is no object".to_owned()));
    };
    let mut addr = None;
    let mut metadata = Vec::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("Addr", value) => addr = Some(string(&name, value)?),
            // grpc-go writes null where there is none.
            ("Metadata", Value::Other("null")) => {}
            ("Metadata", Value::Object(fields)) => metadata = fields,
            ("Metadata", _) => return Err(wrong("Metadata", "is no object")),
            _ => {}
        }
    }
    let addr = addr.ok_or_else(|| wrong("Addr", "is missing"))?;
    // Others than ours may have more there than texts.
    let mut extra: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in metadata {
        match value {
            Value::Text(text) => drop(extra.insert(name, text)),
            Value::Other("null") => {}
            value if KNOWN.contains(&name.as_str()) => drop(string(&name, value)?),
            _ => {}
        }
    }
    let mut take = |name: &str| extra.remove(name).filter(|value| !value.is_empty());
    if let Some(version) = take("v").filter(|version| version != VERSION) {
        let why = format!("is {version:?}, and only {VERSION:?} is known here");
        return Err(wrong("v", &why));
    }
    let (id, slot, zone) = (take("id"), take("slot"), take("zone"));
    let services = take("svc");
    let state = take("state").map_or(Ok(InstanceState::default()), |value| state(&value))?;
    let weight = take("weight").map_or(Ok(NORMAL_WEIGHT), |value| weight(&value))?;
    let incarnation = take("inc").map_or(Ok(0), |value| {
        let why = || wrong("inc", &format!("is {value:?}, which is no number"));
        value.parse().map_err(|_| why())
    })?;
    let target = target(&addr, extra.get("tls").is_some_and(|tls| !tls.is_empty()))?;
    let mut instance = Instance::new(target);
    instance.id = id.unwrap_or(instance.id);
    instance.slot = slot;
    instance.zone = zone;
    instance.state = state;
    instance.weight = weight;
    instance.incarnation = incarnation;
    instance.services = services.iter().flat_map(|names| list(names)).collect();
    instance.extra = extra;
    Ok(instance)
}

fn string(name: &str, value: Value) -> Result<String, InvalidInstance> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Object(_) => Err(wrong(name, "is an object, and has to be a text")),
        Value::Other(what) => Err(wrong(name, &format!("is {what}, and has to be a text"))),
    }
}

fn target(addr: &str, is_tls: bool) -> Result<Target, InvalidInstance> {
    let url = if addr.contains("://") || addr.starts_with("unix:") {
        addr.to_owned()
    } else if is_tls {
        format!("https://{addr}")
    } else {
        format!("http://{addr}")
    };
    url.parse()
        .map_err(|why| wrong("Addr", &format!("is wrong: {why}")))
}

fn state(value: &str) -> Result<InstanceState, InvalidInstance> {
    let known = InstanceState::ALL
        .into_iter()
        .find(|state| state.as_str() == value);
    known.ok_or_else(|| {
        let why = format!("is {value:?}, and has to be starting, warming, ready or draining");
        wrong("state", &why)
    })
}

fn weight(value: &str) -> Result<u16, InvalidInstance> {
    let weight = value.parse().ok();
    let weight = weight.filter(|weight| (1..=LARGEST_WEIGHT).contains(weight));
    weight.ok_or_else(|| {
        let why = format!("is {value:?}, and has to be a number from 1 to {LARGEST_WEIGHT}");
        wrong("weight", &why)
    })
}

fn list(names: &str) -> impl Iterator<Item = String> {
    let names = names.split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned)
}

fn wrong(field: &str, why: &str) -> InvalidInstance {
    InvalidInstance(format!("the field {field:?} {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A record with every field that the design of records has.
    const FULL: &str = r#"{"Addr":"10.0.0.7:9000","Metadata":{"v":"1","id":"01JD","slot":"order-3",
        "svc":"shop.Order,shop.Cart","state":"draining","weight":"250","zone":"sz-a","region":"sz","node":"h12",
        "version":"1.4.2","inc":"1795379991"}}"#;

    #[test]
    fn a_record_is_read_with_all_that_it_says() {
        let instance = Instance::from_json(FULL).unwrap();
        let target: Target = "http://10.0.0.7:9000".parse().unwrap();
        let same = Instance::new(target)
            .with_id("01JD")
            .with_slot("order-3")
            .with_services(["shop.Order", "shop.Cart"])
            .with_state(InstanceState::Draining)
            .with_weight(250)
            .with_zone("sz-a")
            .with_incarnation(1_795_379_991)
            .with_extra("region", "sz")
            .with_extra("node", "h12")
            .with_extra("version", "1.4.2");
        assert_eq!(instance, same);
        assert_eq!(Instance::from_json(&instance.to_json()).unwrap(), instance);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            id in ".{1,20}", slot in prop::option::of(".{1,20}"), zone in prop::option::of(".{1,20}"),
            services in prop::collection::vec("[a-z.]{1,20}", 0..4), weight in 1..=LARGEST_WEIGHT, incarnation: u64,
            state in prop::sample::select(&InstanceState::ALL[..]),
            extra in prop::collection::btree_map("[a-zA-Z ]{0,9}", ".{0,20}", 0..4),
        ) {
            let mut instance = Instance::new("http://a:1".parse().unwrap())
                .with_id(id)
                .with_services(services)
                .with_weight(weight)
                .with_incarnation(incarnation)
                .with_state(state);
            instance.slot = slot;
            instance.zone = zone;
            for (name, value) in extra {
                instance = instance.with_extra(name, value);
            }
            // What speaks TLS is another URL.
            instance.extra.remove("tls");
            prop_assert_eq!(Instance::from_json(&instance.to_json()).unwrap(), instance);
        }
    }

    #[test]
    fn what_a_record_leaves_out_is_filled_in() {
        for text in [
            r#"{"Addr":"[::1]:9000"}"#,
            r#"{"Op":0,"Addr":"[::1]:9000","Metadata":null}"#,
            r#"{"Addr":"http://[::1]:9000","Metadata":{"weight":"","id":null,"tags":["a"],"n":{"b":1}}}"#,
        ] {
            let instance = Instance::from_json(text).unwrap();
            assert_eq!(instance.id(), "[::1]:9000", "{text}");
            assert_eq!(instance.slot(), "[::1]:9000");
            assert_eq!(instance.weight(), NORMAL_WEIGHT);
            assert_eq!(instance.state(), InstanceState::Ready);
            assert!(instance.services().is_empty());
        }
        let unix = Instance::from_json(r#"{"Addr":"unix:/run/a.sock"}"#).unwrap();
        assert_eq!(unix.slot(), "unix:/run/a.sock");
    }

    #[test]
    fn an_address_with_tls_says_so_beside_it() {
        let text = r#"{"Addr":"a.example:9000","Metadata":{"tls":"spiffe://a"}}"#;
        if cfg!(feature = "tls") {
            let instance = Instance::from_json(text).unwrap();
            assert_eq!(instance.target().to_string(), "https://a.example:9000");
            assert!(instance.to_json().contains(r#""tls":"spiffe://a""#));
            let ours = Instance::new("https://a.example:9000".parse().unwrap());
            assert!(ours.to_json().starts_with(r#"{"Addr":"a.example:9000""#));
            assert!(ours.to_json().contains(r#""tls":"yes""#));
        } else {
            let why = Instance::from_json(text).unwrap_err().to_string();
            assert!(why.contains("TLS is not built in"), "{why}");
        }
    }

    #[test]
    fn a_wrong_record_is_refused_with_what_and_where() {
        let of = |metadata: &str| format!(r#"{{"Addr":"a:1","Metadata":{metadata}}}"#);
        for (text, why) in [
            (String::new(), "byte 0: expected a value"),
            (
                r#"{"Addr":"a:1","Meta"#.into(),
                "byte 19: expected a closing quote",
            ),
            ("[]".into(), "it is no object"),
            ("{}".into(), r#"the field "Addr" is missing"#),
            (
                r#"{"Addr":7}"#.into(),
                r#"the field "Addr" is a number, and has to be a text"#,
            ),
            (of("[]"), r#"the field "Metadata" is no object"#),
            (
                of(r#"{"id":{}}"#),
                r#"the field "id" is an object, and has to be a text"#,
            ),
            (
                of(r#"{"weight":100}"#),
                r#"the field "weight" is a number, and has to be a text"#,
            ),
            (
                of(r#"{"weight":"0"}"#),
                r#"the field "weight" is "0", and has to be a number from 1 to 1000"#,
            ),
            (
                of(r#"{"weight":"1001"}"#),
                r#"the field "weight" is "1001", and has to be a number from 1 to 1000"#,
            ),
            (
                of(r#"{"inc":"-1"}"#),
                r#"the field "inc" is "-1", which is no number"#,
            ),
            (
                of(r#"{"v":"2"}"#),
                r#"the field "v" is "2", and only "1" is known here"#,
            ),
            (
                of(r#"{"state":"dead"}"#),
                r#"the field "state" is "dead", and has to be starting, warming, ready or draining"#,
            ),
        ] {
            let error = Instance::from_json(&text).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("invalid record of an instance: {why}"),
                "{text}"
            );
        }
        let port = Instance::from_json(r#"{"Addr":"a:0"}"#)
            .unwrap_err()
            .to_string();
        assert!(
            port.contains(r#"the field "Addr" is wrong: invalid target"#),
            "{port}"
        );
        let long = of(&format!(r#"{{"x":"{}"}}"#, "x".repeat(LONGEST_RECORD)));
        let long = Instance::from_json(&long).unwrap_err().to_string();
        assert!(long.contains("4096 at most"), "{long}");
    }
}
