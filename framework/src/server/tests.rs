//! What a call costs a server.

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;
use http_body::Body as _;

use super::*;
use crate::call::body::Body;
use crate::call::{Method, Peer, ServiceSpec};

static ONCE: Method<u64, u64> = Method::unary("/test.v1.Count/Once");
static SERVICE: ServiceSpec = ServiceSpec::new("test.v1.Count", &[ONCE.spec()]);

struct Count;

impl Dispatch for Count {
    fn spec(&self) -> &'static ServiceSpec {
        &SERVICE
    }

    fn dispatch(&self, _: usize, call: ServerCall) -> Handling {
        Box::pin(async move {
            let (cx, n) = call.unary(&ONCE).await?;
            cx.reply(&ONCE, Ok(n + 1))
        })
    }
}

#[test]
fn a_request_over_http_1_is_told_what_is_spoken() {
    let stack = Server::new().add(Skeleton::new(Count)).assemble().unwrap();
    let request = ::http::Request::post("/test.v1.Count/Once")
        .body(())
        .unwrap();
    let (head, ()) = request.into_parts();
    let refused = ingress::read(&stack, head, Body::empty(), Peer::default()).unwrap_err();
    let response = refused.response();
    assert_eq!(response.status(), 505);
    let message = response.headers()["grpc-message"].to_str().unwrap();
    assert!(message.contains("this server speaks gRPC"), "{message}");
    assert!(message.contains("HTTP/2"), "{message}");
}

#[test]
fn what_is_neither_grpc_nor_ours_is_not_found() {
    let stack = Server::new().add(Skeleton::new(Count)).assemble().unwrap();
    for (method, path, version, content_type, status) in [
        ("GET", "/favicon.ico", 1, "text/html", 404),
        ("POST", "/api/carts", 2, "application/json", 404),
        ("GET", "/test.v1.Count/Once", 2, "text/html", 405),
        ("POST", "/test.v1.Count/Once", 2, "application/json", 415),
        ("POST", "/elsewhere", 1, "application/grpc", 505),
    ] {
        let request = ::http::Request::builder()
            .method(method)
            .uri(path)
            .version(match version {
                1 => ::http::Version::HTTP_11,
                _ => ::http::Version::HTTP_2,
            })
            .header("content-type", content_type)
            .body(())
            .unwrap();
        let (head, ()) = request.into_parts();
        let refused = ingress::read(&stack, head, Body::empty(), Peer::default()).unwrap_err();
        assert_eq!(refused.response().status(), status, "{method} {path}");
    }
}

#[test]
fn a_few_services_are_named_and_the_others_counted() {
    struct Named(&'static ServiceSpec);

    impl Dispatch for Named {
        fn spec(&self) -> &'static ServiceSpec {
            self.0
        }

        fn dispatch(&self, _: usize, call: ServerCall) -> Handling {
            call.unknown_method()
        }
    }

    static NINE: [ServiceSpec; 9] = [
        ServiceSpec::new("t.A", &[]),
        ServiceSpec::new("t.B", &[]),
        ServiceSpec::new("t.C", &[]),
        ServiceSpec::new("t.D", &[]),
        ServiceSpec::new("t.E", &[]),
        ServiceSpec::new("t.F", &[]),
        ServiceSpec::new("t.G", &[]),
        ServiceSpec::new("t.H", &[]),
        ServiceSpec::new("t.I", &[]),
    ];
    for (services, end) in [
        (1, "; it has t.A"),
        (8, ", t.G, t.H"),
        (9, ", t.H and 1 more"),
    ] {
        let all = NINE[..services]
            .iter()
            .map(|spec| Skeleton::new(Named(spec)));
        let stack = Server::new().add(all).assemble().unwrap();
        let mut call = RawCall::new("/t.Z/M", "");
        let call = stack.routes.serve(&mut call);
        let Poll::Ready(Err(status)) = pin!(call).poll(&mut TaskContext::from_waker(Waker::noop()))
        else {
            panic!("it refuses at once");
        };
        assert!(status.message().ends_with(end), "{status}");
    }
}

#[tokio::test]
async fn a_unary_call_costs_at_most_twelve_allocations() {
    let stack = Arc::new(Server::new().add(Skeleton::new(Count)).assemble().unwrap());
    let request = ::http::Request::post("http://here/test.v1.Count/Once")
        .version(::http::Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "10S")
        .body(())
        .unwrap();
    let message = Bytes::from_static(&[0, 0, 0, 0, 3, 8, 172, 2]);
    let (head, ()) = request.into_parts();
    let mut frames = Vec::with_capacity(4);
    let cost = allocation_counter::measure(|| {
        let call = ingress::read(&stack, head, Body::whole(message), Peer::default());
        let mut cx = TaskContext::from_waker(Waker::noop());
        let response = pin!(http::respond(Arc::clone(&stack), call, false, None)).poll(&mut cx);
        let Poll::Ready(Ok(response)) = response else {
            panic!("it answers at once");
        };
        let mut body = pin!(response.into_body());
        while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
            frames.push(frame.unwrap());
        }
    });
    assert_eq!(
        frames[0].data_ref().unwrap().as_ref(),
        [0, 0, 0, 0, 3, 8, 173, 2]
    );
    assert_eq!(frames[1].trailers_ref().unwrap()["grpc-status"], "0");
    println!(
        "allocations of a unary call on the server: {}",
        cost.count_total
    );
    assert!(cost.count_total <= 12, "{} allocations", cost.count_total);
}
