//! The server: a task for each connection, a match on the path, a body of one frame and trailers.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body::{Body, Frame};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lab_common::{Announce, Counted, Failure, Writes, burn};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};

use crate::{
    pb::{BurnReply, BurnRequest, EchoMsg, PingReply, PingRequest},
    wire::{BURN, CONTENT_TYPE, GRPC_STATUS, PING, UNARY, frame, read, unframe},
};

const OK: HeaderValue = HeaderValue::from_static("0");
const UNIMPLEMENTED: HeaderValue = HeaderValue::from_static("12");
const INTERNAL: HeaderValue = HeaderValue::from_static("13");

pub(crate) async fn serve(writes: Option<Writes>, announce: Announce) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        match writes.clone() {
            None => tokio::spawn(connection(socket)),
            Some(writes) => tokio::spawn(connection(Counted::new(socket, writes))),
        };
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(socket: S) {
    let http2 = http2::Builder::new(TokioExecutor::new());
    let served = http2
        .serve_connection(TokioIo::new(socket), service_fn(call))
        .await;
    if let Err(error) = served {
        eprintln!("connection ended: {error}");
    }
}

async fn call(request: Request<Incoming>) -> Result<Response<Reply>, Infallible> {
    let answer = answer(request).await;
    let reply = answer.unwrap_or(Reply {
        message: None,
        status: Some(INTERNAL),
    });
    let mut response = Response::new(reply);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, CONTENT_TYPE);
    Ok(response)
}

async fn answer(request: Request<Incoming>) -> Result<Reply, Failure> {
    let (head, body) = request.into_parts();
    let (message, _) = read(body).await?;
    let message = match head.uri.path() {
        UNARY => {
            let message: EchoMsg = unframe(message)?;
            frame(&EchoMsg {
                id: message.id + 1,
                ..message
            })
        }
        BURN => {
            let BurnRequest { cpu_micros } = unframe(message)?;
            burn(Duration::from_micros(cpu_micros.into()));
            frame(&BurnReply {})
        }
        PING => {
            let PingRequest {} = unframe(message)?;
            frame(&PingReply {})
        }
        _ => {
            return Ok(Reply {
                message: None,
                status: Some(UNIMPLEMENTED),
            });
        }
    };
    Ok(Reply {
        message: Some(message),
        status: Some(OK),
    })
}

/// One DATA frame, when there is a message, and trailers.
struct Reply {
    message: Option<Bytes>,
    status: Option<HeaderValue>,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(message) = self.message.take() {
            return Poll::Ready(Some(Ok(Frame::data(message))));
        }
        Poll::Ready(self.status.take().map(|status| {
            let mut trailers = HeaderMap::with_capacity(1);
            trailers.insert(GRPC_STATUS, status);
            Ok(Frame::trailers(trailers))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.status.is_none()
    }
}
