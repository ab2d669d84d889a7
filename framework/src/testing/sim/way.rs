//! The way from a client to a node: it takes time, it comes about or not, and it breaks when the node is killed.
//! It refuses to know what is served there.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::ask::Ask;
use super::clock;
use super::journal::What;
use super::run::Arrived;
use super::site::{Life, Site};
use super::world::World;
use crate::call::body::{Body, Source};
use crate::call::serve::{BoxFuture, Serve};
use crate::call::{Compression, LoadReport, Metadata, Payload, RawCall, RawReply, Status};
use crate::transport::memory::{InProcessLink, Local};
use crate::transport::near::{End, Near};
use crate::transport::target::Target;

/// A server of ours that answers no ping is given up after this.
const GIVEN_UP: Duration = Duration::from_secs(15);

/// The network as one client sees it.
#[derive(Clone)]
pub(super) struct Network {
    pub(super) world: Arc<World>,
    pub(super) client: u32,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network(client {})", self.client)
    }
}

impl Near for Network {
    fn reach(&self, target: &Target) -> BoxFuture<io::Result<InProcessLink>> {
        let site = self.world.sites.iter().find(|site| site.target == *target);
        let (site, network) = (site.map(Arc::clone), self.clone());
        Box::pin(async move {
            clock::sleep(2 * network.world.one_way).await;
            let Some(site) = site else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let Some(life) = site.life() else {
                let (client, node) = (Some(network.client), Some(site.index));
                network.world.note(client, node, What::Refused);
                return Err(io::ErrorKind::ConnectionRefused.into());
            };
            // Its system would take the connection, but nobody says hello.
            site.awake().await;
            let (client, node) = (Some(network.client), Some(site.index));
            network.world.note(client, node, What::Connected);
            Ok(network.way(&site, life))
        })
    }
}

impl Network {
    fn way(&self, site: &Arc<Site>, life: Arc<Life>) -> InProcessLink {
        let end = Arc::new(End::default());
        let keeping = keep_alive(Arc::clone(site), Arc::clone(&life), Arc::clone(&end));
        let keeping = tokio::spawn(keeping).abort_handle();
        let way = Way {
            world: Arc::clone(&self.world),
            site: Arc::clone(site),
            life,
            end: Arc::clone(&end),
            client: self.client,
            _keeping: Arc::new(Keeping(keeping)),
        };
        InProcessLink::new(way).until(end)
    }

    /// A way to a node as it is now, without a connection that is kept up; nothing while it is down.
    pub(super) fn direct(&self, site: &Arc<Site>) -> Option<InProcessLink> {
        Some(self.way(site, site.life()?))
    }
}

#[derive(Clone)]
struct Way {
    world: Arc<World>,
    site: Arc<Site>,
    life: Arc<Life>,
    /// The end of this connection, at that of the life or before.
    end: Arc<End>,
    client: u32,
    _keeping: Arc<Keeping>,
}

/// The task that ends a connection: it is over with the last who uses that.
struct Keeping(AbortHandle);

impl Drop for Keeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Serve for Way {
    fn serve(&self, call: RawCall) -> BoxFuture<Result<RawReply, Status>> {
        let way = self.clone();
        Box::pin(async move {
            let mut reply = tokio::select! {
                biased;
                () = way.end.come() => return Err(broken()),
                reply = way.carry(call) => reply?,
            };
            if let Payload::Stream(body) = &mut reply.payload {
                let body_before = std::mem::take(body);
                let ended = Box::pin(async move { way.end.come().await });
                *body = Body::source(Box::new(Breaking {
                    body: body_before,
                    ended,
                }));
            }
            Ok(reply)
        })
    }
}

impl Local for Way {
    fn load(&self, now: Instant) -> Option<LoadReport> {
        let is_silent = self.site.hangs() || self.end.has_come();
        let mut report = (!is_silent).then(|| self.life.server().load(now))??;
        report.service_time *= self.world.stretch;
        Some(report)
    }

    fn reached(&self) -> BoxFuture<()> {
        let way = self.clone();
        Box::pin(async move {
            clock::sleep(way.world.one_way).await;
            way.site.awake().await;
            clock::sleep(way.world.one_way).await;
        })
    }
}

impl Way {
    async fn carry(&self, call: RawCall) -> Result<RawReply, Status> {
        clock::sleep(self.world.one_way).await;
        self.site.awake().await;
        let ask = Ask::of(&call).ok();
        let arrived = Arrived {
            at: clock::now(),
            client: self.client,
            number: ask.map_or(0, |ask| ask.number),
            node: self.site.index,
            key: ask.and_then(|ask| ask.key),
        };
        self.world.arrived(arrived);
        let reply = match self.site.fails() {
            Ok(()) => self.life.server().serve(call).await,
            Err(status) => Err(status),
        };
        self.site.awake().await;
        clock::sleep(self.world.one_way).await;
        reply
    }
}

/// Ends a connection with its node, and when its pings are not answered.
async fn keep_alive(site: Arc<Site>, life: Arc<Life>, end: Arc<End>) {
    let silent = async {
        loop {
            site.asleep().await;
            tokio::select! {
                biased;
                () = site.awake() => {}
                () = clock::sleep(GIVEN_UP) => return,
            }
        }
    };
    tokio::select! {
        biased;
        () = life.end.come() => {}
        () = silent => {}
    }
    end.tell();
}

fn broken() -> Status {
    Status::unavailable("the connection broke: the node was killed, or was silent for long")
}

/// The replies of a stream until its node is killed.
struct Breaking {
    body: Body,
    ended: BoxFuture<()>,
}

impl Breaking {
    fn check(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        match Pin::new(&mut self.ended).poll(cx) {
            Poll::Ready(()) => Err(broken()),
            Poll::Pending => Ok(()),
        }
    }
}

impl Source for Breaking {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        self.check(cx)?;
        self.body.poll_head(cx)
    }

    fn compression(&self) -> Option<Compression> {
        self.body.compression()
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        self.check(cx)?;
        self.body.poll_data(cx)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        self.body.poll_end(cx)
    }
}
