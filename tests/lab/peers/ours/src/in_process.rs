//! Calls without a socket: the stack alone, to be counted.
//!
//! It measures no time: who counts runs it twice and subtracts.

use lab_common::{Caller, Failure, Meter, Reading};
use sinew::Channel;

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
