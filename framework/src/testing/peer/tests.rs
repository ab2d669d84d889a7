//! The scripted peer against itself, in both roles, and against sockets that end in every way.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::*;
use crate::testing::{ErrorCode, Fields, Frame, FrameKind, Setting};

/// Both ends of a connection whose handshake is over.
async fn pair() -> (Conn, Conn) {
    let (near, far) = duplex(1 << 16);
    let (mut client, mut server) = (Conn::client(near), Conn::server(far));
    let (a, b) = tokio::join!(client.handshake(), server.handshake());
    a.unwrap();
    b.unwrap();
    (client, server)
}

#[tokio::test(start_paused = true)]
async fn a_call_passes_from_one_script_to_the_other() {
    let (mut client, mut server) = pair().await;
    let stream = client.request("/a.B/C").await.unwrap();
    client.send_message(stream, "one").await.unwrap();
    client.send_message(stream, "two").await.unwrap();
    client.finish(stream).await.unwrap();
    let request = server.next_request().await.unwrap();
    assert_eq!(
        (&*request.path(), request.stream, request.end),
        ("/a.B/C", 1, false)
    );
    for message in [Some("one"), Some("two"), None] {
        let came = server.next_message(stream).await.unwrap();
        assert_eq!(came.as_deref(), message.map(str::as_bytes));
    }
    server.reply(stream, "three").await.unwrap();
    let reply = client.reply_on(stream).await.unwrap();
    assert_eq!((reply.http_status(), reply.status()), (Some(200), Some(0)));
    assert_eq!(reply.body, &b"\0\0\0\0\x05three"[..]);
    assert_eq!(reply.end, ReplyEnd::Finished);
    assert_eq!(client.request("/next").await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_for_waits() {
    let (mut client, mut server) = pair().await;
    let first = client.unary("/first", "1").await.unwrap();
    let second = client.unary("/second", "2").await.unwrap();
    // A PING overtakes nothing: all of it has come before.
    let (pinged, asked) = tokio::join!(
        client.ping(),
        server.wait_for("a PING", |event| { matches!(event, Event::Ping(_)) })
    );
    asked.unwrap();
    pinged.unwrap_err();
    for (path, stream, message) in [("/first", first, "1"), ("/second", second, "2")] {
        assert_eq!(server.next_request().await.unwrap().path(), path);
        let came = server.next_message(stream).await.unwrap().unwrap();
        assert_eq!(came, message);
    }
}

#[tokio::test(start_paused = true)]
async fn a_script_that_waits_in_vain_says_for_what_and_what_it_saw() {
    let (mut client, mut server) = pair().await;
    server.within(Duration::from_secs(3));
    client.request("/seen").await.unwrap();
    server.next_request().await.unwrap();
    let start = tokio::time::Instant::now();
    let failed = server.next_request().await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    for says in [
        "waited 3s for a request",
        "< HEADERS on stream 1",
        "> SETTINGS",
    ] {
        assert!(format!("{failed:?}").contains(says), "{failed}");
    }
    let failed = server.next_message(1).await.unwrap_err();
    assert!(
        failed.to_string().contains("a message on stream 1"),
        "{failed}"
    );
    client.reset(1, ErrorCode::Cancel).await.unwrap();
    let failed = server.next_message(1).await.unwrap_err();
    assert!(
        failed.to_string().contains("it was reset, Cancel"),
        "{failed}"
    );
    client.go_away(0, ErrorCode::EnhanceYourCalm).await.unwrap();
    client.eof().await.unwrap();
    let failed = server.next_request().await.unwrap_err();
    assert!(
        failed.to_string().contains("the peer closed its half"),
        "{failed}"
    );
    let closing = server.closed().await.unwrap();
    assert_eq!(
        (closing.how, closing.code),
        (Closed::Eof, Some(ErrorCode::EnhanceYourCalm))
    );
    let failed = client.send(Frame::ping([0; 8])).await.unwrap_err();
    assert!(
        failed.to_string().contains("our half is closed"),
        "{failed}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_once_for_each_who_asks() {
    let (mut client, mut server) = pair().await;
    let stream = client.request("/x").await.unwrap();
    server.next_request().await.unwrap();
    server.send_head(stream).await.unwrap();
    server.send_message(stream, "half").await.unwrap();
    server.eof().await.unwrap();
    let reply = client.reply_on(stream).await.unwrap();
    assert_eq!(reply.end, ReplyEnd::Closed(Closed::Eof));
    assert_eq!((reply.body.len(), reply.trailers), (9, None));
    let last = loop {
        let event = client.next().await.unwrap();
        if matches!(event, Event::Closed(_)) {
            break event;
        }
    };
    assert_eq!(client.next().await.unwrap(), last);
}

#[tokio::test(start_paused = true)]
async fn a_flood_ends_when_the_peer_takes_no_more() {
    let (mut client, mut server) = pair().await;
    let ping = || Frame::ping([0; 8]);
    let flood = std::iter::repeat_with(ping).take(10_000);
    let flood = tokio::spawn(async move { (client.flood(flood).await, client) });
    for _ in 0..10_000 {
        server
            .wait_for("a PING", |event| matches!(event, Event::Ping(_)))
            .await
            .unwrap();
    }
    let (flood, mut client) = flood.await.unwrap();
    assert_eq!(
        flood,
        Flood {
            frames: 10_000,
            end: FloodEnd::All
        }
    );
    // Nobody reads.
    let flood = client.flood(std::iter::repeat_with(ping)).await;
    assert_eq!(flood.end, FloodEnd::Stalled);
    assert!((3000..20_000).contains(&flood.frames), "{flood:?}");
    drop(server);
    assert_eq!(
        client.flood(std::iter::repeat_with(ping)).await.end,
        FloodEnd::Closed
    );
}

#[tokio::test(start_paused = true)]
async fn a_drip_takes_its_time_and_ends_with_the_connection() {
    let (near, mut far) = duplex(1 << 16);
    let mut conn = Conn::client(near);
    let start = tokio::time::Instant::now();
    assert_eq!(conn.drip([7; 10], 3, Duration::from_secs(1)).await, 10);
    assert_eq!(start.elapsed(), Duration::from_secs(4));
    let mut came = [0; 10];
    far.read_exact(&mut came).await.unwrap();
    let drip = tokio::spawn(async move { conn.drip([7; 10], 1, Duration::from_secs(1)).await });
    far.read_exact(&mut came[..4]).await.unwrap();
    drop(far);
    assert_eq!(drip.await.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_script_may_leave_everything_to_itself() {
    let (mut near, far) = duplex(1 << 16);
    let mut server = Conn::server(far);
    server.answers(false).reads(false);
    near.write_all(b"anything").await.unwrap();
    server.raw("half a frame").await.unwrap();
    server
        .send(Frame::new(FrameKind::Unknown(0xff), 0, 1, Bytes::new()))
        .await
        .unwrap();
    let mut came = [0; 21];
    near.read_exact(&mut came).await.unwrap();
    assert_eq!(&came[12..], b"\0\0\0\xff\0\0\0\0\x01");
    server.reads(true);
    let failed = server.next().await.unwrap_err();
    assert!(
        failed
            .to_string()
            .contains("did not begin with the preface"),
        "{failed}"
    );
}

#[tokio::test]
async fn sockets_end_in_every_way() {
    let peer = Peer::listen().await.unwrap();
    let (client, server) = tokio::join!(Peer::connect(peer.addr()), peer.accept());
    let (mut client, server) = (client.unwrap(), server.unwrap());
    server.abort();
    let closing = client.closed().await.unwrap();
    assert_eq!(closing.how, Closed::Broken(io::ErrorKind::ConnectionReset));

    let (client, server) = tokio::join!(Peer::connect(peer.addr()), peer.accept());
    let (mut client, server) = (client.unwrap(), server.unwrap());
    let open = server.half_open();
    client.within(Duration::from_millis(20));
    client.ping().await.unwrap_err();
    client.closed().await.unwrap_err();
    client.within(Duration::from_secs(10));
    drop(open);
    client.closed().await.unwrap();

    drop(peer);
    assert!(Peer::connect(client_addr()).await.is_err());
}

/// Where nobody listens.
fn client_addr() -> SocketAddr {
    ([127, 0, 0, 1], 1).into()
}

#[tokio::test]
async fn what_h2_sends_is_read() {
    let (near, far) = duplex(1 << 20);
    let mut server = Conn::server(far);
    let settings = [
        (Setting::HeaderTableSize, 100),
        (Setting::InitialWindowSize, 1 << 20),
    ];
    let client = tokio::spawn(async move {
        let (mut sender, driver) = h2::client::handshake(near).await.unwrap();
        let driver = tokio::spawn(driver);
        for n in 0..50_u32 {
            let request = http::Request::post(format!("http://x/{n}"))
                .header("x-same", "the same each time")
                .header("x-other", "z".repeat(n as usize))
                .header(
                    "x-bytes",
                    http::HeaderValue::from_bytes(&[0xff, b'a', 0xe4]).unwrap(),
                );
            let (reply, mut body) = sender
                .send_request(request.body(()).unwrap(), false)
                .unwrap();
            body.send_data(Bytes::from(vec![7; 40_000]), true).unwrap();
            let reply = reply.await.unwrap();
            assert_eq!(reply.headers()["x-n"], n.to_string());
            sender = sender.ready().await.unwrap();
        }
        drop(sender);
        driver.await.unwrap().unwrap();
    });
    server.handshake_with(&settings).await.unwrap();
    server.send(Frame::window_update(0, 1 << 30)).await.unwrap();
    for n in 0..50_u32 {
        let request = server.next_request().await.unwrap();
        assert_eq!(request.path(), format!("/{n}"));
        assert_eq!(request.fields.get("x-same").unwrap(), "the same each time");
        assert_eq!(request.fields.get("x-other").unwrap().len(), n as usize);
        assert_eq!(
            request.fields.bytes("x-bytes"),
            Some(&[0xff, b'a', 0xe4][..])
        );
        let mut len = 0;
        let mut ended = false;
        while !ended {
            let of_stream = |event: &Event| matches!(event, Event::Data { .. });
            if let Event::Data { data, end, .. } = server.wait_for("DATA", of_stream).await.unwrap()
            {
                len += data.len();
                ended = end;
            }
        }
        assert_eq!(len, 40_000);
        let head = Fields::response().with("x-n", n.to_string());
        server
            .send(Frame::headers(request.stream, &head, true))
            .await
            .unwrap();
    }
    server.closed().await.unwrap();
    client.await.unwrap();
}
