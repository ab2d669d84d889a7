//! The source with servers that answer as a test says, on paused time; those below ask real ones.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::time::{Instant, advance};

use super::records::{Answer, Data, Kind, Record, Service};
use super::*;
use crate::discovery::{Directory, Found, Source};
use crate::observe::{Observer, Recorder};

const S: Duration = Duration::from_secs(1);

/// What a server says to a question.
#[derive(Clone, Debug)]
enum Says {
    /// Addresses, with their TTL in seconds.
    Addresses(&'static str, u64),
    /// Another name, with the TTL of that.
    Alias(&'static str, u64),
    /// `priority weight target:port`, with commas.
    Services(&'static str, u64),
    /// There are none, for so many seconds.
    None(Option<u64>),
    Fails(&'static str),
    /// It never answers.
    Silent,
}

use Says::{Addresses, Alias, Fails, Services, Silent};

type Zone = HashMap<(String, Kind), Says>;

/// Servers that say what stands in a zone, of whose names without a record there are none.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<Scripted>>);

#[derive(Default)]
struct Scripted {
    zone: Zone,
    domains: Vec<String>,
    /// Addresses that begin so cannot be reached.
    unreachable: Option<&'static str>,
    asked: Vec<(String, Kind)>,
    lookups: Vec<Instant>,
    is_unknown: bool,
}

struct Servers {
    script: Script,
    domains: Vec<String>,
}

impl Open for Script {
    type Servers = Servers;

    async fn open(&self, _: &Asked) -> Result<Servers, String> {
        let mut scripted = self.0.lock().unwrap();
        scripted.lookups.push(Instant::now());
        if scripted.is_unknown {
            return Err("no resolv.conf".to_owned());
        }
        Ok(Servers {
            script: self.clone(),
            domains: scripted.domains.clone(),
        })
    }
}

impl Ask for Servers {
    fn domains(&self, _: &str) -> &[String] {
        &self.domains
    }

    async fn ask(&self, name: &str, kind: Kind) -> Result<Answer, String> {
        let says = {
            let mut scripted = self.script.0.lock().unwrap();
            let key = (name.to_owned(), kind);
            scripted.asked.push(key.clone());
            let says = scripted.zone.get(&key).cloned();
            says.unwrap_or(Says::None(Some(60)))
        };
        let of = |ttl, data| Record {
            name: name.to_owned(),
            ttl: ttl * S,
            data,
        };
        let some = |records| {
            Ok(Answer {
                records,
                none_for: None,
            })
        };
        match says {
            Addresses(list, ttl) => some(
                list.split_whitespace()
                    .map(|address| of(secs(ttl), Data::Address(address.parse().unwrap())))
                    .collect(),
            ),
            Alias(to, ttl) => some(vec![of(secs(ttl), Data::Alias(to.to_owned()))]),
            Services(list, ttl) => some(
                list.split(',')
                    .map(|text| of(secs(ttl), Data::Service(service(text))))
                    .collect(),
            ),
            Says::None(ttl) => Ok(Answer {
                records: Vec::new(),
                none_for: ttl.map(|ttl| secs(ttl) * S),
            }),
            Fails(why) => Err(why.to_owned()),
            Silent => std::future::pending().await,
        }
    }

    fn reaches(&self, address: IpAddr) -> bool {
        let unreachable = self.script.0.lock().unwrap().unreachable;
        unreachable.is_none_or(|prefix| !address.to_string().starts_with(prefix))
    }
}

fn secs(ttl: u64) -> u32 {
    u32::try_from(ttl).unwrap()
}

fn service(text: &str) -> Service {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let (target, port) = parts[2].split_once(':').unwrap();
    Service {
        priority: parts[0].parse().unwrap(),
        weight: parts[1].parse().unwrap(),
        target: target.to_owned(),
        port: port.parse().unwrap(),
    }
}

impl Script {
    fn say(&self, name: &str, kind: Kind, says: Says) -> &Self {
        let key = (name.to_owned(), kind);
        self.0.lock().unwrap().zone.insert(key, says);
        self
    }

    fn lookups(&self) -> usize {
        self.0.lock().unwrap().lookups.len()
    }

    fn dns(&self, rest: &str) -> Dns<Self> {
        Dns {
            asked: Asked::parse("", rest).unwrap(),
            is_tls: false,
            open: self.clone(),
        }
    }

    /// One lookup, of which nothing is known before.
    async fn look_up(&self, rest: &str) -> Outcome {
        self.dns(rest).look_up(&mut Known::new()).await
    }
}

/// Who was found: `id` or `id=address`, with the weight where it is not the normal one.
fn shown(outcome: &Outcome) -> String {
    let Some(found) = &outcome.found else {
        return "unknown".to_owned();
    };
    let shown = found.iter().map(|one| {
        let mut shown = one.id().to_owned();
        if one.address() != shown {
            shown = format!("{shown}={}", one.address());
        }
        if one.weight() != crate::discovery::NORMAL_WEIGHT {
            shown = format!("{shown}*{}", one.weight());
        }
        assert_eq!(one.id(), one.slot());
        shown
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn addresses_of_both_kinds_serve_and_either_is_enough() {
    let none = Says::None(Some(300));
    for (a, aaaa, found, holds, why) in [
        (
            Addresses("10.0.0.2 10.0.0.1", 20),
            Addresses("fd00::1", 5),
            "10.0.0.1:7 10.0.0.2:7 [fd00::1]:7",
            Some(5),
            "",
        ),
        (
            Addresses("10.0.0.1", 20),
            none.clone(),
            "10.0.0.1:7",
            Some(20),
            "",
        ),
        (
            none.clone(),
            Addresses("fd00::1", 20),
            "[fd00::1]:7",
            Some(20),
            "",
        ),
        (
            Addresses("10.0.0.1", 20),
            Fails("SERVFAIL"),
            "10.0.0.1:7",
            Some(20),
            "",
        ),
        (
            Fails("SERVFAIL"),
            Addresses("fd00::1", 9),
            "[fd00::1]:7",
            Some(9),
            "",
        ),
        (
            Addresses("10.0.0.1", 20),
            Silent,
            "10.0.0.1:7",
            Some(20),
            "",
        ),
        (Silent, Addresses("fd00::1", 9), "[fd00::1]:7", Some(9), ""),
        (
            none.clone(),
            Silent,
            "unknown",
            None,
            "there was no answer within 10 s",
        ),
        // Nobody is there only where that was said of both kinds.
        (none.clone(), none.clone(), "", Some(300), ""),
        (none.clone(), Says::None(None), "", Some(300), ""),
        (Says::None(None), Says::None(None), "", None, ""),
        (
            none.clone(),
            Fails("SERVFAIL"),
            "unknown",
            Some(300),
            "AAAA of cart.internal: SERVFAIL",
        ),
        (
            Fails("refused"),
            Fails("refused"),
            "unknown",
            None,
            "refused",
        ),
        (Addresses("0.0.0.0", 20), none.clone(), "", Some(20), ""),
        (
            Addresses("10.0.0.1 10.0.0.1", 20),
            none,
            "10.0.0.1:7",
            Some(20),
            "",
        ),
    ] {
        let script = Script::default();
        script.say("cart.internal", Kind::A, a.clone()).say(
            "cart.internal",
            Kind::Aaaa,
            aaaa.clone(),
        );
        let outcome = script.look_up("///cart.internal:7").await;
        assert_eq!(shown(&outcome), found, "{a:?}, {aaaa:?}");
        assert_eq!(
            outcome.holds,
            holds.map(|holds: u32| holds * S),
            "{a:?}, {aaaa:?}"
        );
        let failed = outcome.failed.unwrap_or_default();
        assert_eq!(failed.is_empty(), why.is_empty(), "{failed}");
        assert!(failed.contains(why), "{failed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_found_one_is_called_by_the_name_and_over_tls_where_that_is_wanted() {
    let script = Script::default();
    script
        .say("cart.internal", Kind::A, Addresses("10.0.0.1", 20))
        .say(
            "_grpc._tcp.cart.internal",
            Kind::Srv,
            Services("1 1 n1.internal:9000", 20),
        )
        .say("n1.internal", Kind::A, Addresses("10.0.0.9", 20));
    for (rest, is_tls, target, authority) in [
        (
            "///cart.internal:7",
            false,
            "http://10.0.0.1:7",
            "cart.internal:7",
        ),
        (
            "///cart.internal:443",
            true,
            "https://10.0.0.1:443",
            "cart.internal",
        ),
        (
            "///_grpc._tcp.cart.internal",
            true,
            "https://10.0.0.9:9000",
            "cart.internal:9000",
        ),
    ] {
        let mut dns = script.dns(rest);
        dns.is_tls = is_tls;
        let outcome = dns.look_up(&mut Known::new()).await;
        let one = &outcome.found.unwrap()[0];
        assert_eq!(one.target().to_string(), target);
        assert_eq!(one.host(), Some("cart.internal"));
        assert_eq!(one.authority(), authority);
    }
}

#[tokio::test(start_paused = true)]
async fn aliases_are_followed_to_their_end() {
    let script = Script::default();
    script
        .say("cart.internal", Kind::A, Alias("a.internal", 30))
        .say("a.internal", Kind::A, Alias("b.internal", 4))
        .say("b.internal", Kind::A, Addresses("10.0.0.1", 20))
        .say("gone.internal", Kind::A, Alias("nobody.internal", 30))
        .say("circle.internal", Kind::A, Alias("circle2.internal", 30))
        .say("circle2.internal", Kind::A, Alias("circle.internal", 30))
        // Of services, too.
        .say("_a.internal", Kind::Srv, Alias("_b.internal", 8))
        .say("_b.internal", Kind::Srv, Services("1 1 b.internal:9", 30));
    for (rest, found, holds, why) in [
        ("///cart.internal:7", "10.0.0.1:7", Some(4), ""),
        ("///gone.internal:7", "", Some(60), ""),
        (
            "///circle.internal:7",
            "unknown",
            None,
            "aliases do not end",
        ),
        ("///_a.internal", "b.internal:9=10.0.0.1:9", Some(8), ""),
    ] {
        let outcome = script.look_up(rest).await;
        assert_eq!(shown(&outcome), found, "{rest}");
        if why.is_empty() {
            assert_eq!(outcome.holds, holds.map(|holds: u32| holds * S), "{rest}");
        }
        let failed = outcome.failed.unwrap_or_default();
        assert!(failed.contains(why), "{failed}");
    }
}

#[tokio::test(start_paused = true)]
async fn services_serve_by_priority_and_weight_at_their_own_ports() {
    let addresses = Addresses("10.0.0.1", 20);
    let nothing = Says::None(Some(60));
    for (services, a, b, found, why) in [
        (
            "1 60 a:1,1 20 b:2",
            addresses.clone(),
            Addresses("10.0.0.2", 9),
            "a:1=10.0.0.1:1 b:2=10.0.0.2:2*33",
            "",
        ),
        (
            "1 0 a:1,1 0 b:2",
            addresses.clone(),
            addresses.clone(),
            "a:1=10.0.0.1:1 b:2=10.0.0.1:2",
            "",
        ),
        // A host with two ports is two.
        (
            "1 5 a:1,1 5 a:2",
            addresses.clone(),
            nothing.clone(),
            "a:1=10.0.0.1:1 a:2=10.0.0.1:2",
            "",
        ),
        // The best priority alone, unless it has nobody.
        (
            "2 5 a:1,1 5 b:2",
            addresses.clone(),
            Addresses("10.0.0.2", 9),
            "b:2=10.0.0.2:2",
            "",
        ),
        (
            "2 5 a:1,1 5 b:2",
            addresses.clone(),
            nothing.clone(),
            "a:1=10.0.0.1:1",
            "",
        ),
        // Whether it has nobody is not known here.
        (
            "2 5 a:1,1 5 b:2",
            addresses.clone(),
            Fails("SERVFAIL"),
            "unknown",
            "SERVFAIL",
        ),
        // Who is known serves.
        (
            "1 5 a:1,1 5 b:2",
            addresses.clone(),
            Fails("SERVFAIL"),
            "a:1=10.0.0.1:1",
            "SERVFAIL",
        ),
        // Several addresses of a target have to be told apart.
        (
            "1 5 a:1",
            Addresses("10.0.0.1 10.0.0.2", 9),
            nothing.clone(),
            "a:1/10.0.0.1=10.0.0.1:1 a:1/10.0.0.2=10.0.0.2:1",
            "",
        ),
        ("1 5 b:1", nothing.clone(), nothing, "", ""),
    ] {
        let script = Script::default();
        let name = "_grpc._tcp.cart.internal";
        script
            .say(name, Kind::Srv, Services(services, 30))
            .say("a", Kind::A, a)
            .say("b", Kind::A, b.clone());
        if matches!(b, Fails(_)) {
            script.say("b", Kind::Aaaa, b);
        }
        let outcome = script.look_up(&format!("///{name}")).await;
        assert_eq!(shown(&outcome), found, "{services}");
        let failed = outcome.failed.unwrap_or_default();
        assert_eq!(failed.is_empty(), why.is_empty(), "{failed}");
        assert!(failed.contains(why), "{failed}");
    }
    // No such name, one that says so itself, and one that could not be asked for.
    let script = Script::default();
    assert_eq!(shown(&script.look_up("///_x._tcp.cart").await), "");
    script.say("_x._tcp.cart", Kind::Srv, Fails("SERVFAIL"));
    let outcome = script.look_up("///_x._tcp.cart").await;
    assert_eq!(
        outcome.failed.as_deref(),
        Some("SRV of _x._tcp.cart: SERVFAIL")
    );
}

#[tokio::test(start_paused = true)]
async fn many_services_are_asked_for_a_few_at_a_time() {
    let script = Script::default();
    let list: Vec<String> = (0..100).map(|n| format!("1 1 n{n}:9")).collect();
    script.say("_x.cart", Kind::Srv, Services(list.join(",").leak(), 30));
    for n in 0..100 {
        let address = format!("10.0.0.{n}").leak();
        script.say(&format!("n{n}"), Kind::A, Addresses(address, 30));
    }
    let outcome = script.look_up("///_x.cart").await;
    assert_eq!(outcome.found.unwrap().len(), 100);
    assert_eq!(script.0.lock().unwrap().asked.len(), 201);
}

/// As where a firewall drops the questions: each host's would hold up the next.
#[tokio::test(start_paused = true)]
async fn many_services_are_found_though_one_kind_is_never_answered() {
    for silent in [Kind::A, Kind::Aaaa] {
        let script = Script::default();
        let list: Vec<String> = (0..1000).map(|n| format!("1 1 n{n}:9")).collect();
        script.say("_x.cart", Kind::Srv, Services(list.join(",").leak(), 30));
        for n in 0..1000 {
            let (kind, address) = match silent {
                Kind::A => (Kind::Aaaa, format!("fd00::{n}")),
                _ => (Kind::A, format!("10.0.{}.{}", n / 250, n % 250)),
            };
            script
                .say(&format!("n{n}"), kind, Addresses(address.leak(), 30))
                .say(&format!("n{n}"), silent, Silent);
        }
        let before = Instant::now();
        let outcome = script.look_up("///_x.cart").await;
        let found = outcome.found.map(|found| found.len());
        assert_eq!((found, outcome.failed), (Some(1000), None));
        assert!(before.elapsed() < 5 * S, "{:?}", before.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_name_without_a_dot_is_completed() {
    let both = || vec!["shop.internal".to_owned(), "internal".to_owned()];
    let asked = |script: &Script| -> Vec<String> {
        let asked = script.0.lock().unwrap().asked.clone();
        let a = asked.into_iter().filter(|(_, kind)| *kind == Kind::A);
        a.map(|(name, _)| name).collect()
    };
    for (name, found, questions) in [
        // One question, whatever the machine is set to.
        ("cart.example", "", &["cart.example"][..]),
        (
            "cart",
            "10.0.0.1:7",
            &["cart.shop.internal", "cart.internal"],
        ),
        (
            "log",
            "10.0.0.2:7",
            &["log.shop.internal", "log.internal", "log"],
        ),
        ("db", "unknown", &["db.shop.internal"]),
        (
            "nobody",
            "",
            &["nobody.shop.internal", "nobody.internal", "nobody"],
        ),
    ] {
        let script = Script::default();
        script.0.lock().unwrap().domains = both();
        script
            .say("cart.internal", Kind::A, Addresses("10.0.0.1", 20))
            .say("cart", Kind::A, Addresses("10.0.0.3", 20))
            .say("log", Kind::A, Addresses("10.0.0.2", 20))
            // What failed may be who is meant: whoever comes next is not called in its place.
            .say("db.shop.internal", Kind::A, Fails("SERVFAIL"))
            .say("db", Kind::A, Addresses("10.0.0.4", 20));
        let outcome = script.look_up(&format!("///{name}:7")).await;
        assert_eq!(shown(&outcome), found, "{name}");
        assert_eq!(asked(&script), questions, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_without_a_route_are_left_out_where_there_are_others() {
    for (unreachable, found) in [
        ("fd00", "10.0.0.1:7"),
        ("10.", "[fd00::1]:7"),
        // It may be that all of them are only out of reach now.
        ("", "10.0.0.1:7 [fd00::1]:7"),
    ] {
        let script = Script::default();
        script.0.lock().unwrap().unreachable = Some(unreachable);
        script
            .say("cart.internal", Kind::A, Addresses("10.0.0.1", 20))
            .say("cart.internal", Kind::Aaaa, Addresses("fd00::1", 20));
        let outcome = script.look_up("///cart.internal:7").await;
        assert_eq!(shown(&outcome), found, "{unreachable:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_fails_is_taken_to_be_answered_as_before() {
    let script = Script::default();
    let dns = script.dns("///cart.internal:7");
    let mut known = Known::new();
    let (a, aaaa) = (Addresses("10.0.0.1", 20), Addresses("fd00::1", 20));
    let name = "cart.internal";
    script.say(name, Kind::A, a).say(name, Kind::Aaaa, aaaa);
    dns.look_up(&mut known).await;
    // One fails while the other changes.
    script
        .say(name, Kind::A, Addresses("10.0.0.2", 20))
        .say(name, Kind::Aaaa, Fails("SERVFAIL"));
    for _ in 0..2 {
        let outcome = dns.look_up(&mut known).await;
        assert_eq!(shown(&outcome), "10.0.0.2:7 [fd00::1]:7");
        assert_eq!(
            outcome.failed.as_deref(),
            Some("AAAA of cart.internal: SERVFAIL")
        );
    }
    // Both fail, and the whole lookup does: that forgets nothing.
    script.say(name, Kind::A, Silent);
    let outcome = dns.look_up(&mut known).await;
    assert_eq!(shown(&outcome), "unknown");
    assert_eq!(
        outcome.failed.as_deref(),
        Some("there was no answer within 10 s")
    );
    script.say(name, Kind::A, Fails("SERVFAIL"));
    assert_eq!(shown(&dns.look_up(&mut known).await), "unknown");
    script.say(name, Kind::A, Addresses("10.0.0.3", 20));
    assert_eq!(
        shown(&dns.look_up(&mut known).await),
        "10.0.0.3:7 [fd00::1]:7"
    );
    // That there are none is an answer, and is remembered as one.
    script
        .say(name, Kind::A, Says::None(None))
        .say(name, Kind::Aaaa, Says::None(None));
    assert_eq!(shown(&dns.look_up(&mut known).await), "");
    script.say(name, Kind::A, Fails("SERVFAIL"));
    assert_eq!(shown(&dns.look_up(&mut known).await), "unknown");
}

struct Test {
    directory: Directory,
    script: Script,
    recorder: Arc<Recorder>,
}

fn start(script: Script, rest: &str) -> Test {
    let recorder = Arc::new(Recorder::default());
    let source = Source::new("dns:test", script.dns(rest));
    Test {
        directory: Directory::start(&source, Observer::new(recorder.clone())),
        script,
        recorder,
    }
}

impl Test {
    async fn next(&mut self) -> Arc<Found> {
        let found = timeout(3600 * S, self.directory.changed()).await;
        found.unwrap()
    }

    /// How long it was between the lookups so far.
    fn waits(&self) -> Vec<Duration> {
        let lookups = self.script.0.lock().unwrap().lookups.clone();
        lookups.windows(2).map(|two| two[1] - two[0]).collect()
    }
}

fn ids(found: &Found) -> Vec<&str> {
    let members = found.members.iter();
    members.map(|member| member.instance.id()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_up_again_when_its_ttl_ends_and_changes_are_seen() {
    for (ttl, from, to) in [(0, 1.0, 1.1), (5, 5.0, 5.5), (3600, 30.0, 30.0)] {
        let script = Script::default();
        script.say("cart", Kind::A, Addresses("10.0.0.1", ttl));
        let mut test = start(script, "///cart:7");
        assert_eq!(ids(&*test.next().await), ["10.0.0.1:7"]);
        let before = Instant::now();
        test.script.say("cart", Kind::A, Addresses("10.0.0.2", ttl));
        assert_eq!(ids(&*test.next().await), ["10.0.0.2:7"]);
        let waited = before.elapsed().as_secs_f64();
        assert!((from..=to + 0.01).contains(&waited), "{ttl}: {waited}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_doubted_is_looked_up_at_once() {
    let script = Script::default();
    script.say("cart", Kind::A, Addresses("10.0.0.1", 3600));
    let mut test = start(script, "///cart:7");
    test.next().await;
    advance(2 * S).await;
    test.script
        .say("cart", Kind::A, Addresses("10.0.0.2", 3600));
    test.directory.suspect();
    let before = Instant::now();
    assert_eq!(ids(&*test.next().await), ["10.0.0.2:7"]);
    assert!(before.elapsed() < S, "{:?}", before.elapsed());
    assert_eq!(test.script.lookups(), 2);
}

/// As where the way to the servers is cut, and not that to DNS.
#[tokio::test(start_paused = true)]
async fn doubts_that_come_to_nothing_are_no_load_for_dns() {
    for a in [Addresses("10.0.0.1", 30), Fails("SERVFAIL")] {
        let script = Script::default();
        script.say("cart", Kind::A, Addresses("10.0.0.1", 30));
        let mut test = start(script, "///cart:7");
        test.next().await;
        let is_failing = matches!(a, Fails(_));
        test.script.say("cart", Kind::A, a.clone());
        if is_failing {
            test.script.say("cart", Kind::Aaaa, a);
        }
        for _ in 0..6000 {
            test.directory.suspect();
            tokio::time::sleep(S / 10).await;
        }
        // In ten minutes: once a second they would be 600, and 20 by the TTL.
        let lookups = test.script.lookups();
        assert!(
            (20..=70).contains(&lookups),
            "{lookups}: {:?}",
            test.waits()
        );
        // One that is heard of after some rest is heard at once.
        test.script
            .say("cart", Kind::A, Addresses("10.0.0.1", 30))
            .say("cart", Kind::Aaaa, Says::None(Some(30)));
        tokio::time::sleep(90 * S).await;
        test.script.say("cart", Kind::A, Addresses("10.0.0.2", 30));
        let before = Instant::now();
        test.directory.suspect();
        while ids(&*test.next().await) != ["10.0.0.2:7"] {}
        assert!(before.elapsed() < S, "{:?}", before.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn failures_keep_who_was_known_and_back_off() {
    let script = Script::default();
    script.say("cart", Kind::A, Addresses("10.0.0.1", 5));
    let mut test = start(script, "///cart:7");
    test.next().await;
    test.script
        .say("cart", Kind::A, Fails("SERVFAIL"))
        .say("cart", Kind::Aaaa, Fails("SERVFAIL"));
    let found = test.next().await;
    assert_eq!(ids(&found), ["10.0.0.1:7"]);
    let why = found.stale.as_ref().unwrap().why.to_string();
    assert!(why.contains("of cart: SERVFAIL"), "{why}");
    tokio::time::sleep(600 * S).await;
    let waits = test.waits();
    // The first is the TTL's.
    assert!(
        waits[1..].iter().all(|wait| (S..=30 * S).contains(wait)),
        "{waits:?}"
    );
    assert!((15..=60).contains(&waits.len()), "{waits:?}");
    assert!(test.recorder.discovery_readings("failed") > 10);
    // It is well again: within 30 s that is known, and the TTL counts again.
    test.script.say("cart", Kind::A, Addresses("10.0.0.2", 5));
    let before = Instant::now();
    assert_eq!(ids(&*test.next().await), ["10.0.0.2:7"]);
    assert!(before.elapsed() <= 30 * S);
    let lookups = test.script.lookups();
    tokio::time::sleep(55 * S).await;
    assert_eq!(test.script.lookups(), lookups + 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_half_of_before_is_stale_and_says_so_once() {
    let script = Script::default();
    script
        .say("cart", Kind::A, Addresses("10.0.0.1 10.0.0.2", 5))
        .say("cart", Kind::Aaaa, Addresses("fd00::1", 5));
    let mut test = start(script, "///cart:7");
    test.next().await;
    test.script.say("cart", Kind::A, Fails("SERVFAIL")).say(
        "cart",
        Kind::Aaaa,
        Says::None(Some(5)),
    );
    let found = test.next().await;
    assert_eq!(ids(&found), ["10.0.0.1:7", "10.0.0.2:7"]);
    let why = &found.stale.as_ref().unwrap().why;
    assert_eq!(&**why, "A of cart: SERVFAIL");
    assert!(timeout(300 * S, test.directory.changed()).await.is_err());
    let now = test.directory.current();
    assert_eq!(now.stale, found.stale, "since when is told, too");
    assert!(now.age(Instant::now().into_std()) > Some(300 * S));
    assert!(test.recorder.discovery_readings("part") > 10);
    test.script
        .say("cart", Kind::A, Addresses("10.0.0.1 10.0.0.2", 5));
    let found = test.next().await;
    assert_eq!(found.stale, None);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_gone_keeps_who_was_known_and_one_that_never_was_has_nobody() {
    let script = Script::default();
    script.say("cart", Kind::A, Addresses("10.0.0.1 10.0.0.2", 5));
    let mut test = start(script, "///cart:7");
    test.next().await;
    test.script.say("cart", Kind::A, Says::None(Some(5)));
    let found = test.next().await;
    assert_eq!(ids(&found), ["10.0.0.1:7", "10.0.0.2:7"]);
    assert_eq!(&*found.stale.as_ref().unwrap().why, "the answer was empty");
    let mut test = start(Script::default(), "///cart:7");
    let found = test.next().await;
    assert!(found.is_known && found.members.is_empty() && found.stale.is_none());
    // And comes to be.
    test.script.say("cart", Kind::A, Addresses("10.0.0.1", 5));
    assert_eq!(ids(&*test.next().await), ["10.0.0.1:7"]);
}

#[tokio::test(start_paused = true)]
async fn servers_that_are_unknown_or_silent_are_a_failure_with_a_reason() {
    let script = Script::default();
    script.0.lock().unwrap().is_unknown = true;
    let mut test = start(script, "///cart:7");
    let why = |found: &Found| found.stale.as_ref().unwrap().why.to_string();
    assert_eq!(why(&*test.next().await), "no resolv.conf");
    test.script.0.lock().unwrap().is_unknown = false;
    test.script.say("cart", Kind::A, Silent);
    assert_eq!(why(&*test.next().await), "there was no answer within 10 s");
    test.script.say("cart", Kind::A, Addresses("10.0.0.1", 5));
    assert_eq!(ids(&*test.next().await), ["10.0.0.1:7"]);
}
