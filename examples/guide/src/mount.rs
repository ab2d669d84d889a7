//! A server inside an axum application.
//! It refuses to choose a port.

use std::io;

use sinew::{Server, Skeleton};
use tokio::net::TcpListener;

/// gRPC and plain HTTP on one port.
pub async fn serve(listener: TcpListener, cart: Skeleton) -> io::Result<()> {
    let grpc = Server::new().add(cart).into_http_service()?;
    let app = axum::Router::new()
        .route("/healthz", axum::routing::get(|| async { "well" }))
        .fallback_service(grpc);
    axum::serve(listener, app).await
}
