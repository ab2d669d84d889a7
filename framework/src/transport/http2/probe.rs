//! A question to a server of ours, on the connection that its calls use: does it answer at all, and how busy is it?
//! It refuses to wait for a free stream, and to limit the time that an answer takes.

use std::future::Future;

use super::connection::Connection;
use super::{failure, head};
use crate::call::{Status, wire};
use crate::transport::NotProbed;

impl Connection {
    /// Asks once; the answer is where all reports go.
    ///
    /// # Cancel safety
    /// Dropping the future resets the stream.
    pub(crate) fn probe(&self) -> impl Future<Output = Result<(), NotProbed>> + Send + use<> {
        let connection = self.clone();
        async move {
            let slot = connection.try_reserve().map_err(NotProbed::NoSlot)?;
            let failed = |status: Status| NotProbed::Failed(status);
            let request = head::probe(slot.settings()).map_err(failed)?;
            let sent = slot.sender().send_request(request, true);
            let (response, _) = sent.map_err(|error| failed(failure::unsent(error)))?;
            let response = response.await;
            let response = response.map_err(|error| failed(failure::before_head(error, false)))?;
            let (parts, body) = response.into_parts();
            slot.replied(&parts.headers);
            let has_report = slot.ended(&parts.headers);
            head::reply(parts.status, parts.headers, body.is_end_stream()).map_err(failed)?;
            if has_report {
                Ok(())
            } else {
                let message = format!("{} was answered without a load report", wire::PROBE_PATH);
                Err(failed(Status::unknown(message)))
            }
        }
    }
}
