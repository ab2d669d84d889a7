//! `static:`: endpoints that are written down, and stay.
//! It refuses to look anything up.

use std::sync::Arc;

use super::instance::Instance;
use super::{Discover, Updates};
use crate::transport::target::{InvalidTarget, Target};

/// Endpoints that a URL may list.
const MOST: usize = 1024;

/// Endpoints that stay as they are.
#[derive(Debug)]
pub(super) struct Fixed(Vec<Arc<Instance>>);

impl Fixed {
    pub(super) fn one(target: Target) -> Self {
        Self(vec![Arc::new(Instance::new(target))])
    }

    /// What stands behind `static:`.
    pub(super) fn parse(url: &str, list: &str) -> Result<Self, InvalidTarget> {
        let wrong = |why: String| InvalidTarget::of_source(url, why);
        let list = list.strip_prefix("//").unwrap_or(list);
        if list.split(',').count() > MOST {
            return Err(wrong(format!("it lists more than {MOST} endpoints")));
        }
        let mut instances: Vec<Arc<Instance>> = Vec::new();
        for text in list.split(',').map(str::trim) {
            if text.is_empty() {
                return Err(wrong(
                    "an endpoint is missing; write for example \"static:127.0.0.1:50051,127.0.0.1:50052\"".to_owned(),
                ));
            }
            let instance = instance(text).map_err(wrong)?;
            if instances.iter().any(|known| known.id() == instance.id()) {
                return Err(wrong(format!("{text:?} stands there twice")));
            }
            let is_taken = |known: &Arc<Instance>| known.slot() == instance.slot();
            if let Some(other) = instances.iter().find(|known| is_taken(known)) {
                // All but one of them would get no calls.
                let (slot, other) = (instance.slot(), other.address());
                return Err(wrong(format!(
                    "{other:?} and {text:?} have the slot {slot:?}, which is one endpoint's"
                )));
            }
            instances.push(Arc::new(instance));
        }
        Ok(Self(instances))
    }
}

impl Discover for Fixed {
    async fn discover(&self, updates: Updates) {
        updates.replace(self.0.iter().cloned());
    }
}

/// `host:port`, a URL, or either with `;weight=200` and `;slot=order-3`.
fn instance(text: &str) -> Result<Instance, String> {
    let mut parts = text.split(';');
    let address = parts.next().unwrap_or_default();
    let url = if address.contains("://") || address.starts_with("unix:") {
        address.to_owned()
    } else {
        format!("http://{address}")
    };
    // A bracket ends the colons of an IPv6 address.
    if url.len() > address.len() && !address.rsplit(']').next().unwrap_or_default().contains(':') {
        return Err(format!(
            "the port of {address:?} is missing; write for example \"{address}:50051\""
        ));
    }
    let target = url
        .parse::<Target>()
        .map_err(|why| format!("{text:?} is wrong: {why}"))?;
    let mut instance = Instance::new(target);
    for option in parts {
        instance = match option.split_once('=') {
            Some(("weight", weight)) => {
                let is_known = |weight: &u16| (1..=super::LARGEST_WEIGHT).contains(weight);
                let weight = weight.parse().ok().filter(is_known).ok_or_else(|| {
                    format!(
                        "the weight of {text:?} has to be a number from 1 to {}",
                        super::LARGEST_WEIGHT
                    )
                })?;
                instance.with_weight(weight)
            }
            Some(("slot", slot)) if !slot.is_empty() => instance.with_slot(slot),
            _ => {
                return Err(format!(
                    "{option:?} in {text:?} is no option; there are \";weight=200\" and \";slot=order-3\""
                ));
            }
        };
    }
    Ok(instance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_listed_with_what_is_said_of_them() {
        let url = "static:127.0.0.1:1, http://[::1]:2;weight=200;slot=a,unix:/run/a.sock";
        let fixed = Fixed::parse(url, &url["static:".len()..]).unwrap();
        let shown: Vec<_> = fixed
            .0
            .iter()
            .map(|one| {
                (
                    one.target().to_string(),
                    one.weight(),
                    one.slot().to_owned(),
                )
            })
            .collect();
        let want = [
            ("http://127.0.0.1:1", 100, "127.0.0.1:1"),
            ("http://[::1]:2", 200, "a"),
            ("unix:/run/a.sock", 100, "unix:/run/a.sock"),
        ];
        let want = want.map(|(target, weight, slot)| (target.to_owned(), weight, slot.to_owned()));
        assert_eq!(shown, want);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (list, why) in [
            ("", "an endpoint is missing"),
            ("a:1,", "an endpoint is missing"),
            ("a:1,a:1", "\"a:1\" stands there twice"),
            (
                "a",
                "the port of \"a\" is missing; write for example \"a:50051\"",
            ),
            ("[::1];weight=2", "the port of \"[::1]\" is missing"),
            ("a:x", "\"a:x\" is wrong: invalid target \"http://a:x\""),
            ("a:1;weight=0", "has to be a number from 1 to 1000"),
            (
                "a:1;color=red",
                "\"color=red\" in \"a:1;color=red\" is no option",
            ),
            ("a:1;slot=", "is no option"),
            (
                "a:1;slot=x,b:1;slot=y,c:1;slot=x",
                "\"a:1\" and \"c:1;slot=x\" have the slot \"x\"",
            ),
            ("a:1,b:1;slot=a:1", "have the slot \"a:1\""),
            (&["a:1"; MOST + 1].join(","), "more than 1024 endpoints"),
        ] {
            let url = format!("static:{list}");
            let error = Fixed::parse(&url, list).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(error.starts_with("invalid target \"static:"), "{error}");
        }
    }
}
