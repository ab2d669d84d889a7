//! Peers that are not ours, played in bare HTTP/2: what they may send and ours does not.

use bytes::Bytes;
use h2::server::SendResponse;
use http::Response;
use sinew::{Channel, Code};
use tokio::net::TcpListener;

use crate::talk::{Say, talk};

/// A client of a peer that answers each call with `answer`.
async fn peer(answer: impl Fn(SendResponse<Bytes>) + Send + 'static) -> talk::Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(io).await.unwrap();
        while let Some(Ok((_, respond))) = connection.accept().await {
            answer(respond);
        }
    });
    talk::Client::new(Channel::to(&url).unwrap())
}

/// A reply that is only a head.
fn only_head(code: &'static str) -> impl Fn(SendResponse<Bytes>) + Send + 'static {
    move |mut respond| {
        let head = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", code)
            .header("x-tail", "behind");
        respond.send_response(head.body(()).unwrap(), true).unwrap();
    }
}

#[tokio::test]
async fn a_stream_may_end_with_its_head() {
    let talk = peer(only_head("0")).await;
    let (out, mut heard) = talk.both().await.unwrap();
    out.finish();
    assert_eq!(heard.next().await.unwrap(), None);
    assert_eq!(heard.trailers().get("x-tail"), Some("behind"));

    let mut heard = talk.down(Say::new("n", 1)).await.unwrap();
    assert_eq!(heard.headers().await.unwrap().get("x-tail"), Some("behind"));
    assert_eq!(heard.next().await.unwrap(), None);

    let talk = peer(only_head("5")).await;
    let mut heard = talk.down(Say::new("n", 1)).await.unwrap();
    assert_eq!(heard.next().await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn one_reply_may_not_end_with_its_head() {
    let talk = peer(only_head("0")).await;
    let status = talk.once(Say::new("n", 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal, "{status}");

    let (out, reply) = talk.up().await.unwrap();
    out.finish();
    assert_eq!(reply.await.unwrap_err().code(), Code::Internal);
}

#[tokio::test]
async fn a_head_that_says_ok_does_not_end_a_stream_that_goes_on() {
    let talk = peer(|mut respond| {
        let head = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", "0");
        let mut body = respond
            .send_response(head.body(()).unwrap(), false)
            .unwrap();
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", http::HeaderValue::from_static("15"));
        body.send_trailers(trailers).unwrap();
    })
    .await;
    let mut heard = talk.down(Say::new("n", 1)).await.unwrap();
    assert_eq!(heard.next().await.unwrap_err().code(), Code::DataLoss);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_that_overtakes_the_request_counts() {
    // The peer refuses as soon as it sees the head, and lets the stream go: now and then before our message is sent.
    let talk = peer(only_head("12")).await;
    for n in 0..2000 {
        let status = talk.once(Say::new("n", n)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "call {n}: {status}");
    }
    for n in 0..2000 {
        let mut heard = talk.down(Say::new("n", n)).await.unwrap();
        let status = heard.next().await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "stream {n}: {status}");
    }
}
