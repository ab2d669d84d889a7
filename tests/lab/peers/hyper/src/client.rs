//! The client: one connection task, one request for each call.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lab_common::{Caller, Counted, DEADLINE, Failure, Writes};
use prost::Message;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::{
    pb::{BurnReply, BurnRequest, EchoMsg, PingReply, PingRequest},
    wire::{BURN, CONTENT_TYPE, GRPC_TIMEOUT, PING, UNARY, frame, read, unframe},
};

#[derive(Clone)]
pub(crate) struct HyperCaller {
    http2: SendRequest<Full<Bytes>>,
    unary: Uri,
    burn: Uri,
    ping: Uri,
    headers: HeaderMap,
}

pub(crate) async fn connect(
    server: SocketAddr,
    writes: Option<Writes>,
) -> Result<HyperCaller, Failure> {
    let socket = TcpStream::connect(server).await?;
    socket.set_nodelay(true)?;
    let http2 = match writes {
        None => handshake(socket).await?,
        Some(writes) => handshake(Counted::new(socket, writes)).await?,
    };
    let uri = |path: &str| format!("http://{server}{path}").parse::<Uri>();
    let mut headers = HeaderMap::new();
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    headers.insert(
        GRPC_TIMEOUT,
        HeaderValue::try_from(format!("{}m", DEADLINE.as_millis()))?,
    );
    Ok(HyperCaller {
        http2,
        unary: uri(UNARY)?,
        burn: uri(BURN)?,
        ping: uri(PING)?,
        headers,
    })
}

async fn handshake<S>(socket: S) -> Result<SendRequest<Full<Bytes>>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (http2, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("connection ended: {error}");
        }
    });
    Ok(http2)
}

impl HyperCaller {
    async fn call<R: Message + Default>(
        &mut self,
        uri: Uri,
        message: &impl Message,
    ) -> Result<R, Failure> {
        let mut request = Request::new(Full::new(frame(message)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        let (reply, status) = read(self.http2.send_request(request).await?.into_body()).await?;
        match status {
            Some(status) if status == "0" => unframe(reply),
            other => Err(Failure::new(format!("grpc-status {other:?}"))),
        }
    }
}

impl Caller for HyperCaller {
    async fn echo(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let message = EchoMsg {
            payload: payload.to_vec(),
            id: 1,
            shard: 2,
            flags: 3,
        };
        let reply: EchoMsg = self.call(self.unary.clone(), &message).await?;
        if reply.id != 2 || reply.payload != payload {
            return Err(Failure::new("the echo differs from what was sent"));
        }
        Ok(())
    }

    async fn burn(&mut self, cpu: Duration) -> Result<(), Failure> {
        let cpu_micros = u32::try_from(cpu.as_micros())?;
        let BurnReply {} = self
            .call(self.burn.clone(), &BurnRequest { cpu_micros })
            .await?;
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Failure> {
        let PingReply {} = self.call(self.ping.clone(), &PingRequest {}).await?;
        Ok(())
    }
}
