//! Servers by hand, as foreign ones are: whom a client asks for load, and whose reports it takes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use tokio::io::DuplexStream;
use tokio::time::advance;

use super::*;
use crate::call::{LoadReport, RawCall, wire};
use crate::transport::NotProbed;
use crate::transport::reported::Reported;

/// A server that answers each call as it is told, one after the other.
struct Server(h2::server::Connection<DuplexStream, Bytes>);

/// A client of it, and where its reports go.
async fn connected() -> (Connection, Server, Arc<Reported>) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let settings = ClientSettings::for_test(true);
    let reported = Arc::clone(&settings.reported);
    let (client, server) = tokio::join!(handshake(near, settings), h2::server::handshake(far));
    let Ok((connection, driver)) = client else {
        panic!("it speaks HTTP/2");
    };
    reported.renew();
    tokio::spawn(driver);
    (connection, Server(server.unwrap()), reported)
}

/// What stands in the trailers of a reply beside its status.
fn trailers(report: Option<&[u8]>) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    wire::ok_to_trailers(&mut trailers);
    if let Some(report) = report {
        trailers.insert(&wire::LOAD_REPORT, wire::encode_bin(report));
    }
    trailers
}

impl Server {
    /// Answers one call with these trailers, and says whether the client has asked for the load.
    async fn answer(&mut self, connection: &Connection, is_ours: bool, end: HeaderMap) -> bool {
        let mut call = RawCall::new("/t.S/M", vec![]);
        let Ok(slot) = connection.try_reserve() else {
            panic!("there is a stream");
        };
        let reply = tokio::spawn(async move { slot.send(&mut call).await });
        let (request, mut respond) = self.0.accept().await.unwrap().unwrap();
        let mut head = Response::new(());
        let headers = head.headers_mut();
        headers.insert(header::CONTENT_TYPE, wire::APPLICATION_GRPC.clone());
        if is_ours {
            headers.insert(&wire::PINGS, HeaderValue::from_static("1"));
        }
        let mut stream = respond.send_response(head, false).unwrap();
        let message = Bytes::from_static(&[0, 0, 0, 0, 0]);
        stream.send_data(message, false).unwrap();
        stream.send_trailers(end).unwrap();
        tokio::select! {
            _ = self.0.accept() => panic!("no other call is sent"),
            reply = reply => assert!(reply.unwrap().unwrap().trailers().is_empty()),
        }
        request.headers().contains_key(&wire::ASKS_LOAD)
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_may_be_ours_is_asked_until_a_report_is_here() {
    let (connection, mut server, reported) = connected().await;
    let ours = LoadReport {
        epoch: 1,
        ..LoadReport::default()
    };
    let ours = ours.encode();
    for (step, report, ms, asked) in [
        (1, None, 0, true),
        (2, Some(&ours[..]), 0, true),
        (3, None, 0, false),
        (4, None, 10, true),
        (5, Some(&ours[..]), 0, true),
        (6, None, 9, false),
    ] {
        advance(Duration::from_millis(ms)).await;
        let asks = server.answer(&connection, step == 1, trailers(report));
        assert_eq!(asks.await, asked, "call {step}");
    }
    assert_eq!(reported.version(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_server_is_asked_once_and_its_reports_are_read_all_the_same() {
    let (connection, mut server, reported) = connected().await;
    assert!(server.answer(&connection, false, trailers(None)).await);
    // cpu_utilization 0.5, rps_fractional 100.
    let foreign = [
        &[0x09][..],
        &0.5f64.to_le_bytes(),
        &[0x31],
        &100f64.to_le_bytes(),
    ]
    .concat();
    let end = trailers(Some(&foreign));
    assert!(!server.answer(&connection, false, end).await);
    let (report, _) = reported.latest().unwrap();
    let expected = LoadReport {
        utilization: Some(0.5),
        qps: 100.0,
        service_time: Duration::from_millis(5),
        ..LoadReport::default()
    };
    assert_eq!(report, expected);
    assert!(!reported.is_ours());
    // What is no report changes nothing.
    let end = trailers(Some(&[0xff; 40]));
    assert!(!server.answer(&connection, false, end).await);
    assert_eq!(reported.version(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_of_ours_in_anothers_place_is_known_by_its_reports() {
    let (connection, mut server, reported) = connected().await;
    let ours = LoadReport {
        epoch: 1,
        ..LoadReport::default()
    };
    let end = trailers(Some(&ours.encode()));
    assert!(server.answer(&connection, false, end).await);
    assert!(reported.is_ours());
    advance(Duration::from_millis(10)).await;
    assert!(server.answer(&connection, false, trailers(None)).await);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_answered_by_something_else_has_failed() {
    let (connection, mut server, reported) = connected().await;
    let probe = tokio::spawn(connection.probe());
    let (request, mut respond) = server.0.accept().await.unwrap().unwrap();
    assert_eq!(request.uri().path(), "/sinew.Load/Probe");
    assert!(request.body().is_end_stream());
    let mut head = Response::new(());
    *head.headers_mut() = trailers(None);
    let headers = head.headers_mut();
    headers.insert(header::CONTENT_TYPE, wire::APPLICATION_GRPC.clone());
    respond.send_response(head, true).unwrap();
    let probed = tokio::select! {
        _ = server.0.accept() => panic!("nothing else is sent"),
        probed = probe => probed.unwrap(),
    };
    assert!(matches!(probed, Err(NotProbed::Failed(_))), "{probed:?}");
    assert_eq!(reported.version(), 0);
}
