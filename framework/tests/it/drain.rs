//! Servers that end while they are called: no call is lost with them, whatever its shape.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sinew::{Channel, Server};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::talk::{Say, talk};
use crate::world::Parrot;

/// A server that ends when it is told to, and starts again where it was.
struct Restarting {
    url: String,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Restarting {
    async fn start(addr: &str) -> Self {
        let bound = server().bind(addr).await.unwrap();
        let url = bound.url();
        let (end, ended) = oneshot::channel();
        let serving = tokio::spawn(async move {
            bound.until(ended).await.unwrap();
        });
        Self {
            url,
            running: Some((end, serving)),
        }
    }

    /// Drains, and starts anew.
    async fn restart(&mut self) {
        let (end, serving) = self.running.take().unwrap();
        end.send(()).unwrap();
        serving.await.unwrap();
        *self = Self::start(&self.url).await;
    }
}

fn server() -> Server {
    Server::new().add(talk::server(Parrot))
}

/// A call of each shape in turn.
async fn call(talk: &talk::Client, n: u32) -> sinew::Result<()> {
    match n % 8 {
        0 => {
            let mut down = talk.down(Say::new("x", 3)).await?;
            while down.next().await?.is_some() {}
        }
        1 => {
            let (mut out, reply) = talk.up().await?;
            for _ in 0..3 {
                // What ended it comes with the reply.
                let _ = out.send(Say::new("x", 1)).await;
            }
            out.finish();
            reply.await?;
        }
        2 => {
            let (mut out, mut back) = talk.both().await?;
            for _ in 0..3 {
                let _ = out.send(Say::new("x", 1)).await;
                back.next().await?;
            }
            out.finish();
            while back.next().await?.is_some() {}
        }
        _ => {
            talk.once(Say::new("x", n)).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_drained_in_turn_under_load_fail_no_call() {
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(Restarting::start("127.0.0.1:0").await);
    }
    let mut builder = Channel::builder(&servers[0].url);
    for server in &servers[1..] {
        builder = builder.endpoint(&server.url);
    }
    let talk = talk::Client::new(builder.build().unwrap());
    let (stop, calls) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut callers = JoinSet::new();
    for caller in 0..16 {
        let (talk, stop, calls) = (talk.clone(), Arc::clone(&stop), Arc::clone(&calls));
        callers.spawn(async move {
            let mut n = caller;
            while !stop.load(Ordering::Relaxed) {
                call(&talk, n).await?;
                calls.fetch_add(1, Ordering::Relaxed);
                n += 1;
            }
            Ok::<_, sinew::Status>(())
        });
    }
    for _ in 0..5 {
        for server in &mut servers {
            let before = calls.load(Ordering::Relaxed);
            server.restart().await;
            // Each server is called before the next one ends.
            while calls.load(Ordering::Relaxed) < before + 500 {
                if let Some(caller) = callers.try_join_next() {
                    caller.unwrap().unwrap();
                }
                tokio::task::yield_now().await;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(caller) = callers.join_next().await {
        caller.unwrap().unwrap();
    }
    println!("{} calls", calls.load(Ordering::Relaxed));
}
