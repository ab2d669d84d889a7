//! How a server is run: until somebody stops it, and inside an axum application.
//! It refuses to choose a port.

use std::io;

use sinew::{Server, Skeleton};
use tokio::net::TcpListener;

/// Serves until Ctrl-C, then lets the calls in flight end.
pub async fn run(server: Server, addr: &str) -> io::Result<()> {
    let bound = server.bind(addr).await?;
    println!("listening at {}", bound.url());
    bound.until(tokio::signal::ctrl_c()).await
}

/// gRPC and plain HTTP on one port.
pub async fn serve(listener: TcpListener, cart: Skeleton) -> io::Result<()> {
    let grpc = Server::new().add(cart).into_http_service()?;
    let app = axum::Router::new()
        .route("/healthz", axum::routing::get(|| async { "well" }))
        .fallback_service(grpc);
    axum::serve(listener, app).await
}
