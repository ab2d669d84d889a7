//! What a process counts, shown to Prometheus.

use std::io;
use std::sync::Arc;

use axum::http::header;
use sinew::Server;
use sinew::observe::Prometheus;

/// gRPC and what Prometheus reads, on one port.
pub fn app(server: Server, metrics: Arc<Prometheus>) -> io::Result<axum::Router> {
    let grpc = server.metrics(metrics.clone()).into_http_service()?;
    let text = move || async move {
        let content_type = (header::CONTENT_TYPE, Prometheus::CONTENT_TYPE);
        ([content_type], metrics.render())
    };
    let app = axum::Router::new().route("/metrics", axum::routing::get(text));
    Ok(app.fallback_service(grpc))
}
