//! Names that are looked up: of a DNS server on loopback, with what goes wrong between it and a channel.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_server::proto::op::ResponseCode;
use hickory_server::proto::rr::RecordType;
use sinew::observe::Recorder;
use sinew::{Channel, Code, Server};
use tokio::task::JoinHandle;

use crate::double::Double;
use crate::talk::{Say, talk};
use crate::tls::certs::Authority;
use crate::world::Parrot;

mod server;

use server::{DnsServer, Says};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Waits until it is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert!(waited.is_ok(), "{what}");
}

/// Whom a channel has found: `id=address`, with the weight where it is not the normal one.
fn found(channel: &Channel) -> Vec<String> {
    let explained = channel.explain();
    let endpoints = explained.endpoints().iter();
    let mut found: Vec<String> = endpoints
        .map(|one| {
            let address = one.name().trim_start_matches("http://");
            assert_eq!(one.id(), one.slot());
            if one.id() == address {
                return address.to_owned();
            }
            format!("{}={address}", one.id())
        })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn each_kind_of_answer_is_understood() {
    let dns = DnsServer::start(V4).await;
    let many: Vec<String> = (1..=60).map(|n| format!("A 127.0.1.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut all: Vec<String> = (1..=60).map(|n| format!("127.0.1.{n}:9")).collect();
    all.sort();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    dns.records("a.test", &["A 127.0.0.2", "A 127.0.0.3"], 30);
    dns.records("aaaa.test", &["AAAA ::1"], 30);
    dns.records("both.test", &["A 127.0.0.2", "AAAA ::1"], 30);
    dns.records("alias.test", &["CNAME a.test."], 30);
    dns.records("many.test", &many, 30);
    dns.records("half.test", &["A 127.0.0.2"], 30);
    dns.say(
        "half.test",
        RecordType::AAAA,
        Says::Fails(ResponseCode::NotImp),
    );
    dns.records(
        "_grpc._tcp.srv.test",
        &[
            "SRV 2 1 9 a.test.",
            "SRV 1 60 9 n1.test.",
            "SRV 1 20 8 n2.test.",
            "SRV 1 1 7 gone.test.",
        ],
        30,
    );
    dns.records("n1.test", &["A 127.0.0.4"], 30);
    dns.records("n2.test", &["AAAA ::1"], 30);
    dns.records("_grpc._tcp.alias.test", &["CNAME _grpc._tcp.srv.test."], 30);
    dns.records("_grpc._tcp.none.test", &["SRV 0 0 0 ."], 30);
    dns.say_all("none.test", Says::NoName(30));
    dns.records("empty.test", &[], 30);
    dns.say_all("fails.test", Says::Fails(ResponseCode::ServFail));
    dns.say_all("refused.test", Says::Fails(ResponseCode::Refused));
    dns.say_all("silent.test", Says::Nothing);
    let services = &["n1.test:9=127.0.0.4:9", "n2.test:8=[::1]:8"][..];
    let cases: Vec<(&str, Result<&[&str], &str>)> = vec![
        ("a.test:9", Ok(&["127.0.0.2:9", "127.0.0.3:9"])),
        ("A.Test.:9", Ok(&["127.0.0.2:9", "127.0.0.3:9"])),
        ("aaaa.test:9", Ok(&["[::1]:9"])),
        ("both.test:9", Ok(&["127.0.0.2:9", "[::1]:9"])),
        ("alias.test:9", Ok(&["127.0.0.2:9", "127.0.0.3:9"])),
        ("half.test:9", Ok(&["127.0.0.2:9"])),
        ("many.test:9", Ok(&all)),
        ("_grpc._tcp.srv.test", Ok(services)),
        ("_grpc._tcp.alias.test", Ok(services)),
        ("_grpc._tcp.none.test", Err("nobody serves dns:")),
        ("none.test:9", Err("nobody serves dns:")),
        ("empty.test:9", Err("nobody serves dns:")),
        (
            "fails.test:9",
            Err("of fails.test: the server says Server Failure"),
        ),
        (
            "refused.test:9",
            Err("of refused.test: the server says Query Refused"),
        ),
        ("silent.test:9", Err("of silent.test: request timed out")),
    ];
    let looking = cases.into_iter().map(|(name, want)| {
        let channel = Channel::to(&format!("dns://{}/{name}", dns.address)).unwrap();
        let want = want.map(|want| want.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        let (name, want) = (name.to_owned(), want.map_err(str::to_owned));
        tokio::spawn(async move {
            // Nobody is there; that is not what is asked.
            let status = talk::Client::new(channel.clone())
                .once(Say::default())
                .await
                .unwrap_err();
            match want {
                Ok(want) => assert_eq!(found(&channel), want, "{name}: {status}"),
                Err(why) => assert!(status.to_string().contains(&why), "{name}: {status}"),
            }
        })
    });
    for looking in looking.collect::<Vec<_>>() {
        looking.await.unwrap();
    }
    assert!(dns.asked.borrow().tcp >= 1, "the long answer came over TCP");
}

#[tokio::test]
async fn a_server_is_asked_over_ipv6_and_one_that_is_not_there_is_told_of() {
    let dns = DnsServer::start(V6).await;
    dns.records("cart.test", &["A 127.0.0.2"], 30);
    let channel = Channel::to(&format!("dns://{}/cart.test:9", dns.address)).unwrap();
    let _ = channel.ready().await;
    assert_eq!(found(&channel), ["127.0.0.2:9"]);
    let url = format!("dns://{}/cart.test:9", dns.address);
    drop(dns);
    let status = Channel::to(&url).unwrap().ready().await.unwrap_err();
    assert!(status.message().contains("of cart.test: "), "{status}");
}

#[tokio::test]
async fn the_hosts_of_this_machine_are_known_without_a_server() {
    let bound = Server::new()
        .add(talk::server(Parrot))
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let port = bound.url().rsplit_once(':').unwrap().1.to_owned();
    let serving = tokio::spawn(async move { bound.serve().await });
    let channel = Channel::to(&format!("dns:///localhost:{port}")).unwrap();
    let said = talk::Client::new(channel.clone())
        .once(Say::new("a", 1))
        .await;
    assert_eq!(said.unwrap().text, "a");
    let address = format!("127.0.0.1:{port}");
    assert!(found(&channel).contains(&address), "{}", channel.explain());
    serving.abort();
}

#[tokio::test]
async fn tls_is_spoken_with_the_name_and_not_the_address() {
    let dns = DnsServer::start(V4).await;
    let authority = Authority::new("test");
    let identity = authority.sign(&["cart.test"], |_| {});
    let server = Server::new().add(talk::server(Parrot)).tls(identity.tls());
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let port = bound
        .url()
        .rsplit_once(':')
        .unwrap()
        .1
        .parse::<u16>()
        .unwrap();
    let serving = tokio::spawn(async move { bound.serve().await });
    for name in ["cart.test", "other.test", "n1.test"] {
        dns.records(name, &["A 127.0.0.1"], 30);
    }
    let service = format!("SRV 1 1 {port} n1.test.");
    dns.records("_grpc._tcp.cart.test", &[&service], 30);
    for (name, is_right) in [
        (format!("cart.test:{port}"), true),
        ("_grpc._tcp.cart.test".to_owned(), true),
        (format!("other.test:{port}"), false),
    ] {
        let channel = Channel::builder(format!("dns://{}/{name}", dns.address));
        let tls = authority.trusted().build().unwrap();
        let channel = channel.tls(tls).build().unwrap();
        let said = talk::Client::new(channel).once(Say::new("a", 1)).await;
        if is_right {
            assert_eq!(said.unwrap().text, "a", "{name}");
        } else {
            let status = said.unwrap_err();
            assert_eq!(status.code(), Code::Unavailable);
            assert!(status.message().contains("other.test"), "{status}");
        }
    }
    serving.abort();
}

/// Servers at one port of several addresses, each of which says its own.
struct Servers {
    port: u16,
    serving: BTreeMap<IpAddr, JoinHandle<()>>,
}

impl Servers {
    async fn start(addresses: &[IpAddr]) -> Self {
        'port: loop {
            let mut servers = Self {
                port: 0,
                serving: BTreeMap::new(),
            };
            for &address in addresses {
                let double = Double::default().once(move |_, _| {
                    Box::pin(async move { Ok(Say::new(&address.to_string(), 0)) })
                });
                let at = std::net::SocketAddr::new(address, servers.port).to_string();
                let bound = Server::new().add(double.skeleton()).bind(at).await;
                let Ok(bound) = bound else {
                    continue 'port;
                };
                servers.port = bound.url().rsplit_once(':').unwrap().1.parse().unwrap();
                let serving = tokio::spawn(async move { bound.serve().await.unwrap() });
                servers.serving.insert(address, serving);
            }
            return servers;
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for serving in self.serving.values() {
            serving.abort();
        }
    }
}

/// Calls that go on until they are to end.
struct Load {
    goes_on: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    by: Arc<Mutex<BTreeMap<String, u64>>>,
    callers: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(channel: &Channel) -> Self {
        let (goes_on, done) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
        let by: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
        let caller = |_| {
            let talk = talk::Client::new(channel.clone());
            let (goes_on, done, by) = (goes_on.clone(), done.clone(), by.clone());
            tokio::spawn(async move {
                let mut failed = Vec::new();
                while goes_on.load(Ordering::Relaxed) {
                    match talk.once(Say::default()).await {
                        Ok(said) => *by.lock().unwrap().entry(said.text).or_default() += 1,
                        Err(status) => failed.push(status.to_string()),
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    // Some load, and other tests beside it.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                failed
            })
        };
        let callers = (0..8).map(caller).collect();
        Self {
            goes_on,
            done,
            by,
            callers,
        }
    }

    fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How many calls somebody has served.
    fn of(&self, address: &str) -> u64 {
        self.by.lock().unwrap().get(address).copied().unwrap_or(0)
    }

    /// Waits until 50 more calls are done.
    async fn some(&self) {
        let before = self.done();
        until("calls go on", || self.done() >= before + 50).await;
    }
}

#[tokio::test]
async fn no_call_fails_for_what_dns_says() {
    let second: IpAddr = "127.0.0.2".parse().unwrap();
    let servers = Servers::start(&[V4, second, V6]).await;
    let dns = DnsServer::start(V4).await;
    let name = "cart.test";
    dns.records(name, &["A 127.0.0.1"], 1);
    let recorder = Arc::new(Recorder::default());
    let channel = Channel::builder(format!("dns://{}/{name}:{}", dns.address, servers.port))
        .metrics(recorder.clone())
        .build()
        .unwrap();
    let readings = |outcome| recorder.discovery_readings(outcome);
    let load = Load::start(&channel);
    load.some().await;
    assert_eq!(load.of("127.0.0.1"), load.done());

    // Two more come, one of them over IPv6; the TTL is another now.
    dns.records(name, &["A 127.0.0.1", "A 127.0.0.2", "AAAA ::1"], 0);
    until("those who came serve", || {
        load.of("127.0.0.2") > 0 && load.of("::1") > 0
    })
    .await;

    // The name is gone.
    dns.say_all(name, Says::NoName(1));
    until("an empty answer", || readings("empty") > 0).await;
    load.some().await;

    // There is no answer; then there is one that says nothing.
    dns.say_all(name, Says::Nothing);
    dns.until(|asked| asked.unanswered >= 4).await;
    load.some().await;
    dns.say_all(name, Says::Fails(ResponseCode::ServFail));
    until("a failed lookup", || readings("failed") > 0).await;
    load.some().await;
    assert_eq!(found(&channel).len(), 3, "{}", channel.explain());

    // The answer is too long for UDP, and one has left.
    let long =
        |records: &[&str]| Says::TooLong(records.iter().map(|one| (*one).to_owned()).collect(), 1);
    dns.say(name, RecordType::A, long(&["A 127.0.0.2"]));
    dns.say(name, RecordType::AAAA, long(&["AAAA ::1"]));
    until("one has left", || found(&channel).len() == 2).await;
    assert!(dns.asked.borrow().tcp >= 2, "{:?}", dns.asked.borrow());
    let before = load.of("127.0.0.1");
    load.some().await;
    // What was on its way to it may have come.
    assert!(load.of("127.0.0.1") <= before + 8);

    load.goes_on.store(false, Ordering::Relaxed);
    let total = load.done();
    for caller in load.callers {
        assert_eq!(caller.await.unwrap(), [""; 0]);
    }
    assert!(total > 300, "{total}");
}
