//! Servers that go, hang or hold back, at each stage of a call: it fails with a status that says so, within its
//! deadline, and nothing is left of it.

use sinew::testing::{Direction, ErrorCode, Fields, Frame, Proxy, Setting};
use sinew::{Code, Status};
use tokio::time::Instant;

use super::*;

/// How far a call has come when its server does something to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connected,
    Requested,
    Head,
    HalfAMessage,
    Message,
}

const STAGES: [Stage; 5] = [
    Stage::Connected,
    Stage::Requested,
    Stage::Head,
    Stage::HalfAMessage,
    Stage::Message,
];

/// How a server goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Eof,
    Abort,
    GoAwayAndEof,
}

/// Serves a call up to a stage.
async fn up_to(stage: Stage, conn: &mut Conn) {
    if stage == Stage::Connected {
        return;
    }
    conn.handshake().await.unwrap();
    let stream = conn.next_request().await.unwrap().stream;
    let message = Frame::message(stream, said("hello"), false);
    if stage != Stage::Requested {
        conn.send_head(stream).await.unwrap();
    }
    match stage {
        Stage::HalfAMessage => {
            let half = message.payload.slice(..7);
            conn.send(Frame::data(stream, half, false)).await.unwrap();
        }
        Stage::Message => conn.send(message).await.unwrap(),
        Stage::Connected | Stage::Requested | Stage::Head => {}
    }
    if stage != Stage::Requested {
        // The client has read it.
        conn.ping().await.unwrap();
    }
}

/// A call of each shape, to its end.
async fn call(talk: &talk::Client, shape: usize, within: Duration) -> Result<(), Status> {
    match shape {
        0 => talk.once(Say::new("hi", 0)).timeout(within).await.map(drop),
        1 => {
            let mut heard = talk.down(Say::new("hi", 0)).timeout(within).await?;
            while heard.next().await?.is_some() {}
            Ok(())
        }
        2 => {
            let (mut out, reply) = talk.up().timeout(within).await?;
            // What became of it comes with the reply.
            let _ = out.send(Say::new("hi", 0)).await;
            out.finish();
            reply.await.map(drop)
        }
        _ => {
            let (mut out, mut heard) = talk.both().timeout(within).await?;
            let _ = out.send(Say::new("hi", 0)).await;
            while heard.next().await?.is_some() {}
            Ok(())
        }
    }
}

/// Waits until no task but the test's own is left.
async fn nothing_is_left() {
    let metrics = tokio::runtime::Handle::current().metrics();
    let gone = async {
        while metrics.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(ANSWERED_WITHIN, gone).await;
    assert!(gone.is_ok(), "{} tasks are left", metrics.num_alive_tasks());
}

#[tokio::test]
async fn a_server_that_goes_is_unavailable_at_each_stage() {
    for stage in STAGES {
        for end in [End::Eof, End::Abort, End::GoAwayAndEof] {
            for shape in 0..4 {
                let (peer, talk) = facing().await;
                let script = async {
                    let mut conn = peer.accept_silent().await.unwrap();
                    if stage == Stage::Connected && end != End::Abort {
                        // One that hangs up may have been about to end: the third in a row is a failure.
                        for _ in 0..2 {
                            conn.eof().await.unwrap();
                            conn = peer.accept_silent().await.unwrap();
                        }
                    }
                    up_to(stage, &mut conn).await;
                    match end {
                        End::Abort => {
                            conn.abort();
                            return None;
                        }
                        End::GoAwayAndEof if stage != Stage::Connected => {
                            // It may have been processed.
                            conn.go_away(1, ErrorCode::InternalError).await.unwrap();
                        }
                        End::GoAwayAndEof | End::Eof => {}
                    }
                    conn.eof().await.unwrap();
                    Some(conn)
                };
                let (result, conn) = tokio::join!(call(&talk, shape, ANSWERED_WITHIN), script);
                let status = result.unwrap_err();
                let context = format!("{stage:?}, {end:?}, shape {shape}: {status}");
                assert_eq!(status.code(), Code::Unavailable, "{context}");
                assert!(context.contains(&peer.url()), "{context}");
                if stage != Stage::Connected && shape == 0 {
                    is_answered(&peer, None, &talk).await;
                }
                drop((conn, talk));
                nothing_is_left().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_costs_no_more_than_the_deadline() {
    const WITHIN: Duration = Duration::from_secs(3);
    for stage in STAGES {
        for shape in 0..4 {
            let (mut servers, talk) = piped();
            let start = Instant::now();
            let script = async {
                let mut conn = Conn::server(servers.next().await);
                up_to(stage, &mut conn).await;
                conn.half_open()
            };
            let (result, open) = tokio::join!(call(&talk, shape, WITHIN), script);
            let status = result.unwrap_err();
            let context = format!("{stage:?}, shape {shape}: {status}");
            assert_eq!(status.code(), Code::DeadlineExceeded, "{context}");
            assert_eq!(start.elapsed(), WITHIN, "{context}");
            drop(talk);
            nothing_is_left().await;
            drop(open);
        }
    }
}

/// A server that takes nothing more, with more on its way to it than the socket holds: what nobody waits for any more
/// is not sent for ever, whether or not anybody is pinged.
#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_with_a_full_socket_is_left_in_time() {
    const LEFT: Duration = Duration::from_secs(7);
    for keep_alive in [true, false] {
        let (mut servers, talk) = piped_by(|builder| match keep_alive {
            true => builder,
            false => builder.without_keep_alive(),
        });
        let large = talk.once(Say::new(&"x".repeat(1 << 20), 0));
        let called = large.timeout(Duration::from_secs(1));
        let script = async {
            let mut conn = Conn::server(servers.next().await);
            conn.handshake().await.unwrap();
            conn.half_open()
        };
        let (result, open) = tokio::join!(called, script);
        assert_eq!(result.unwrap_err().code(), Code::DeadlineExceeded);
        let since = Instant::now();
        drop(talk);
        let metrics = tokio::runtime::Handle::current().metrics();
        while metrics.num_alive_tasks() > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let took = since.elapsed();
            assert!(took < LEFT, "keep-alive {keep_alive}: {took:?}");
        }
        drop(open);
    }
}

/// Servers that open no window, or allow no stream.
#[tokio::test(start_paused = true)]
async fn a_server_that_holds_back_costs_no_more_than_the_deadline() {
    const WITHIN: Duration = Duration::from_secs(3);
    for setting in [Setting::InitialWindowSize, Setting::MaxConcurrentStreams] {
        for shape in 0..4 {
            let (mut servers, talk) = piped();
            let start = Instant::now();
            let script = async {
                let mut conn = Conn::server(servers.next().await);
                conn.handshake_with(&[(setting, 0)]).await.unwrap();
                conn
            };
            let (result, conn) = tokio::join!(call(&talk, shape, WITHIN), script);
            let status = result.unwrap_err();
            let context = format!("{setting:?}, shape {shape}: {status}");
            assert_eq!(status.code(), Code::DeadlineExceeded, "{context}");
            assert_eq!(start.elapsed(), WITHIN, "{context}");
            drop(talk);
            nothing_is_left().await;
            drop(conn);
        }
    }
}

/// A head in drops: what comes within the deadline counts, and nothing waits longer.
#[tokio::test(start_paused = true)]
async fn a_server_that_answers_in_drops_has_until_the_deadline() {
    let head = Frame::headers(1, &Fields::response().with("grpc-status", "7"), true).encode();
    let needed = Duration::from_secs(head.len() as u64);
    for (within, code) in [
        (needed + Duration::from_secs(1), Code::PermissionDenied),
        (needed / 2, Code::DeadlineExceeded),
    ] {
        let (mut servers, talk) = piped();
        let start = Instant::now();
        let script = async {
            let mut conn = Conn::server(servers.next().await);
            conn.handshake().await.unwrap();
            conn.next_request().await.unwrap();
            conn.drip(&head, 1, Duration::from_secs(1)).await
        };
        let called = async {
            let status = call(&talk, 0, within).await.unwrap_err();
            (status.code(), start.elapsed())
        };
        let ((said, took), sent) = tokio::join!(called, script);
        assert_eq!((said, sent), (code, head.len()));
        assert!(took <= within, "{took:?}");
    }
}

/// The same from the network between, for a server that does its part.
#[tokio::test]
async fn a_network_that_fails_is_told_from_one_that_is_slow() {
    let victim = Victim::new().await;
    let proxy = Proxy::to(victim.addr).await.unwrap();
    let talk = talk::Client::new(Channel::to(&proxy.url()).unwrap());
    let once = |within| {
        talk.once(Say::new("x", 1))
            .timeout(Duration::from_millis(within))
    };
    once(5000).await.unwrap();
    for direction in [Direction::ToServer, Direction::ToClient] {
        proxy.black_hole_one_way(direction);
        assert_eq!(once(40).await.unwrap_err().code(), Code::DeadlineExceeded);
        proxy.pass().await.unwrap();
        once(5000).await.unwrap();
    }
    proxy.slow(20_000, Duration::from_millis(30));
    let start = Instant::now();
    once(5000).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert_eq!(proxy.accepted(), 1);
    for reset in [false, true] {
        proxy.pass().await.unwrap();
        once(5000).wait_for_ready().await.unwrap();
        proxy.black_hole();
        let call = tokio::spawn(once(5000));
        let up = proxy.bytes(Direction::ToServer);
        tokio::task::yield_now().await;
        if reset {
            proxy.reset().await
        } else {
            proxy.cut().await
        }
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
        assert_eq!(once(5000).await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(proxy.bytes(Direction::ToServer), up);
    }
}
