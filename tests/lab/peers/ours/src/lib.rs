//! Ours: generated code, public builders, default settings.
//!
//! Nothing here may be what a user would not write; the counted binary adds counting sockets by the
//! public seams for them.

mod client;
mod in_process;
mod server;

use std::{net::SocketAddr, process::ExitCode};

use lab_common::{Announce, Failure, Meter, Peer};

pub use in_process::{calls_in_process, calls_over_tcp};

#[allow(missing_docs, unreachable_pub)]
mod pb {
    sinew::include_idl!();
    pub(crate) use lab::v1::*;
}

struct Ours;

impl Peer for Ours {
    type Caller = client::OurCaller;

    async fn serve(meter: Meter, announce: Announce) -> Result<(), Failure> {
        server::serve(meter.writes(), announce).await
    }

    async fn connect(server: SocketAddr, meter: Meter) -> Result<Self::Caller, Failure> {
        client::connect(server, meter.writes()).await
    }
}

/// The `main` of the timed and the counted binary.
#[must_use]
pub fn main(meter: Meter) -> ExitCode {
    lab_common::run::<Ours>(meter)
}
