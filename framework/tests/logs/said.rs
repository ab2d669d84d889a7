//! What is logged: the spans of calls, what is said in them, and what is said of connections and servers.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use sinew::{Channel, Connect, Server, Status, Target};
use tokio::sync::oneshot;
use tracing::Level;

use crate::certs::{Authority, Files};
use crate::double::{Double, events};
use crate::kept::Log;
use crate::talk::{Say, talk};
use crate::world::{Parrot, WAYS, Way, World};

/// A target that is not ours, as handlers have one.
macro_rules! say {
    ($what:literal) => {
        tracing::info!(target: "it::handler", $what)
    };
}

struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        tracing::info!(target: "it::handler", "{} dropped", self.0);
    }
}

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn a_call_has_a_span_on_both_sides_and_its_handler_speaks_in_it() {
    for way in WAYS {
        let log = Log::at(Level::DEBUG);
        let double = Double::default()
            .once(|cx, req| {
                say!("at once");
                let task = cx.spawn(async { say!("in a task") });
                Box::pin(async move {
                    let _noisy = Noisy("once");
                    tokio::task::yield_now().await;
                    say!("later");
                    task.await.unwrap();
                    Ok(req)
                })
            })
            .down(|_, req, out| {
                Box::pin(async move {
                    say!("before a message");
                    out.send(req).await?;
                    tokio::task::yield_now().await;
                    say!("behind a message");
                    Ok(())
                })
            });
        let world = World::of(way, double.skeleton()).await;
        let once = world.talk().once(Say::new("secret", 1));
        let once = once.metadata("traceparent", PARENT);
        once.metadata("x-key", "secret").await.unwrap();
        let mut down = world.talk().down(Say::new("secret", 1)).await.unwrap();
        while down.next().await.unwrap().is_some() {}
        drop(down);

        let said = log.lines("it::handler");
        let texts: Vec<_> = said.iter().map(|line| line.get("message")).collect();
        for text in ["at once", "later", "in a task", "once dropped"] {
            assert_eq!(
                texts.iter().filter(|said| **said == text).count(),
                1,
                "{texts:?}"
            );
        }
        assert_eq!(said.len(), 6, "{way:?} {texts:?}");
        for line in &said {
            assert_eq!(line.spans[0], "sinew.serve", "{way:?} {line:?}");
        }

        let serve = log.ended("sinew.serve", 2).await;
        let call = log.ended("sinew.call", 2).await;
        for (at, method) in ["test.v1.Talk/Once", "test.v1.Talk/Down"]
            .into_iter()
            .enumerate()
        {
            for span in [&serve[at], &call[at]] {
                assert_eq!(span["method"], method, "{way:?}");
                assert_eq!(span["code"], "OK", "{way:?} {span:?}");
                assert!(span.contains_key("elapsed"), "{way:?} {span:?}");
            }
            assert_eq!(call[at]["attempts"], "1", "{way:?}");
            let endpoint = match way {
                Way::InProcess => "in-process",
                _ => &world.url,
            };
            assert_eq!(call[at]["endpoint"], endpoint);
        }
        let peer = match way {
            Way::Tcp => "127.0.0.1:",
            Way::Unix => "unix:",
            Way::InProcess => "in-process",
        };
        assert!(serve[0]["peer"].starts_with(peer), "{way:?} {serve:?}");
        assert_eq!(serve[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert!(!serve[1].contains_key("trace_id"), "{way:?}");

        let seen = log.seen.lock().unwrap();
        let all = format!("{:?} {:?}", seen.lines, seen.spans);
        assert!(!all.contains("secret"), "{way:?}: {all}");
    }
}

#[tokio::test]
async fn calls_that_are_dropped_end_their_spans_as_cancelled() {
    let log = Log::at(Level::DEBUG);
    let (tell, mut told) = events();
    let double = Double::default().once(move |_, _| {
        let tell = tell.clone();
        Box::pin(async move {
            let _noisy = Noisy("once");
            tell.tell(());
            std::future::pending().await
        })
    });
    let world = World::of(Way::Tcp, double.skeleton()).await;
    let call = tokio::spawn(world.talk().once(Say::default()));
    told.expect(()).await;
    call.abort();
    for name in ["sinew.call", "sinew.serve"] {
        let span = log.ended(name, 1).await.remove(0);
        assert_eq!(span["code"], "CANCELLED", "{name}");
    }
    let said = log.lines("it::handler");
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].spans, ["sinew.serve"], "also while it is dropped");
}

/// One after the other: how often defects are logged is bounded for all of them.
#[tokio::test]
async fn defects_are_logged() {
    a_panic_is_logged_once_with_what_its_caller_is_not_told().await;
    a_defect_is_logged_with_its_cause_and_no_more_than_ten_times_a_second().await;
}

async fn a_panic_is_logged_once_with_what_its_caller_is_not_told() {
    for way in WAYS {
        for level in [Level::DEBUG, Level::ERROR] {
            let log = Log::at(level);
            let world = World::parrot(way).await;
            let call = world.talk().once(Say::new("panic", 1));
            let status = call.await.unwrap_err();
            assert!(!status.to_string().contains("told to"), "{status}");
            let mut down = world.talk().down(Say::new("panic", 0)).await.unwrap();
            down.next().await.unwrap_err();
            let said = log.lines("sinew::serve");
            let methods: Vec<_> = said.iter().map(|line| line.get("method")).collect();
            assert_eq!(
                methods,
                ["test.v1.Talk/Once", "test.v1.Talk/Down"],
                "{said:?}"
            );
            for line in said {
                assert_eq!(line.level, Level::ERROR, "{way:?} {line:?}");
                assert_eq!(line.get("panic"), "told to", "{way:?}");
            }
        }
    }
}

async fn a_defect_is_logged_with_its_cause_and_no_more_than_ten_times_a_second() {
    #[derive(Debug)]
    struct Deep;
    impl fmt::Display for Deep {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the disk is full")
        }
    }
    impl std::error::Error for Deep {}
    let log = Log::at(Level::WARN);
    let double = Double::default().once(|_, req| {
        Box::pin(async move {
            Err(match req.count {
                0 => Status::internal(std::io::Error::other(Deep)),
                _ => Status::not_found("nothing wrong with that"),
            })
        })
    });
    let world = World::of(Way::InProcess, double.skeleton()).await;
    world.talk().once(Say::new("", 1)).await.unwrap_err();
    assert!(log.lines("sinew::serve").is_empty());
    for _ in 0..200 {
        world.talk().once(Say::default()).await.unwrap_err();
    }
    let said = log.lines("sinew::serve");
    let first = &said[0];
    assert_eq!(first.level, Level::WARN);
    assert_eq!(first.get("method"), "test.v1.Talk/Once");
    assert_eq!(first.get("code"), "INTERNAL");
    assert_eq!(first.get("error"), "internal error");
    assert!(first.get("cause").contains("the disk is full"), "{first:?}");
    // Two hundred calls take less than a few seconds.
    assert!(said.len() <= 50, "{} lines", said.len());
}

/// Cannot connect, in this way and then in that.
struct Failing(Mutex<u32>);

impl Connect for Failing {
    type Io = tokio::io::DuplexStream;

    async fn connect(&self, _: &Target) -> std::io::Result<Self::Io> {
        let mut tries = self.0.lock().unwrap();
        *tries += 1;
        if *tries == 8 {
            // Nobody is at the other end.
            return Ok(tokio::io::duplex(64).0);
        }
        Err(std::io::Error::other(format!("try {tries}")))
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_stays_away_is_news_once() {
    let log = Log::at(Level::DEBUG);
    let channel = Channel::builder("http://away:1").connector(Failing(Mutex::default()));
    let channel = channel.build().unwrap();
    channel.ready().await.unwrap_err();
    while log.lines("sinew::connection").len() < 7 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let said = log.lines("sinew::connection");
    let levels: Vec<_> = said.iter().map(|line| line.level).collect();
    assert_eq!(levels[0], Level::WARN);
    assert!(levels[1..7].iter().all(|level| *level == Level::DEBUG));
    assert_eq!(said[0].get("reason"), "connector");
    assert!(said[0].get("detail").contains("http://away:1"), "{said:?}");
}

#[tokio::test]
async fn a_server_says_where_it_listens_and_how_it_ends() {
    let log = Log::at(Level::INFO);
    let server = Server::new().add(talk::server(Parrot));
    let bound = server.bind("127.0.0.1:0").await.unwrap();
    let url = bound.url();
    let channel = Channel::to(&url).unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(bound.until(ended));
    channel.ready().await.unwrap();
    end.send(()).unwrap();
    serving.await.unwrap().unwrap();
    let said = log.lines("sinew::server");
    let texts: Vec<_> = said.iter().map(|line| line.get("message")).collect();
    assert_eq!(texts, ["listening", "draining", "drained"]);
    assert_eq!(said[0].get("url"), url);
    assert_eq!(said[1].get("connections"), "1");
    while log.lines("sinew::connection").len() < 2 {
        tokio::task::yield_now().await;
    }
    let said = log.lines("sinew::connection");
    let texts: Vec<_> = said.iter().map(|line| line.get("message")).collect();
    assert_eq!(texts[..2], ["connected", "the connection has ended"]);
}

#[test]
fn files_that_change_are_logged_once_whoever_has_them() {
    let log = Log::at(Level::INFO);
    let ours = Authority::new("ours");
    let files = Files::new(&ours.server());
    let tls = files.tls();
    let _servers = [
        Server::new().tls(tls.clone()),
        Server::new().tls(tls.clone()),
    ];
    assert_eq!(tls.reload(), Ok(false));
    files.write(&ours.server());
    assert_eq!(tls.reload(), Ok(true));
    std::fs::write(&files.key, "no key").unwrap();
    tls.reload().unwrap_err();
    tls.reload().unwrap_err();
    let said = log.lines("sinew::tls");
    let levels: Vec<_> = said.iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::INFO, Level::WARN], "{said:?}");
    let key = files.key.display().to_string();
    assert!(said[1].get("detail").contains(&key), "{said:?}");
    assert!(!said[1].get("detail").contains("no key"), "{said:?}");
}
