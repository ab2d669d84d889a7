//! A streaming handler as a task of its own, whose messages become the body of the reply.
//! It refuses to let the reply's body poll the handler: a closed window would freeze the handler's timers.

use std::future::{Future, poll_fn};

use tracing::Instrument as _;

use super::route::Guarded;
use crate::call::ambient::Ambient;
use crate::call::body::Body;
use crate::call::pipe::{Control, PipeReader};
use crate::call::{Compression, MethodHandle, Payload, RawReply, Status};

/// The way of the replies of a streaming method.
#[derive(Debug)]
pub struct StreamReply {
    reader: PipeReader,
    control: Control,
    method: MethodHandle,
    ambient: Ambient,
    compression: Option<Compression>,
}

impl StreamReply {
    pub(crate) fn new(
        reader: PipeReader,
        control: Control,
        method: MethodHandle,
        ambient: Ambient,
        compression: Option<Compression>,
    ) -> Self {
        Self {
            reader,
            control,
            method,
            ambient,
            compression,
        }
    }

    /// Runs the handler in a task of its own, and gives the reply as soon as its head may leave:
    /// at the first message or at the end. Dropping the reply, or this future, ends the task.
    ///
    /// # Errors
    /// The handler's, when it ended without a message.
    pub async fn drive(
        self,
        handler: impl Future<Output = ()> + Send + 'static,
    ) -> Result<RawReply, Status> {
        let control = self.control;
        let guarded = Guarded::new(self.method, self.ambient, async move {
            handler.await;
            Ok(())
        });
        let handling = async move {
            if let Err(status) = guarded.await {
                control.fail(status);
            }
        };
        let task = tokio::spawn(handling.in_current_span());
        let mut reader = self.reader.ending(task.abort_handle());
        let (metadata, end) = poll_fn(|cx| reader.poll_head(cx)).await;
        match end {
            Some(Err(status)) => {
                let trailers = reader.trailers();
                Err(status.with_metadata(metadata).with_trailers(trailers))
            }
            _ => Ok(RawReply {
                metadata,
                ..RawReply::whole(Payload::Stream(
                    Body::pipe(reader).compressed(self.compression),
                ))
            }),
        }
    }
}
