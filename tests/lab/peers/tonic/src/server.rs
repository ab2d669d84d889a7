//! The server of the README: a trait implementation, a builder, serve.
//!
//! `serve(addr)` would not tell which free port it took; it is this incoming with these settings.

use std::{net::Ipv4Addr, time::Duration};

use lab_common::{Announce, Counted, Failure, Writes, burn};
use tokio::net::TcpListener;
use tokio_stream::{StreamExt, wrappers::TcpListenerStream};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

use crate::{
    pb::{
        BurnReply, BurnRequest, EchoMsg, PingReply, PingRequest,
        echo_server::{Echo, EchoServer},
    },
    socket::Accepted,
};

pub(crate) async fn serve(writes: Option<Writes>, announce: Announce) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?);
    let server = Server::builder().add_service(EchoServer::new(EchoService));
    match writes {
        None => {
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            server.serve_with_incoming(incoming).await?;
        }
        Some(writes) => {
            let incoming = TcpListenerStream::new(listener).map(move |socket| {
                let socket = socket?;
                socket.set_nodelay(true)?;
                Ok::<_, std::io::Error>(Accepted::new(Counted::new(socket, writes.clone())))
            });
            server.serve_with_incoming(incoming).await?;
        }
    }
    Ok(())
}

struct EchoService;

#[tonic::async_trait]
impl Echo for EchoService {
    async fn unary(&self, request: Request<EchoMsg>) -> Result<Response<EchoMsg>, Status> {
        let message = request.into_inner();
        Ok(Response::new(EchoMsg {
            id: message.id + 1,
            ..message
        }))
    }

    async fn burn(&self, request: Request<BurnRequest>) -> Result<Response<BurnReply>, Status> {
        burn(Duration::from_micros(request.get_ref().cpu_micros.into()));
        Ok(Response::new(BurnReply {}))
    }

    async fn ping(&self, _: Request<PingRequest>) -> Result<Response<PingReply>, Status> {
        Ok(Response::new(PingReply {}))
    }
}
