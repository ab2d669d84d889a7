//! Clients that hold a connection and make no call: for as long as the server lets them, however alive they are.

use sinew::testing::{Closed, ErrorCode};
use tokio::time::Instant;

use super::*;

const ONCE: &str = "/test.v1.Talk/Once";
const UP: &str = "/test.v1.Talk/Up";

const MINUTE: Duration = Duration::from_secs(60);

fn serving(server: Server) -> (Conn, Arc<Recorder>) {
    let (mut conn, recorder) = serving_one(server.add(patient().skeleton()));
    conn.within(100 * MINUTE);
    (conn, recorder)
}

async fn is_served(conn: &mut Conn) {
    let stream = conn.unary(ONCE, said("x")).await.unwrap();
    assert_eq!(conn.reply_on(stream).await.unwrap().status(), Some(0));
}

/// The connection stays open for so long, and pings are answered.
async fn lives(conn: &mut Conn, time: Duration) {
    let closed = tokio::time::timeout(time, conn.closed()).await;
    assert!(closed.is_err(), "{closed:?}");
}

/// The connection is ended well, and nothing but this reason is told of it.
async fn is_ended(conn: &mut Conn, recorder: &Recorder, reason: &'static str) {
    let closing = conn.closed().await.unwrap();
    assert_eq!(closing.how, Closed::Eof);
    assert_eq!(closing.code, Some(ErrorCode::NoError), "{}", conn.log());
    assert_eq!(recorder.told_to_end(reason), 1);
}

/// Pings are answered meanwhile, and do not help.
#[tokio::test(start_paused = true)]
async fn a_first_call_is_waited_for_so_long() {
    for (server, within) in [
        (Server::new(), 2 * MINUTE),
        (Server::new().first_call_timeout(MINUTE), MINUTE),
    ] {
        let start = Instant::now();
        let (mut conn, recorder) = serving(server);
        conn.handshake().await.unwrap();
        lives(&mut conn, within - Duration::from_secs(1)).await;
        is_ended(&mut conn, &recorder, "no_call").await;
        assert_eq!(start.elapsed().as_secs(), within.as_secs());
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_first_call_there_is_no_hurry_nor_where_it_is_not_asked_for() {
    let (mut called, _) = serving(Server::new());
    called.handshake().await.unwrap();
    is_served(&mut called).await;
    let (mut silent, _) = serving(Server::new().without_first_call_timeout());
    silent.handshake().await.unwrap();
    tokio::join!(
        lives(&mut called, 60 * MINUTE),
        lives(&mut silent, 60 * MINUTE)
    );
    is_served(&mut called).await;
    is_served(&mut silent).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_ended_and_one_with_calls_is_not() {
    let (mut conn, recorder) = serving(Server::new().max_connection_idle(MINUTE));
    conn.handshake().await.unwrap();
    // A call now and then, whether or not it has a task of its own.
    for _ in 0..20 {
        is_served(&mut conn).await;
        lives(&mut conn, MINUTE * 3 / 4).await;
    }
    // A stream that says nothing is a call, too.
    let stream = conn.request(UP).await.unwrap();
    lives(&mut conn, 10 * MINUTE).await;
    conn.reset(stream, ErrorCode::Cancel).await.unwrap();
    let since = Instant::now();
    is_ended(&mut conn, &recorder, "idle").await;
    let idle = since.elapsed().as_secs_f64() / MINUTE.as_secs_f64();
    assert!((0.9..1.1 * 18.0 / 16.0).contains(&idle), "{idle}");
}
