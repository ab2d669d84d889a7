//! Peers that do what they should not, and what our two ends make of it: the right status or a closed connection,
//! others served meanwhile, and memory that does not grow with the attack.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sinew::observe::Recorder;
use sinew::testing::{Conn, Peer};
use sinew::{Channel, ChannelBuilder, Server};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

use crate::double::{Double, Events, Tell, events};
use crate::talk::{Say, talk};

mod client_ends;
mod client_floods;
mod client_input;
mod server_floods;
mod server_frames;
mod server_idle;
mod server_intake;
mod server_requests;
mod server_slow;
mod server_turns;
mod silence;
mod unprocessed;

/// What another's call may take while somebody attacks: far more than it does, and far less than for ever.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// A server that is attacked, and a caller who has nothing to do with it.
struct Victim {
    addr: SocketAddr,
    bystander: talk::Client,
    recorder: Arc<Recorder>,
    serving: JoinHandle<()>,
}

impl Victim {
    /// Echoes `once` and `both`; its other handlers do nothing for ever, `up` without reading.
    async fn new() -> Self {
        Self::of(Server::new()).await
    }

    /// With these settings.
    async fn of(server: Server) -> Self {
        Self::serving(server.add(patient().skeleton())).await
    }

    /// Another service, which has to echo `once`.
    async fn serving(server: Server) -> Self {
        let recorder = Arc::new(Recorder::default());
        let server = server.metrics(recorder.clone());
        let bound = server.bind("127.0.0.1:0").await.unwrap();
        let addr = bound.local_addr().unwrap();
        let bystander = talk::Client::new(Channel::to(&bound.url()).unwrap());
        let serving = tokio::spawn(async move { bound.serve().await.unwrap() });
        let victim = Self {
            addr,
            bystander,
            recorder,
            serving,
        };
        victim.answers().await;
        victim
    }

    async fn attacker(&self) -> Conn {
        Peer::connect(self.addr).await.unwrap()
    }

    async fn answers(&self) {
        let call = self.bystander.once(Say::new("still there", 1));
        let reply = call.timeout(ANSWERED_WITHIN).await.unwrap();
        assert_eq!(reply, Say::new("still there", 1));
    }

    /// Runs an attack while the bystander calls, one call after the other.
    async fn answers_during<T>(&self, attack: impl Future<Output = T>) -> T {
        let calls = async {
            loop {
                self.answers().await;
            }
        };
        let done = tokio::select! {
            done = attack => done,
            never = calls => never,
        };
        self.answers().await;
        done
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn patient() -> Double {
    Double::default()
        .once(|_, req| Box::pin(async move { Ok(req) }))
        .down(|_, _, _| Box::pin(std::future::pending()))
        .up(|_, rx| {
            Box::pin(async move {
                let _unread = rx;
                std::future::pending().await
            })
        })
        .both(|_, mut rx, out| {
            Box::pin(async move {
                while let Some(say) = rx.next().await? {
                    out.send(say).await?;
                }
                Ok(())
            })
        })
}

/// A scripted server, and a client of it.
async fn facing() -> (Peer, talk::Client) {
    let peer = Peer::listen().await.unwrap();
    let channel = Channel::to(&peer.url()).unwrap();
    (peer, talk::Client::new(channel))
}

/// A client whose connections are pipes in memory, for clocks that are paused; and the servers' ends of them.
fn piped() -> (Events<DuplexStream>, talk::Client) {
    piped_by(|builder| builder)
}

/// As [`piped`], of a channel that is set to more.
fn piped_by(
    set: impl FnOnce(ChannelBuilder) -> ChannelBuilder,
) -> (Events<DuplexStream>, talk::Client) {
    let (tell, told) = events();
    let builder = Channel::builder("http://pipe.test:1").connector(Pipes(tell));
    (told, talk::Client::new(set(builder).build().unwrap()))
}

struct Pipes(Tell<DuplexStream>);

impl sinew::Connect for Pipes {
    type Io = DuplexStream;

    async fn connect(&self, _: &sinew::Target) -> std::io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        self.0.tell(theirs);
        Ok(ours)
    }
}

/// One connection, and never another.
struct One(Option<DuplexStream>);

impl futures_core::Stream for One {
    type Item = std::io::Result<DuplexStream>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.take() {
            Some(io) => Poll::Ready(Some(Ok(io))),
            None => Poll::Pending,
        }
    }
}

/// The client's end of the one connection of a server in this process, for clocks that are paused: nothing was said
/// yet.
fn serving_one(server: Server) -> (Conn, Arc<Recorder>) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let recorder = Arc::new(Recorder::default());
    let server = server.metrics(recorder.clone());
    tokio::spawn(server.serve_with_incoming(One(Some(far))));
    let mut conn = Conn::client(near);
    conn.within(Duration::from_secs(60));
    (conn, recorder)
}

/// Answers one call of a client, on a connection of its own or on `conn`: what came before has not confused it.
async fn is_answered(peer: &Peer, conn: Option<&mut Conn>, talk: &talk::Client) {
    let call = talk.once(Say::new("again", 0)).wait_for_ready();
    let call = tokio::spawn(call.timeout(ANSWERED_WITHIN));
    let mut new = None;
    let conn = match conn {
        Some(conn) => conn,
        None => new.insert(peer.accept().await.unwrap()),
    };
    let request = conn.next_request().await.unwrap();
    conn.reply(request.stream, said("again")).await.unwrap();
    assert_eq!(call.await.unwrap().unwrap(), Say::new("again", 0));
}

/// The message of a call, encoded.
fn said(text: &str) -> Vec<u8> {
    prost::Message::encode_to_vec(&Say::new(text, 0))
}

/// Runs a future in a runtime of this thread alone; the most bytes that were allocated at once for it, in either end.
fn peak<T>(run: impl Future<Output = T>) -> (T, u64) {
    let mut done = None;
    let cost = allocation_counter::measure(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        done = Some(runtime.unwrap().block_on(run));
    });
    (done.unwrap(), cost.bytes_max)
}

/// What the ends of an attack four times as large may hold more: buffers that grow by doubling, and chance.
const MORE_BYTES: u64 = 1 << 20;

/// Runs `attack` with a size and with four times it, and asserts that memory does not grow with it by more than `more`
/// bytes.
fn holds_no_more<T, Fut>(name: &str, size: u32, more: u64, mut attack: impl FnMut(u32) -> Fut) -> T
where
    Fut: Future<Output = T>,
{
    let (_, small) = peak(attack(size));
    let (done, large) = peak(attack(4 * size));
    let bound = small + more;
    assert!(
        large <= bound,
        "{name}: {small} bytes at {size}, {large} at four times it"
    );
    done
}
