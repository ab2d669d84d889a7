//! What an error of HTTP/2 is as a status (gRPC's table of HTTP/2 error codes).
//! It refuses to decide whether the call is tried again.

use std::io;

use h2::Reason;

use crate::call::unexecuted::Unexecuted;
use crate::call::{Code, Status};

/// A call that the connection did not take: it never left.
pub(super) fn unsent(error: h2::Error) -> Status {
    // What is wrong with this very call would be wrong with it on any connection.
    let of_the_connection = error.is_go_away() || error.is_io() || error.is_reset();
    let how = if of_the_connection {
        Unexecuted::Unsent
    } else {
        Unexecuted::Unsendable
    };
    status(error, false).with_unexecuted(Some(how))
}

/// A call that was looked at before it was sent, and cannot be.
pub(super) fn unsendable(status: Status) -> Status {
    status.with_unexecuted(Some(Unexecuted::Unsendable))
}

/// A call that HTTP/2 ended before the head of its reply came.
pub(super) fn before_head(error: h2::Error, late: bool) -> Status {
    let how = unexecuted(&error);
    status(error, late).with_unexecuted(how)
}

/// The two ways in which a peer says that it has not begun a call. The library gives the error of a GOAWAY to streams
/// above the last one that the peer has taken, and no other: those below it end with the connection, or well.
fn unexecuted(error: &h2::Error) -> Option<Unexecuted> {
    if !error.is_remote() {
        None
    } else if error.is_go_away() {
        Some(Unexecuted::GoneAway)
    } else if error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM) {
        Some(Unexecuted::Refused)
    } else {
        None
    }
}

/// A call that HTTP/2 ended; `late` when the deadline that its peer was told had passed by then.
///
/// A peer that enforces the deadline resets the call with CANCEL, and so does our own sending half: whichever
/// comes before our timer, the call has ended for lack of time.
pub(super) fn status(error: h2::Error, late: bool) -> Status {
    let code = match error.reason() {
        _ if error.is_io() => Code::Unavailable,
        Some(Reason::REFUSED_STREAM) => Code::Unavailable,
        _ if error.is_go_away() => Code::Unavailable,
        Some(Reason::CANCEL) if late => Code::DeadlineExceeded,
        Some(Reason::CANCEL) => Code::Cancelled,
        Some(Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        Some(_) => Code::Internal,
        None => Code::Unavailable,
    };
    Status::new(code, what(&error)).with_source(error)
}

/// Says what happened to somebody who knows no HTTP/2; the library's own words only where they tell more.
fn what(error: &h2::Error) -> String {
    if let Some(io) = error.get_io() {
        match io.get_ref() {
            // Not the system's: our own, where the peer sent too much, or a connector's.
            Some(said) if io.kind() == io::ErrorKind::Other => {
                format!("the connection broke: {said}")
            }
            _ => "the connection broke (the peer is gone)".to_owned(),
        }
    } else if error.is_go_away() && error.is_remote() {
        format!("the peer closed the connection: {error}")
    } else if error.is_go_away() {
        format!("the peer broke the rules of HTTP/2, and the connection was closed: {error}")
    } else if error.is_reset() && error.is_remote() {
        format!("the peer reset the call: {error}")
    } else if error.is_reset() && !error.is_library() {
        "the call was cancelled on this side".to_owned()
    } else {
        format!("HTTP/2 failed: {error}")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_reason_and_the_time_make_the_code() {
        for (reason, late, code) in [
            (Reason::CANCEL, false, Code::Cancelled),
            (Reason::CANCEL, true, Code::DeadlineExceeded),
            (Reason::REFUSED_STREAM, true, Code::Unavailable),
            (Reason::ENHANCE_YOUR_CALM, true, Code::ResourceExhausted),
            (Reason::INADEQUATE_SECURITY, false, Code::PermissionDenied),
            (Reason::PROTOCOL_ERROR, true, Code::Internal),
        ] {
            let got = status(reason.into(), late).code();
            assert_eq!(got, code, "{reason:?}, late: {late}");
        }
    }

    /// The status of a call that `end` ends, given both sides of it.
    async fn ended_by(
        end: impl FnOnce(h2::SendStream<Bytes>, h2::server::SendResponse<Bytes>) -> bool,
    ) -> Status {
        let (near, far) = tokio::io::duplex(4096);
        let (client, server) =
            tokio::join!(h2::client::handshake(near), h2::server::handshake(far));
        let ((mut sender, driver), mut server) = (client.unwrap(), server.unwrap());
        tokio::spawn(driver);
        let request = http::Request::new(());
        let (reply, body) = sender.send_request(request, false).unwrap();
        let (_, respond) = server.accept().await.unwrap().unwrap();
        // The server is driven until it goes, with its half of the connection.
        if end(body, respond) {
            tokio::spawn(async move { while server.accept().await.is_some() {} });
        } else {
            drop(server);
        }
        status(reply.await.unwrap_err(), false)
    }

    #[tokio::test]
    async fn messages_say_whose_doing_it_was() {
        let ours = ended_by(|mut body, respond| {
            body.send_reset(Reason::CANCEL);
            drop(respond);
            true
        });
        let ours = ours.await;
        assert_eq!(ours.code(), Code::Cancelled);
        assert_eq!(ours.message(), "the call was cancelled on this side");

        let theirs = ended_by(|_body, mut respond| {
            respond.send_reset(Reason::REFUSED_STREAM);
            true
        });
        let theirs = theirs.await;
        assert_eq!(theirs.code(), Code::Unavailable);
        assert!(theirs.message().starts_with("the peer reset the call: "));

        let broken = ended_by(|_, _| false).await;
        assert_eq!(broken.code(), Code::Unavailable);
        assert_eq!(broken.message(), "the connection broke (the peer is gone)");
        assert!(std::error::Error::source(&broken).is_some());
    }
}
