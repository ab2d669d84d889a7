//! From a record to an instance, or to what is wrong with it and where.
//! It refuses what it cannot take whole; what it does not know it keeps.

use std::collections::BTreeMap;

use super::{
    Instance, InstanceState, InvalidInstance, LARGEST_WEIGHT, LONGEST_RECORD, NORMAL_WEIGHT,
};
use crate::discovery::json::{self, Value};
use crate::transport::target::Target;

/// Fields that stand in `Instance` by themselves.
pub(super) const KNOWN: [&str; 9] = [
    "v", "id", "slot", "svc", "state", "weight", "zone", "host", "inc",
];

/// The version of records that is written, and the only one that is read.
pub(super) const VERSION: &str = "1";

/// Reads a record.
pub(super) fn read(text: &str) -> Result<Instance, InvalidInstance> {
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
    let (id, slot, zone, host) = (take("id"), take("slot"), take("zone"), take("host"));
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
    instance.host = host;
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
