//! Calls of which both ends are in one process, to be counted: without a socket, which is the stack alone, and over
//! one.
//!
//! It measures no time: who counts runs it twice and subtracts.

use lab_common::{Caller, Failure, Meter, Reading};
use sinew::{Channel, Server};
use tokio::task::JoinSet;

use crate::{client::OurCaller, pb::echo, server::EchoService};

/// The payload of each call, as in W1.
const PAYLOAD: [u8; 16] = [0x5a; 16];

/// Makes `calls` unary calls over the in-process transport, one after the other; the meters before
/// and after them.
///
/// # Errors
/// When a call fails.
pub fn calls_in_process(calls: u64, meter: &Meter) -> Result<(Reading, Reading), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut caller = OurCaller::new(Channel::in_process(echo::server(EchoService)));
        caller.echo(&PAYLOAD).await?;
        let before = meter.read();
        for _ in 0..calls {
            caller.echo(&PAYLOAD).await?;
        }
        Ok((before, meter.read()))
    })
}

/// Calls that are in flight at once over TCP, as in W1.
const IN_FLIGHT: u64 = 64;

/// Makes `calls` unary calls over one TCP connection, 64 at a time, all of it on one thread.
///
/// # Errors
/// When a call fails.
pub fn calls_over_tcp(calls: u64) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = Server::new().add(echo::server(EchoService));
        let bound = server.bind("127.0.0.1:0").await?;
        let channel = Channel::to(&bound.url()).map_err(|error| Failure::new(error.to_string()))?;
        tokio::spawn(bound.until(std::future::pending::<()>()));
        let mut callers = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let mut caller = OurCaller::new(channel.clone());
            callers.spawn(async move {
                for _ in 0..calls / IN_FLIGHT {
                    caller.echo(&PAYLOAD).await?;
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(caller) = callers.join_next().await {
            caller.map_err(|error| Failure::new(error.to_string()))??;
        }
        Ok(())
    })
}
