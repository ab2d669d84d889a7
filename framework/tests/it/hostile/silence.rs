//! Peers that are gone without a word: they are noticed within fifteen seconds though nobody calls, and others are not
//! asked more often than they like.

use sinew::Code;
use sinew::testing::{Event, Fields, Frame};
use tokio::time::Instant;

use super::*;

/// What is promised of the time in which a dead peer is noticed.
const NOTICED: Duration = Duration::from_secs(15);

/// Connects, and answers one call as a server of ours, or as another.
async fn answered(servers: &mut Events<DuplexStream>, talk: &talk::Client, ours: bool) -> Conn {
    let call = tokio::spawn(talk.once(Say::default()));
    let mut conn = Conn::server(servers.next().await);
    conn.handshake().await.unwrap();
    let stream = conn.next_request().await.unwrap().stream;
    let head = match ours {
        true => Fields::response().with("x-sinew-pings", "1"),
        false => Fields::response(),
    };
    conn.send_all([
        Frame::headers(stream, &head, false),
        Frame::message(stream, said("hello"), false),
        Frame::headers(stream, &Fields::trailers(0), true),
    ])
    .await
    .unwrap();
    call.await.unwrap().unwrap();
    conn
}

#[tokio::test(start_paused = true)]
async fn a_server_of_ours_is_noticed_to_be_gone_though_nobody_calls() {
    let (mut servers, talk) = piped();
    let conn = answered(&mut servers, &talk, true).await;
    let _open = conn.half_open();
    let since = Instant::now();
    // The channel makes the next connection by itself.
    let mut next = Conn::server(servers.next().await);
    assert!(since.elapsed() <= NOTICED, "{:?}", since.elapsed());
    next.handshake().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn any_server_is_noticed_to_be_gone_while_a_call_waits_for_it() {
    for ours in [true, false] {
        let (mut servers, talk) = piped();
        let mut conn = answered(&mut servers, &talk, ours).await;
        let call = tokio::spawn(talk.once(Say::default()).timeout(Duration::from_secs(600)));
        conn.next_request().await.unwrap();
        let _open = conn.half_open();
        let since = Instant::now();
        let status = call.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(since.elapsed() <= NOTICED, "{:?}", since.elapsed());
    }
}

/// PINGs that come within `time`, all of them answered.
async fn pings(conn: &mut Conn, time: Duration) -> usize {
    let end = Instant::now() + time;
    let mut pings = 0;
    while let Ok(event) = tokio::time::timeout_at(end, conn.next()).await {
        pings += usize::from(matches!(event.unwrap(), Event::Ping(_)));
    }
    pings
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn servers_that_answer_are_kept_and_foreign_ones_are_not_bothered() {
    for (ours, busy, at_least, at_most) in [
        (true, false, 300, 720),
        (false, false, 0, 0),
        // gRPC's servers take one in five minutes.
        (false, true, 11, 12),
    ] {
        let (mut servers, talk) = piped();
        let mut conn = answered(&mut servers, &talk, ours).await;
        conn.within(2 * HOUR);
        let call = tokio::spawn(async move {
            match busy {
                true => talk.once(Say::default()).timeout(2 * HOUR).await.map(drop),
                false => {
                    // The channel lives on.
                    let _talk = talk;
                    std::future::pending().await
                }
            }
        });
        let pings = pings(&mut conn, HOUR).await;
        let what = format!("ours {ours}, busy {busy}: {pings}");
        assert!((at_least..=at_most).contains(&pings), "{what}");
        assert!(!call.is_finished(), "{what}");
        call.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_is_given_up() {
    let (mut conn, recorder) = serving_one(Server::new().add(patient().skeleton()));
    conn.handshake().await.unwrap();
    let stream = conn.request("/test.v1.Talk/Down").await.unwrap();
    conn.send(Frame::message(stream, said("x"), true))
        .await
        .unwrap();
    conn.ping().await.unwrap();
    conn.answers(false);
    let since = Instant::now();
    conn.closed().await.unwrap();
    assert!(since.elapsed() <= NOTICED, "{:?}", since.elapsed());
    // Its calls go with it.
    while recorder.in_flight(sinew::observe::Side::Server) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_is_kept() {
    let (mut conn, _) = serving_one(Server::new().add(patient().skeleton()));
    conn.handshake().await.unwrap();
    conn.within(2 * HOUR);
    let stream = conn.unary("/test.v1.Talk/Once", said("x")).await.unwrap();
    assert_eq!(conn.reply_on(stream).await.unwrap().status(), Some(0));
    assert!(pings(&mut conn, HOUR).await > 300);
    let stream = conn.unary("/test.v1.Talk/Once", said("x")).await.unwrap();
    assert_eq!(conn.reply_on(stream).await.unwrap().status(), Some(0));
}
