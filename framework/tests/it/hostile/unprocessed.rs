//! Calls that the peer says it has not begun. All that depends on whether they are sent again stands here.

use sinew::Code;
use sinew::testing::ErrorCode;

use super::*;

/// How a peer says that it has not begun a call.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// By REFUSED_STREAM.
    Stream,
    /// By a GOAWAY below it, and the connection stays open.
    GoAway,
    /// By a GOAWAY below it, and the connection ends.
    GoAwayAndEof,
}

const REFUSALS: [Refusal; 3] = [Refusal::Stream, Refusal::GoAway, Refusal::GoAwayAndEof];

impl Refusal {
    /// How often such a call is sent at most: it fails when the peer refuses it so often.
    fn sent(self) -> u32 {
        match self {
            Self::Stream => 2,
            Self::GoAway | Self::GoAwayAndEof => 9,
        }
    }
}

/// Refuses calls of a client until there have been `refused`, and answers the next one. How many there were.
async fn refuse(peer: Peer, refusal: Refusal, refused: u32) -> u32 {
    let mut conn = peer.accept().await.unwrap();
    let mut seen = 0;
    loop {
        let Ok(request) = conn.next_request().await else {
            // A GOAWAY was its last word there.
            conn = peer.accept().await.unwrap();
            continue;
        };
        seen += 1;
        if seen > refused {
            conn.reply(request.stream, said("answered")).await.unwrap();
            // Until the client has it, and is gone.
            let _ = conn.closed().await;
            return seen;
        }
        match refusal {
            Refusal::Stream => conn.refuse(request.stream).await.unwrap(),
            Refusal::GoAway => conn
                .go_away(request.stream - 1, ErrorCode::NoError)
                .await
                .unwrap(),
            Refusal::GoAwayAndEof => {
                conn.go_away(request.stream - 1, ErrorCode::NoError)
                    .await
                    .unwrap();
                conn.eof().await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn are_sent_so_often_and_no_more() {
    for refusal in REFUSALS {
        for refused in [0, 1, refusal.sent() - 1, refusal.sent()] {
            let (peer, talk) = facing().await;
            let script = tokio::spawn(refuse(peer, refusal, refused));
            let call = talk
                .once(Say::new("once more", 0))
                .timeout(ANSWERED_WITHIN)
                .await;
            let context = format!("{refusal:?}, {refused} times: {call:?}");
            if refused < refusal.sent() {
                assert_eq!(call.unwrap(), Say::new("answered", 0), "{context}");
                drop(talk);
                assert_eq!(script.await.unwrap(), refused + 1, "{context}");
            } else {
                assert_eq!(call.unwrap_err().code(), Code::Unavailable, "{context}");
                // The next call is another call, which is answered, and the first was not sent once more.
                let call = talk
                    .once(Say::default())
                    .wait_for_ready()
                    .timeout(ANSWERED_WITHIN);
                assert_eq!(call.await.unwrap(), Say::new("answered", 0), "{context}");
                drop(talk);
                assert_eq!(script.await.unwrap(), refused + 1, "{context}");
            }
        }
    }
}

/// Of a stream the requests are sent again, too, as long as they are few.
#[tokio::test]
async fn are_sent_again_with_their_stream_of_requests() {
    for refusal in REFUSALS {
        let (peer, talk) = facing().await;
        let script = tokio::spawn(refuse(peer, refusal, 1));
        let (mut out, mut heard) = talk.both().timeout(ANSWERED_WITHIN).await.unwrap();
        out.send(Say::new("begun", 0)).await.unwrap();
        let answer = heard.next().await.unwrap();
        assert_eq!(answer, Some(Say::new("answered", 0)), "{refusal:?}");
        drop((talk, out, heard));
        assert_eq!(script.await.unwrap(), 2, "{refusal:?}");
    }
}

/// A GOAWAY at or above a call leaves it to be answered, and takes no new ones.
#[tokio::test]
async fn are_not_those_up_to_the_last_of_a_goaway() {
    for last in [1, 3, (1 << 31) - 1] {
        let (peer, talk) = facing().await;
        let first = tokio::spawn(talk.once(Say::new("first", 0)).timeout(ANSWERED_WITHIN));
        let mut conn = peer.accept().await.unwrap();
        let request = conn.next_request().await.unwrap();
        conn.go_away(last, ErrorCode::NoError).await.unwrap();
        conn.ping().await.unwrap();
        // On another connection.
        is_answered(&peer, None, &talk).await;
        conn.reply(request.stream, said("first")).await.unwrap();
        assert_eq!(
            first.await.unwrap().unwrap(),
            Say::new("first", 0),
            "last stream {last}"
        );
        conn.closed().await.unwrap();
    }
}
