//! What a server's HTTP side writes for a reply.
//! It refuses to know where the messages come from.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;

use super::{Body, Status, wire};

/// What a server's HTTP side writes for a reply: `DATA`, then the trailers that carry the status.
pub struct ReplyBody(Reply);

enum Reply {
    /// The head says it all.
    Nothing,
    Whole(Option<Bytes>, Option<HeaderMap>),
    Stream(Body, Option<LastWord>),
    Done,
}

/// Adds to the trailers of a stream when they are made.
type LastWord = Box<dyn FnOnce(&mut HeaderMap) + Send>;

impl ReplyBody {
    pub(crate) fn nothing() -> Self {
        Self(Reply::Nothing)
    }

    pub(crate) fn trailers(trailers: HeaderMap) -> Self {
        Self(Reply::Whole(None, Some(trailers)))
    }

    pub(crate) fn whole(message: Bytes, trailers: HeaderMap) -> Self {
        Self(Reply::Whole(Some(message), Some(trailers)))
    }

    pub(crate) fn stream(body: Body, last_word: Option<LastWord>) -> Self {
        Self(Reply::Stream(body, last_word))
    }
}

impl http_body::Body for ReplyBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        let frame = match &mut self.0 {
            Reply::Nothing | Reply::Done => return Poll::Ready(None),
            Reply::Whole(message, trailers) => {
                if let Some(message) = message.take() {
                    return Poll::Ready(Some(Ok(http_body::Frame::data(message))));
                }
                trailers.take().map(http_body::Frame::trailers).map(Ok)
            }
            Reply::Stream(body, last_word) => match ready!(body.poll_data(cx)) {
                Some(Ok(bytes)) => return Poll::Ready(Some(Ok(http_body::Frame::data(bytes)))),
                Some(Err(status)) => Some(Err(status)),
                None => {
                    let mut trailers = HeaderMap::with_capacity(4);
                    match ready!(body.poll_end(cx)) {
                        Ok(metadata) => match metadata.write_reply(&mut trailers) {
                            Ok(()) => wire::ok_to_trailers(&mut trailers),
                            Err(unsent) => {
                                trailers.clear();
                                wire::status_to_trailers(&unsent, &mut trailers);
                            }
                        },
                        Err(status) => {
                            // Metadata that cannot be sent must not hide why the call failed.
                            let written = status.trailers().write_to(&mut trailers);
                            wire::status_to_trailers(&status, &mut trailers);
                            if status.trailers().is_set()
                                && (written.is_err()
                                    || wire::check_block(&trailers, wire::REPLY_OWN).is_err())
                            {
                                trailers.clear();
                                wire::status_to_trailers(&status, &mut trailers);
                            }
                        }
                    }
                    if let Some(last_word) = last_word.take() {
                        last_word(&mut trailers);
                    }
                    Some(Ok(http_body::Frame::trailers(trailers)))
                }
            },
        };
        self.0 = Reply::Done;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Reply::Nothing | Reply::Done)
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyBody")
    }
}
