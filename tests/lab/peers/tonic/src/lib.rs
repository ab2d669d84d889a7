//! tonic as a baseline: server and client as its README shows them, with its defaults.
//!
//! Nothing is tuned here; what differs from the README is a free port and, in the counted binary,
//! the sockets.

mod client;
mod server;
mod socket;

use std::{net::SocketAddr, process::ExitCode};

use lab_common::{Announce, Failure, Meter, Peer};

#[allow(missing_docs, unreachable_pub, clippy::all)]
mod pb {
    tonic::include_proto!("lab.v1");
}

struct Tonic;

impl Peer for Tonic {
    type Caller = client::TonicCaller;

    async fn serve(meter: Meter, announce: Announce) -> Result<(), Failure> {
        server::serve(meter.writes(), announce).await
    }

    async fn connect(server: SocketAddr, meter: Meter) -> Result<Self::Caller, Failure> {
        client::connect(server, meter.writes()).await
    }
}

/// The `main` of both binaries.
#[must_use]
pub fn main(meter: Meter) -> ExitCode {
    lab_common::run::<Tonic>(meter)
}
