//! The client of the README: connect, then one method call for each call.

use std::{net::SocketAddr, time::Duration};

use hyper_util::rt::TokioIo;
use lab_common::{Caller, Counted, DEADLINE, Failure, Writes};
use tokio::net::TcpStream;
use tonic::{
    Request,
    transport::{Channel, Endpoint},
};

use crate::pb::{BurnRequest, EchoMsg, PingRequest, echo_client::EchoClient};

#[derive(Clone)]
pub(crate) struct TonicCaller(EchoClient<Channel>);

pub(crate) async fn connect(
    server: SocketAddr,
    writes: Option<Writes>,
) -> Result<TonicCaller, Failure> {
    let url = format!("http://{server}");
    let client = match writes {
        None => EchoClient::connect(url).await?,
        Some(writes) => {
            let connector = tower::service_fn(move |_| {
                let writes = writes.clone();
                async move {
                    let socket = TcpStream::connect(server).await?;
                    socket.set_nodelay(true)?;
                    Ok::<_, std::io::Error>(TokioIo::new(Counted::new(socket, writes)))
                }
            });
            EchoClient::new(
                Endpoint::try_from(url)?
                    .connect_with_connector(connector)
                    .await?,
            )
        }
    };
    Ok(TonicCaller(client))
}

impl Caller for TonicCaller {
    async fn echo(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let message = EchoMsg {
            payload: payload.to_vec(),
            id: 1,
            shard: 2,
            flags: 3,
        };
        let reply = self.0.unary(with_deadline(message)).await?.into_inner();
        if reply.id != 2 || reply.payload != payload {
            return Err(Failure::new("the echo differs from what was sent"));
        }
        Ok(())
    }

    async fn burn(&mut self, cpu: Duration) -> Result<(), Failure> {
        let cpu_micros = u32::try_from(cpu.as_micros())?;
        self.0
            .burn(with_deadline(BurnRequest { cpu_micros }))
            .await?;
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Failure> {
        self.0.ping(with_deadline(PingRequest {})).await?;
        Ok(())
    }
}

fn with_deadline<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}
