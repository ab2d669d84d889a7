//! TLS from outside: who may speak with whom, what both sides know of each other then, what they are told otherwise,
//! and certificates that change while calls go on.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sinew::observe::{MethodMetrics, Metrics, Recorder, Side};
use sinew::tls::{ClientTls, ServerTls};
use sinew::{Channel, Code, Context, Inbound, MethodSpec, Outbound, Result, Server, Status};
use tokio::task::JoinHandle;

use crate::talk::{Say, Talk, talk};
use crate::world::Parrot;

pub(crate) mod certs;
mod files;
mod handshakes;
mod identity;
mod reload;
mod rotation;
mod wrong;

/// Answers with who calls.
struct Who;

impl Talk for Who {
    async fn once(&self, cx: &Context, _: Say) -> Result<Say> {
        let who = match cx.peer().certificate() {
            None => "nobody".to_owned(),
            Some(certificate) => {
                let id = certificate.spiffe_id().unwrap_or("no id");
                format!("{id} {:?}", certificate.dns_names())
            }
        };
        Ok(Say::new(&who, 0))
    }

    async fn down(&self, _: &Context, _: Say, _: &mut Outbound<Say>) -> Result<()> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn up(&self, _: &Context, _: Inbound<Say>) -> Result<Say> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn both(&self, _: &Context, _: Inbound<Say>, _: &mut Outbound<Say>) -> Result<()> {
        Err(Status::unimplemented("not asked for"))
    }
}

/// Keeps what it is told of connections and files.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    /// Waits for something that is told about `what`, and gives it.
    async fn wait(&self, what: &str) -> String {
        let found = async {
            loop {
                let told = self.0.lock().unwrap().clone();
                if let Some(found) = told.into_iter().find(|line| line.starts_with(what)) {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), found).await;
        found.unwrap_or_else(|_| panic!("nothing of {what} in {:?}", self.0.lock().unwrap()))
    }

    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Metrics for Told {
    fn method(&self, side: Side, method: &MethodSpec) -> Arc<dyn MethodMetrics> {
        Recorder::default().method(side, method)
    }

    fn refused_connection(&self, reason: &'static str, detail: &dyn fmt::Display) {
        self.add(format!("{reason}: {detail}"));
    }

    fn tls_files(&self, side: Side, is_taken: bool, detail: &dyn fmt::Display) {
        self.add(format!("{side:?} {is_taken}: {detail}"));
    }
}

/// A server that is served until it is dropped.
struct Served {
    url: String,
    told: Told,
    serving: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Served {
    async fn new(server: Server) -> Self {
        let told = Told::default();
        let server = server.metrics(Arc::new(told.clone()));
        let bound = server.bind("127.0.0.1:0").await.unwrap();
        let url = bound.url();
        let serving = tokio::spawn(async move { bound.serve().await.unwrap() });
        Self { url, told, serving }
    }

    async fn with(tls: ServerTls) -> Self {
        Self::new(Server::new().add(talk::server(Parrot)).tls(tls)).await
    }

    /// HOST:PORT.
    fn addr(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    fn channel(&self, tls: ClientTls) -> Channel {
        Channel::builder(&self.url).tls(tls).build().unwrap()
    }
}

async fn once(channel: &Channel) -> Result<Say> {
    let talk = talk::Client::new(channel.clone());
    talk.once(Say::new("a", 1)).await
}

/// Why a channel cannot connect, as its first call is told.
async fn refused(channel: &Channel) -> String {
    let status = once(channel).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    status.to_string()
}
