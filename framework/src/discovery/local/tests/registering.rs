//! Servers in the registry directory, from their start to their end.

use std::os::unix::fs::MetadataExt as _;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::Server;
use crate::discovery::local::LocalRegistry;
use crate::discovery::{InstanceState, Registered, Registry};
use crate::services::health::Health;

fn registry(folder: &Folder, url: &str) -> Registry {
    let mut registry = LocalRegistry::parse(url, &url["local:".len()..]).unwrap();
    registry.root = Some(folder.path().to_owned());
    Registry::new(url, registry)
}

fn served(id: &str, services: &[&str]) -> Arc<Instance> {
    let target = format!("http://{id}.test:1").parse().unwrap();
    let instance = Instance::new(target).with_id(id);
    Arc::new(instance.with_services(services.iter().copied()))
}

/// Who is there under a name, with his slot.
fn there(folder: &Folder, service: &str) -> Vec<(String, String)> {
    let dir = place::of_service(folder.path(), service).unwrap();
    let mut seen = Seen::default();
    seen.look(&dir, &Which::All).unwrap();
    let instances = seen.instances().into_iter();
    let mut there: Vec<_> = instances
        .map(|one| (one.id().to_owned(), one.slot().to_owned()))
        .collect();
    there.sort();
    there
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(id, slot)| (id.to_owned(), slot.to_owned()))
        .to_vec()
}

async fn wait(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_server_is_there_under_each_of_its_services_in_the_lowest_slot() {
    let folder = Folder::new();
    let all = registry(&folder, "local:///");
    let a = Registered::start(&all, served("a", &["x.X", "y.Y"]));
    wait(|| there(&folder, "y.Y") == pairs([("a", "0")])).await;
    let b = Registered::start(&all, served("b", &["y.Y"]));
    wait(|| there(&folder, "y.Y") == pairs([("a", "0"), ("b", "1")])).await;
    assert_eq!(there(&folder, "x.X"), pairs([("a", "0")]));
    let given = Arc::unwrap_or_clone(served("c", &[])).with_slot("order-3");
    let named = registry(&folder, "local:///y.Y");
    let _c = Registered::start(&named, Arc::new(given));
    wait(|| there(&folder, "y.Y").contains(&("c".to_owned(), "order-3".to_owned()))).await;
    a.leave().await;
    assert!(there(&folder, "x.X").is_empty());
    // A server that comes for one that has left has its slot.
    let d = Registered::start(&all, served("d", &["y.Y"]));
    wait(|| there(&folder, "y.Y").contains(&("d".to_owned(), "0".to_owned()))).await;
    // One that is dropped is gone, too.
    drop(b);
    wait(|| there(&folder, "y.Y") == pairs([("c", "order-3"), ("d", "0")])).await;
    d.leave().await;
    assert_eq!(there(&folder, "y.Y"), pairs([("c", "order-3")]));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_says_so_first() {
    let folder = Folder::new();
    let dir = folder.service();
    let states = || {
        let mut seen = Seen::default();
        seen.look(&dir, &Which::All).unwrap();
        let instances = seen.instances().into_iter();
        instances.map(|one| one.state()).collect::<Vec<_>>()
    };
    let registered = Registered::start(&registry(&folder, "local:///"), served("a", &[SERVICE]));
    wait(|| states() == [InstanceState::Ready]).await;
    let leaving = tokio::spawn(registered.leave());
    wait(|| states() == [InstanceState::Draining]).await;
    let said = tokio::time::Instant::now();
    wait(|| states().is_empty()).await;
    let shown = said.elapsed().as_millis();
    assert!((140..=160).contains(&shown), "{shown}");
    leaving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_record_is_lost_is_there_again_and_again() {
    let folder = Folder::new();
    let _registered = Registered::start(&registry(&folder, "local:///"), served("a", &[SERVICE]));
    wait(|| !there(&folder, SERVICE).is_empty()).await;
    let dir = folder.service();
    for _ in 0..3 {
        fs::remove_file(dir.join("a.json")).unwrap();
        wait(|| there(&folder, SERVICE) == pairs([("a", "0")])).await;
    }
    fs::remove_dir_all(folder.path()).unwrap();
    wait(|| folder.path().exists() && there(&folder, SERVICE) == pairs([("a", "0")])).await;
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_others_have_removed_is_claimed_anew() {
    let folder = Folder::new();
    let all = registry(&folder, "local:///");
    let slots = || {
        let there = there(&folder, SERVICE).into_iter();
        let mut slots: Vec<String> = there.map(|(_, slot)| slot).collect();
        slots.sort();
        slots
    };
    let _a = Registered::start(&all, served("a", &[SERVICE]));
    wait(|| slots() == ["0"]).await;
    fs::remove_dir_all(folder.path()).unwrap();
    let _b = Registered::start(&all, served("b", &[SERVICE]));
    wait(|| folder.path().exists() && slots() == ["0", "1"]).await;
    // Its record is left to it.
    fs::remove_dir_all(folder.path().join(".slots")).unwrap();
    let _c = Registered::start(&all, served("c", &[SERVICE]));
    wait(|| slots() == ["0", "1", "2"]).await;
}

fn in_slot(id: &str, slot: &str) -> Arc<Instance> {
    Arc::new(Arc::unwrap_or_clone(served(id, &[SERVICE])).with_slot(slot))
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_is_given_is_one_servers_and_the_next_has_it_when_that_one_leaves() {
    for slot in ["order-3", "0", ".rack/7 ü%", ".."] {
        let folder = Folder::new();
        let all = registry(&folder, "local:///");
        let a = Registered::start(&all, in_slot("a", slot));
        wait(|| there(&folder, SERVICE) == pairs([("a", slot)])).await;
        let b = Registered::start(&all, in_slot("b", slot));
        wait(|| b.failure().is_some()).await;
        let why = b.failure().unwrap();
        let want = format!("slot {slot:?} of {SERVICE} is taken by a at a.test:1");
        assert!(why.starts_with(&want), "{why}");
        sleep(Duration::from_secs(60)).await;
        assert_eq!(there(&folder, SERVICE), pairs([("a", slot)]));
        // A number that is given is nobody's who takes the lowest.
        let _c = Registered::start(&all, served("c", &[SERVICE]));
        let number = if slot == "0" { "1" } else { "0" };
        wait(|| there(&folder, SERVICE) == pairs([("a", slot), ("c", number)])).await;
        // It is never without anybody: the next has it while this one says that it leaves.
        let leaving = tokio::spawn(a.leave());
        let both = pairs([("a", slot), ("b", slot), ("c", number)]);
        wait(|| there(&folder, SERVICE) == both).await;
        leaving.await.unwrap();
        assert_eq!(there(&folder, SERVICE), pairs([("b", slot), ("c", number)]));
        assert_eq!(b.failure(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_a_slot_leaves_without_ado() {
    let folder = Folder::new();
    let all = registry(&folder, "local:///");
    let _a = Registered::start(&all, in_slot("a", "x"));
    wait(|| there(&folder, SERVICE) == pairs([("a", "x")])).await;
    let b = Registered::start(&all, in_slot("b", "x"));
    wait(|| b.failure().is_some()).await;
    let leaving = tokio::time::Instant::now();
    b.leave().await;
    assert!(leaving.elapsed() < Duration::from_secs(1));
    assert_eq!(there(&folder, SERVICE), pairs([("a", "x")]));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_registered_keeps_no_other_from_it() {
    let folder = Folder::new();
    File::create(folder.path().join("bad.Bad")).unwrap();
    let all = registry(&folder, "local:///");
    let registered = Registered::start(&all, served("a", &["bad.Bad", SERVICE]));
    wait(|| there(&folder, SERVICE) == pairs([("a", "0")])).await;
    let why = registered.failure().unwrap();
    assert!(why.contains("bad.Bad"), "{why}");
    // It says that it leaves where it is.
    let dir = folder.service();
    let leaving = tokio::spawn(registered.leave());
    wait(|| {
        let mut seen = Seen::default();
        seen.look(&dir, &Which::All).unwrap();
        let instances = seen.instances();
        instances[0].state() == InstanceState::Draining
    })
    .await;
    leaving.await.unwrap();
    assert!(there(&folder, SERVICE).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_of_many_services_has_small_records() {
    let folder = Folder::new();
    let names: Vec<String> = (0..200)
        .map(|n| format!("shop.v1.AServiceWithALongName{n}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let _all = Registered::start(&registry(&folder, "local:///"), served("a", &names));
    let last = names[names.len() - 1];
    wait(|| there(&folder, last) == pairs([("a", "0")])).await;
    let services = |name: &str| {
        let mut seen = Seen::default();
        let dir = place::of_service(folder.path(), name).unwrap();
        seen.look(&dir, &Which::All).unwrap();
        seen.instances()[0].services().to_vec()
    };
    assert_eq!(services(last), [last]);
    let named = registry(&folder, "local:///shop");
    let _named = Registered::start(&named, served("b", &names));
    wait(|| there(&folder, "shop") == pairs([("b", "0")])).await;
    assert!(services("shop").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_away_for_an_hour_has_the_server_when_it_is_back() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o777);
    let registered = Registered::start(&registry(&folder, "local:///"), served("a", &[SERVICE]));
    sleep(Duration::from_secs(3600)).await;
    assert!(!folder.path().join(SERVICE).exists());
    mode(0o700);
    wait(|| there(&folder, SERVICE) == pairs([("a", "0")])).await;
    // One that is away is not waited for.
    mode(0o777);
    let leaving = tokio::time::Instant::now();
    registered.leave().await;
    assert!(leaving.elapsed() < Duration::from_secs(4));
}

/// A server that serves until it is told to end.
struct Serving {
    end: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn serve(folder: &Folder, server: Server) -> Serving {
    let mut registry = LocalRegistry::parse("local:///shop.v1.Cart", "///shop.v1.Cart").unwrap();
    registry.root = Some(folder.path().to_owned());
    let server = server.register_with("local", registry);
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let (end, ended) = oneshot::channel::<()>();
    // What is bound alone is not found.
    assert!(there(folder, SERVICE).is_empty());
    let task = tokio::spawn(bound.until(ended));
    Serving { end, task }
}

#[tokio::test]
async fn a_server_is_found_while_it_serves_and_is_gone_before_it_drains() {
    let folder = Folder::new();
    let server = Server::new()
        .slot("order-3")
        .drain_delay(Duration::from_millis(300));
    let serving = serve(&folder, server).await;
    let mut directory = folder.directory();
    let waiting = async {
        loop {
            let found = directory.changed().await;
            if let Some(member) = found.members.first() {
                return Arc::clone(&member.instance);
            }
        }
    };
    let instance = timeout(Duration::from_secs(20), waiting).await.unwrap();
    assert_eq!(instance.slot(), "order-3");
    assert!(instance.incarnation() > 0);
    let address = instance.address().to_owned();
    serving.end.send(()).unwrap();
    wait(|| there(&folder, SERVICE).is_empty()).await;
    // Through all of the delay it takes connections.
    assert!(tokio::net::TcpStream::connect(&address).await.is_ok());
    assert!(!serving.task.is_finished());
    serving.task.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
}

/// What its health says of it as a whole, it says where it is found; and to leave is for good.
#[tokio::test]
async fn a_server_is_as_its_health_says() {
    let folder = Folder::new();
    let server = Server::new();
    let health = server.health();
    health.set_not_serving("");
    let serving = serve(&folder, server).await;
    let mut directory = folder.directory();
    for (say, state) in [
        (None, InstanceState::Starting),
        (
            Some((|health| health.set_serving("")) as fn(&Health)),
            InstanceState::Ready,
        ),
        (
            Some(|health| health.set_not_serving("")),
            InstanceState::Starting,
        ),
        (Some(|health| health.set_serving("")), InstanceState::Ready),
        (Some(Health::shutdown), InstanceState::Draining),
    ] {
        if let Some(say) = say {
            // Of one service alone nothing follows.
            health.set_not_serving(SERVICE);
            say(&health);
        }
        let waiting = async {
            loop {
                let found = directory.changed().await;
                if found
                    .members
                    .iter()
                    .any(|one| one.instance.state() == state)
                {
                    return;
                }
            }
        };
        let seen = timeout(Duration::from_secs(20), waiting).await;
        assert!(seen.is_ok(), "{state}");
    }
    serving.end.send(()).unwrap();
    serving.task.await.unwrap().unwrap();
    assert!(there(&folder, SERVICE).is_empty());
}

#[tokio::test]
async fn a_server_that_is_dropped_is_gone() {
    let folder = Folder::new();
    let serving = serve(&folder, Server::new()).await;
    wait(|| !there(&folder, SERVICE).is_empty()).await;
    serving.task.abort();
    wait(|| there(&folder, SERVICE).is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_services_is_nowhere_and_a_registry_that_panics_is_tried_again() {
    let folder = Folder::new();
    let _nowhere = Registered::start(&registry(&folder, "local:///"), served("a", &[]));

    /// Panics twice.
    struct Panics(AtomicU32, LocalRegistry);

    impl crate::discovery::Register for Panics {
        async fn register(&self, registration: crate::discovery::Registration) {
            let times = self.0.fetch_add(1, Ordering::Relaxed);
            assert!(times >= 2, "as it was told");
            self.1.register(registration).await;
        }
    }

    let mut local = LocalRegistry::parse("local:///", "///").unwrap();
    local.root = Some(folder.path().to_owned());
    let panics = Registry::new("panics", Panics(AtomicU32::new(0), local));
    let registered = Registered::start(&panics, served("b", &[SERVICE]));
    wait(|| there(&folder, SERVICE) == pairs([("b", "0")])).await;
    registered.leave().await;
    assert!(there(&folder, SERVICE).is_empty());
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "the service and the slots"
    );
}

#[tokio::test]
async fn a_server_says_where_others_find_it() {
    let folder = Folder::new();
    let registry = || {
        let mut registry = LocalRegistry::parse("local:///a", "///a").unwrap();
        registry.root = Some(folder.path().to_owned());
        registry
    };
    for anywhere in ["0.0.0.0:0", "[::]:0"] {
        // This machine finds it by its own address; others would look for it on theirs.
        assert!(
            Server::new()
                .register("local:///a")
                .bind(anywhere)
                .await
                .is_ok()
        );
        let server = Server::new().register_with("zoo", registry());
        let why = server
            .bind(anywhere)
            .await
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(
            why.contains("nobody finds it there by the registry zoo"),
            "{why}"
        );
        assert!(
            why.contains("Server::advertise(\"http://10.0.0.7:"),
            "{why}"
        );
    }
    let server = Server::new()
        .register_with("zoo", registry())
        .advertise("http://cart.internal:7");
    let bound = server.bind("0.0.0.0:0").await.unwrap();
    let serving = tokio::spawn(bound.serve());
    wait(|| !there(&folder, "a").is_empty()).await;
    let mut seen = Seen::default();
    seen.look(&folder.path().join("a"), &Which::All).unwrap();
    assert_eq!(seen.instances()[0].address(), "cart.internal:7");
    serving.abort();
    let wrong = Server::new().register_with("zoo", registry());
    let wrong = wrong.advertise("cart:7").bind("127.0.0.1:0").await;
    let why = wrong.map(drop).unwrap_err().to_string();
    assert!(
        why.starts_with("cannot register the server: invalid target \"cart:7\""),
        "{why}"
    );
}

#[tokio::test]
async fn what_does_not_listen_cannot_be_registered() {
    let mounted = Server::new().register("local:///").into_http_service();
    let why = mounted.map(drop).unwrap_err().to_string();
    assert!(
        why.contains("a server that is mounted in another cannot be registered"),
        "{why}"
    );
    let unknown = Server::new().register("zoo:///").bind("127.0.0.1:0").await;
    let why = unknown.map(drop).unwrap_err().to_string();
    let want = "cannot register the server: invalid target \"zoo:///\": no registry is named so";
    assert!(why.starts_with(want), "{why}");
}

/// Says to a process of this test's binary to run out of descriptors.
const SPENT: &str = "SINEW_TEST_LOCAL_SPENT";

/// Not a test by itself: other tests need descriptors, too.
#[tokio::test(start_paused = true)]
async fn spent() {
    if std::env::var(SPENT).is_err() {
        return;
    }
    let registry = crate::discovery::registry("local:///").unwrap();
    let _registered = Registered::start(&registry, served("a", &[SERVICE]));
    let record = place::root().unwrap().join(SERVICE).join("a.json");
    wait(|| record.exists()).await;
    let mut all = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        all.push(file);
    }
    // One that was taken away would be made anew, of the descriptors that it gave back.
    let inode = || fs::metadata(&record).unwrap().ino();
    let first = inode();
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        assert_eq!(inode(), first);
    }
}

#[test]
fn a_server_that_has_no_descriptors_left_stays_registered() {
    let folder = Folder::new();
    let spent = processes::run("registering::spent");
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""]);
    limited.arg(spent.get_program()).args(spent.get_args());
    limited.env(SPENT, "1").env(place::VARIABLE, folder.path());
    let said = limited.output().unwrap();
    let out = String::from_utf8(said.stdout).unwrap();
    assert!(out.contains("1 passed; 0 failed"), "{out}");
}
