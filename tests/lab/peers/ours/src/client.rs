//! The client: a channel, then one method call for each call.
//!
//! No setting differs from its default; the deadline is set on each call, as for every peer.

use std::{io, net::SocketAddr, time::Duration};

use lab_common::{Caller, Counted, DEADLINE, Failure, Writes};
use sinew::{Channel, SocketConnector, Stream, Target};

use crate::pb::{BurnRequest, EchoMsg, PingRequest, echo};

#[derive(Clone)]
pub(crate) struct OurCaller(echo::Client);

impl OurCaller {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(echo::Client::new(channel))
    }
}

pub(crate) async fn connect(
    server: SocketAddr,
    writes: Option<Writes>,
) -> Result<OurCaller, Failure> {
    let url = format!("http://{server}");
    let channel = match writes {
        None => Channel::to(&url)?,
        Some(writes) => Channel::builder(url).connector(Counting(writes)).build()?,
    };
    channel.ready().await?;
    Ok(OurCaller::new(channel))
}

/// The channel's own connector, with its sockets counted.
struct Counting(Writes);

impl sinew::Connect for Counting {
    type Io = Counted<Stream>;

    async fn connect(&self, target: &Target) -> io::Result<Self::Io> {
        let socket = SocketConnector::new().connect(target).await?;
        Ok(Counted::new(socket, self.0.clone()))
    }
}

impl Caller for OurCaller {
    async fn echo(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let message = EchoMsg {
            payload: payload.to_vec(),
            id: 1,
            shard: 2,
            flags: 3,
        };
        let reply = self.0.unary(message).timeout(DEADLINE).await?;
        if reply.id != 2 || reply.payload != payload {
            return Err(Failure::new("the echo differs from what was sent"));
        }
        Ok(())
    }

    async fn burn(&mut self, cpu: Duration) -> Result<(), Failure> {
        let cpu_micros = u32::try_from(cpu.as_micros())?;
        self.0
            .burn(BurnRequest { cpu_micros })
            .timeout(DEADLINE)
            .await?;
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Failure> {
        self.0.ping(PingRequest {}).timeout(DEADLINE).await?;
        Ok(())
    }
}
