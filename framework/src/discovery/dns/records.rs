//! What records say: the chain of aliases to them, for how long they hold, whose priority counts, what weighs what.
//! It refuses to ask for more of them.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::super::NORMAL_WEIGHT;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    A,
    Aaaa,
    Srv,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Srv => "SRV",
        })
    }
}

/// One record; names are in lower case, without a final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) ttl: Duration,
    pub(super) data: Data,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Address(IpAddr),
    Alias(String),
    Service(Service),
}

/// An SRV record, RFC 2782.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Service {
    pub(super) priority: u16,
    pub(super) target: String,
    pub(super) port: u16,
    pub(super) weight: u16,
}

/// What a server said to one question. That there are no such records is an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) records: Vec<Record>,
    /// For how long there are none, where there are none and the server said so (RFC 2308).
    pub(super) none_for: Option<Duration>,
}

/// Where an answer leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Followed {
    /// The name at the end of its aliases.
    pub(super) name: String,
    /// What that name has, of the kind that was asked for.
    pub(super) data: Vec<Data>,
    /// How long the whole chain holds, where there is one.
    pub(super) ttl: Option<Duration>,
}

/// Follows the aliases of `name` as far as they are in the answer.
pub(super) fn follow(name: &str, kind: Kind, records: &[Record]) -> Followed {
    let mut followed = Followed {
        name: name.to_owned(),
        data: Vec::new(),
        ttl: None,
    };
    // A chain has at most as many links as there are records; a circle ends, too.
    for _ in 0..=records.len() {
        let own = || records.iter().filter(|record| record.name == followed.name);
        let mut last: Vec<&Record> = own().filter(|record| is_of(kind, &record.data)).collect();
        let found = last.iter().map(|record| record.data.clone()).collect();
        let alias = own().find_map(|record| match &record.data {
            Data::Alias(alias) => Some((record, alias.clone())),
            _ => None,
        });
        let alias = alias.filter(|_| last.is_empty());
        last.extend(alias.as_ref().map(|(record, _)| *record));
        followed.ttl = last
            .iter()
            .map(|record| record.ttl)
            .chain(followed.ttl)
            .min();
        match alias {
            Some((_, alias)) => followed.name = alias,
            None => {
                followed.data = found;
                return followed;
            }
        }
    }
    followed
}

fn is_of(kind: Kind, data: &Data) -> bool {
    match (kind, data) {
        (Kind::A, Data::Address(address)) => address.is_ipv4(),
        (Kind::Aaaa, Data::Address(address)) => address.is_ipv6(),
        (Kind::Srv, Data::Service(_)) => true,
        _ => false,
    }
}

/// Addresses that somebody can serve at: blocking servers answer with 0.0.0.0, which means this machine.
pub(super) fn addresses(data: &[Data]) -> impl Iterator<Item = IpAddr> + '_ {
    data.iter().filter_map(|data| match data {
        Data::Address(address) if !address.is_unspecified() && !address.is_multicast() => {
            Some(*address)
        }
        _ => None,
    })
}

/// SRV records, the best priority first; those of one are together, none twice. A target of `.` says that there is
/// nobody (RFC 2782).
pub(super) fn by_priority(data: &[Data]) -> Vec<Vec<Service>> {
    let mut services: Vec<Service> = data
        .iter()
        .filter_map(|data| match data {
            Data::Service(service) if !service.target.is_empty() && service.port > 0 => {
                Some(service.clone())
            }
            _ => None,
        })
        .collect();
    services.sort();
    services.dedup_by(|b, a| (a.priority, &a.target, a.port) == (b.priority, &b.target, b.port));
    let same = |a: &Service, b: &Service| a.priority == b.priority;
    services.chunk_by(same).map(<[Service]>::to_vec).collect()
}

/// The weight of an instance whose record has `weight`, where the largest beside it has `largest`: that one has the
/// normal weight. So those that are alike have it however many there are, and no weight changes as others come.
pub(super) fn scaled(weight: u16, largest: u16) -> u16 {
    let normal = u32::from(NORMAL_WEIGHT);
    let (weight, largest) = (u32::from(weight), u32::from(largest));
    let scaled = (weight * normal + largest / 2).checked_div(largest);
    // All of them say 0: there is nothing to choose by.
    let scaled = scaled.unwrap_or(normal).clamp(1, normal);
    u16::try_from(scaled).unwrap_or(NORMAL_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn address(name: &str, ttl: u64, address: &str) -> Record {
        Record {
            name: name.to_owned(),
            ttl: s(ttl),
            data: Data::Address(address.parse().unwrap()),
        }
    }

    fn alias(name: &str, ttl: u64, to: &str) -> Record {
        Record {
            name: name.to_owned(),
            ttl: s(ttl),
            data: Data::Alias(to.to_owned()),
        }
    }

    #[test]
    fn aliases_are_followed_as_far_as_the_answer_goes() {
        let (v4, v6) = ("10.0.0.1", "fd00::1");
        let chain = [
            alias("a", 9, "b"),
            address("c", 7, v4),
            address("c", 8, "10.0.0.2"),
            alias("b", 5, "c"),
        ];
        let two: &[&str] = &[v4, "10.0.0.2"];
        for (records, kind, name, want, ttl) in [
            (&[][..], Kind::A, "a", &[][..], None),
            (&[address("a", 3, v4)], Kind::A, "a", &[v4], Some(3)),
            (&[address("a", 3, v4)], Kind::Aaaa, "a", &[], None),
            (&[address("a", 3, v6)], Kind::Aaaa, "a", &[v6], Some(3)),
            // Of somebody else: nobody asked for that.
            (&[address("x", 3, v4)], Kind::A, "a", &[], None),
            (&chain, Kind::A, "c", two, Some(5)),
            (&[alias("a", 4, "b")], Kind::A, "b", &[], Some(4)),
            // No name may have both; what was asked for counts.
            (
                &[alias("a", 4, "b"), address("a", 6, v4)],
                Kind::A,
                "a",
                &[v4],
                Some(6),
            ),
        ] {
            let followed = follow("a", kind, records);
            let found: Vec<String> = addresses(&followed.data)
                .map(|address| address.to_string())
                .collect();
            assert_eq!(found, want, "{records:?}");
            assert_eq!(followed.name, name, "{records:?}");
            assert_eq!(followed.ttl, ttl.map(s), "{records:?}");
        }
        let circle = [alias("a", 1, "b"), alias("b", 1, "a")];
        assert!(follow("a", Kind::A, &circle).data.is_empty());
    }

    #[test]
    fn an_address_that_is_none_is_left_out() {
        let data: Vec<Data> = ["0.0.0.0", "10.0.0.1", "::", "224.0.0.1", "ff02::1", "::1"]
            .map(|address| Data::Address(address.parse().unwrap()))
            .to_vec();
        let left: Vec<_> = addresses(&data)
            .map(|address| address.to_string())
            .collect();
        assert_eq!(left, ["10.0.0.1", "::1"]);
    }

    #[test]
    fn services_come_by_priority_and_none_twice() {
        let service = |priority, target: &str, port, weight| {
            Data::Service(Service {
                priority,
                weight,
                port,
                target: target.to_owned(),
            })
        };
        let data = [
            service(20, "c", 1, 5),
            service(10, "b", 2, 5),
            service(10, "a", 1, 5),
            service(10, "b", 1, 7),
            service(10, "b", 1, 5),
            service(5, "", 1, 5),
            service(5, "z", 0, 5),
        ];
        let shown: Vec<Vec<String>> = by_priority(&data)
            .iter()
            .map(|same| {
                let shown = |one: &Service| format!("{}:{}", one.target, one.port);
                same.iter().map(shown).collect()
            })
            .collect();
        assert_eq!(shown, [vec!["a:1", "b:1", "b:2"], vec!["c:1"]]);
        assert!(by_priority(&[service(0, "", 0, 0)]).is_empty());
    }

    #[test]
    fn the_heaviest_record_has_the_normal_weight() {
        for (weight, largest, want) in [
            (0, 0, 100),
            (1, 1, 100),
            (33, 33, 100),
            (65_535, 65_535, 100),
            (20, 60, 33),
            (40, 60, 67),
            (0, 60, 1),
            (1, 65_535, 1),
        ] {
            assert_eq!(scaled(weight, largest), want, "{weight} of {largest}");
        }
    }
}
