use std::error::Error as _;
use std::io;
use std::mem::size_of;

use http::HeaderMap;
use http::header::HeaderValue;

use super::*;
use crate::call::details::{BadRequest, ErrorInfo, RetryInfo};

fn headers(value: &'static str) -> Metadata {
    let mut headers = HeaderMap::new();
    headers.insert("x-peer", HeaderValue::from_static(value));
    Metadata::from_headers(headers)
}

fn of_a_call() -> Status {
    Status::unavailable("no endpoint answers")
        .with_source(io::Error::other("refused"))
        .with_detail(ErrorInfo::new("DOWN", "shop"))
        .with_method("/shop.v1.Cart/AddLine")
        .with_endpoint("http://10.0.0.7:50051")
        .with_attempts(3)
        .with_elapsed(Duration::from_millis(212))
        .with_metadata(headers("head"))
        .with_trailers(headers("tail"))
}

#[test]
fn a_status_is_one_word() {
    assert_eq!(size_of::<Status>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Status>>(), size_of::<usize>());
}

#[test]
fn display_shows_what_is_known() {
    let base = || Status::unavailable("m");
    let ms = Duration::from_millis;
    for (status, expected) in [
        (Status::aborted(""), "ABORTED"),
        (base(), "UNAVAILABLE: m"),
        (base().with_method("/a.B/C"), "a.B/C: UNAVAILABLE: m"),
        (base().with_method("a.B/C"), "a.B/C: UNAVAILABLE: m"),
        (
            base().with_endpoint("http://e"),
            "UNAVAILABLE: m (endpoint http://e)",
        ),
        (base().with_attempts(1), "UNAVAILABLE: m (after 1 attempt)"),
        (base().with_elapsed(ms(5)), "UNAVAILABLE: m (after 5 ms)"),
        (
            base().with_attempts(2).with_elapsed(ms(5)),
            "UNAVAILABLE: m (after 2 attempts in 5 ms)",
        ),
        (
            base().with_elapsed(Duration::from_micros(80)),
            "UNAVAILABLE: m (after 80 µs)",
        ),
        (
            of_a_call(),
            "shop.v1.Cart/AddLine: UNAVAILABLE: no endpoint answers \
             (endpoint http://10.0.0.7:50051, after 3 attempts in 212 ms)",
        ),
    ] {
        assert_eq!(status.to_string(), expected);
    }
}

#[test]
fn debug_is_short_and_shows_the_source() {
    let shown = format!("{:?}", Status::internal("disk full").into_final());
    assert_eq!(
        shown,
        r#"Status(INTERNAL: internal error; final; source: "disk full")"#
    );
}

#[test]
fn internal_keeps_its_source_here() {
    let result: Result<(), io::Error> = Err(io::Error::other("disk full"));
    let status = result.map_err(Status::internal).unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, "internal error")
    );
    assert!(!status.to_string().contains("disk"));
    let source = status
        .source()
        .unwrap()
        .downcast_ref::<io::Error>()
        .unwrap();
    assert_eq!(source.to_string(), "disk full");
    assert!(status.clone().source().is_some());
}

#[test]
fn a_failure_is_never_ok() {
    assert_eq!(Status::new(Code::Ok, "m").code(), Code::Unknown);
}

#[test]
fn a_status_of_a_call_goes_on_final_and_without_its_local_part() {
    let status = of_a_call().for_caller();
    assert_eq!(status.to_string(), "UNAVAILABLE: no endpoint answers");
    assert_eq!(status.detail::<ErrorInfo>().unwrap().reason, "DOWN");
    assert!(status.is_final());
    assert!(status.metadata().is_empty() && status.trailers().is_empty());
    assert_eq!(
        (status.attempts(), status.elapsed(), status.endpoint()),
        (0, None, None)
    );
    assert!(status.source().is_some(), "the log may still want it");
}

#[test]
fn a_status_of_the_handler_goes_on_as_it_is() {
    let status = Status::not_found("no cart 7").for_caller();
    assert!(!status.is_final());
    assert!(Status::aborted("").into_final().for_caller().is_final());
}

#[test]
fn local_parts_can_be_read() {
    let status = of_a_call();
    assert_eq!(status.method(), Some("shop.v1.Cart/AddLine"));
    assert_eq!(status.metadata().get("x-peer"), Some("head"));
    assert_eq!(status.trailers().get("x-peer"), Some("tail"));
}

#[test]
fn details_keep_their_order_and_are_found_by_type() {
    let unknown = Any {
        type_url: "type.example.com/shop.Secret".into(),
        value: vec![0xff],
    };
    let broken = Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".into(),
        value: vec![0xff],
    };
    let status = Status::invalid_argument("m")
        .with_details(vec![unknown.clone(), broken.clone()])
        .with_detail(BadRequest::violation("a", "why").and("b", "too"))
        .with_detail(RetryInfo::after(Duration::from_millis(1500)));
    assert_eq!(status.details()[..2], [unknown, broken]);
    assert_eq!(
        status
            .detail::<BadRequest>()
            .unwrap()
            .field_violations
            .len(),
        2
    );
    let delay = status.detail::<RetryInfo>().unwrap().delay();
    assert_eq!(
        delay,
        Some(Duration::from_millis(1500)),
        "the one before does not decode"
    );
    assert!(status.detail::<ErrorInfo>().is_none());
}

#[test]
fn a_detail_is_found_under_any_prefix() {
    let mut any = crate::call::details::pack(&ErrorInfo::new("R", "d").with("k", "v"));
    any.type_url = "google.rpc.ErrorInfo".into();
    let status = Status::unknown("").with_details(vec![any]);
    assert_eq!(status.detail::<ErrorInfo>().unwrap().metadata["k"], "v");
}

#[test]
fn invalid_metadata_is_internal_and_names_the_key() {
    let invalid = Metadata::new().try_insert("grpc-x", "v").unwrap_err();
    let status = Status::from(invalid);
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains(r#""grpc-x""#), "{status}");
}

#[test]
fn a_status_goes_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Status>();
    check::<Metadata>();
}
