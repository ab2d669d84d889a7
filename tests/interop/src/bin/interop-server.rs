//! Serves `grpc.testing.TestService` on 127.0.0.1 until SIGTERM, then drains.
//!
//! With `--utilization=0.7` it tells every client that so much of it is in use. Says where it listens on standard
//! output, and nothing else.

use std::env;
use std::io::{self, Write};

use interop::arguments::Arguments;
use interop::grpc::testing::test_service;
use interop::ledger::{Blank, ledger};
use interop::service::Interop;
use interop::shop::Empty;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::read(env::args().skip(1), &["port", "utilization"])?;
    let port: u16 = arguments.value_or("port", 0)?;
    let utilization: f32 = arguments.value_or("utilization", 0.0)?;
    let mut server = sinew::Server::new();
    if utilization > 0.0 {
        server.load().set_utilization(utilization);
        server = server.orca_reports();
    }
    let server = server
        .add(test_service::server(Interop))
        .add(interop::interop::v1::shop::server(Empty))
        .add(ledger::server(Blank))
        .reflection()
        .compress(sinew::Compression::Gzip)
        .bind(format!("127.0.0.1:{port}"))
        .await?;
    writeln!(io::stdout(), "listening on {}", server.url())?;
    server.serve().await?;
    Ok(())
}
