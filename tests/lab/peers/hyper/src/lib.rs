//! A bare gRPC echo on hyper as a baseline: correct on the wire, and nothing else.
//!
//! No layers, no boxes, no routing table, no error details: what a framework on hyper costs comes
//! on top of this. It sends the deadline, and does not enforce it.

mod client;
mod server;
mod wire;

use std::{net::SocketAddr, process::ExitCode};

use lab_common::{Announce, Failure, Meter, Peer};

#[allow(missing_docs, unreachable_pub, clippy::all)]
mod pb {
    include!(concat!(env!("OUT_DIR"), "/lab.v1.rs"));
}

struct Hyper;

impl Peer for Hyper {
    type Caller = client::HyperCaller;

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
    lab_common::run::<Hyper>(meter)
}
