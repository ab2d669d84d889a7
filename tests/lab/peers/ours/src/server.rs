//! The server: a trait implementation, a builder, serve.
//!
//! No setting differs from its default.

use std::{io, net::Ipv4Addr, time::Duration};

use lab_common::{Announce, Counted, Failure, Writes, burn};
use sinew::Context;
use tokio::net::TcpListener;
use tokio_stream::{StreamExt, wrappers::TcpListenerStream};

use crate::pb::{BurnReply, BurnRequest, Echo, EchoMsg, PingReply, PingRequest, echo};

pub(crate) async fn serve(writes: Option<Writes>, announce: Announce) -> Result<(), Failure> {
    let server = sinew::Server::new().add(echo::server(EchoService));
    match writes {
        None => {
            let bound = server.bind("127.0.0.1:0").await?;
            let listening = bound.local_addr();
            announce(listening.ok_or_else(|| Failure::new("bound to no TCP address"))?);
            bound.serve().await?;
        }
        Some(writes) => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            announce(listener.local_addr()?);
            let incoming = TcpListenerStream::new(listener).map(move |socket| {
                let socket = socket?;
                socket.set_nodelay(true)?;
                Ok::<_, io::Error>(Counted::new(socket, writes.clone()))
            });
            server.serve_with_incoming(incoming).await?;
        }
    }
    Ok(())
}

pub(crate) struct EchoService;

impl Echo for EchoService {
    async fn unary(&self, _: &Context, message: EchoMsg) -> sinew::Result<EchoMsg> {
        Ok(EchoMsg {
            id: message.id + 1,
            ..message
        })
    }

    async fn burn(&self, _: &Context, request: BurnRequest) -> sinew::Result<BurnReply> {
        burn(Duration::from_micros(request.cpu_micros.into()));
        Ok(BurnReply {})
    }

    async fn ping(&self, _: &Context, _: PingRequest) -> sinew::Result<PingReply> {
        Ok(PingReply {})
    }
}
