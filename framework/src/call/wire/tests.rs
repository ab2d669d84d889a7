use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;
use prost::Message as _;
use prost_types::Any;

use super::status::RpcStatus;
use super::*;
use crate::call::code::Code;
use crate::call::details::BadRequest;
use crate::call::report::LoadReport;
use crate::call::status::Status;

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap()
}

#[test]
fn a_timeout_is_written_with_three_digits_in_the_finest_unit_that_holds_them() {
    let s = Duration::from_secs;
    for (timeout, expected) in [
        (Duration::ZERO, "0n"),
        (Duration::from_nanos(1), "1n"),
        (Duration::from_nanos(99_999_999), "99900000n"),
        (Duration::from_nanos(100_000_999), "100000u"),
        (Duration::from_millis(250), "250000u"),
        (s(10), "10000000u"),
        (s(10) - Duration::from_micros(7), "9990000u"),
        (s(10) - Duration::from_millis(9), "9990000u"),
        (s(99) + Duration::from_micros(999_999), "99900000u"),
        (s(100), "100000m"),
        (s(99_999), "99900000m"),
        (s(100_000), "100000S"),
        (s(99_999_999), "99900000S"),
        (s(100_000_000), "1666666M"),
        (s(99_999_999 * 60 + 59), "99833333M"),
        (s(99_999_999 * 60 + 60), "1666666H"),
        (Duration::MAX, "99999999H"),
    ] {
        assert_eq!(timeout_to_header(timeout), expected, "{timeout:?}");
    }
}

#[test]
fn a_timeout_is_read_in_every_unit() {
    for (text, expected) in [
        ("0n", Duration::ZERO),
        ("00000001n", Duration::from_nanos(1)),
        ("7u", Duration::from_micros(7)),
        ("99999999m", Duration::from_millis(99_999_999)),
        ("3S", Duration::from_secs(3)),
        ("2M", Duration::from_secs(120)),
        ("99999999H", Duration::from_secs(99_999_999 * 3_600)),
    ] {
        assert_eq!(timeout_from_header(&value(text)), Ok(expected), "{text}");
    }
    for text in [
        "",
        "n",
        "1",
        "1s",
        "-1S",
        "+1S",
        "1.5S",
        " 1S",
        "1S ",
        "100000000n",
        "1é",
    ] {
        assert_eq!(
            timeout_from_header(&value(text)),
            Err(super::timeout::InvalidTimeout),
            "{text:?}"
        );
    }
}

#[test]
fn a_message_is_percent_encoded_as_grpc_asks() {
    for (text, encoded) in [
        ("", ""),
        ("plain text: ~!", "plain text: ~!"),
        ("100%", "100%25"),
        ("\t\r\n\u{7f}", "%09%0D%0A%7F"),
        ("☺ 😈", "%E2%98%BA %F0%9F%98%88"),
    ] {
        assert_eq!(encode_message(text), encoded);
        assert_eq!(decode_message(&value(encoded)), text);
    }
}

#[test]
fn a_message_that_is_not_well_encoded_is_kept() {
    for (came, text) in [
        ("50% off", "50% off"),
        ("%", "%"),
        ("%G0%2", "%G0%2"),
        ("%FF", "\u{fffd}"),
    ] {
        assert_eq!(decode_message(&value(came)), text);
    }
}

#[test]
fn a_long_message_is_cut_at_a_character() {
    for (text, kept) in [
        ("x".repeat(9_000), 8_192),
        ("é".repeat(3_000), 2 * 1_365),
        ("%".repeat(3_000), 2_730),
    ] {
        let encoded = encode_message(&text);
        assert!(encoded.len() <= message::MAX_MESSAGE);
        assert_eq!(decode_message(&encoded), text[..kept]);
    }
    let fits = "x".repeat(8_192);
    assert_eq!(encode_message(&fits), fits.as_str());
}

#[test]
fn trailers_say_how_a_call_ended() {
    // grpc-status, grpc-message, what is read
    for (code, message, expected) in [
        (None, None, "nothing"),
        (None, Some("no status"), "nothing"),
        (Some("0"), Some("ignored"), "ok"),
        (Some("5"), None, "NOT_FOUND"),
        (Some("5"), Some("no%20cart"), "NOT_FOUND: no cart"),
        (
            Some("17"),
            Some("m"),
            r#"UNKNOWN: the peer sent grpc-status "17", which is no code: m"#,
        ),
        (
            Some(""),
            None,
            r#"UNKNOWN: the peer sent grpc-status "", which is no code: "#,
        ),
    ] {
        let mut trailers = HeaderMap::new();
        code.map(|code| trailers.insert(&GRPC_STATUS, value(code)));
        message.map(|message| trailers.insert(&GRPC_MESSAGE, value(message)));
        let read = match status_from_trailers(&trailers) {
            None => "nothing".to_owned(),
            Some(Ok(())) => "ok".to_owned(),
            Some(Err(status)) => status.to_string(),
        };
        assert_eq!(read, expected);
    }
}

#[test]
fn details_that_contradict_make_it_internal_and_broken_ones_are_left_out() {
    let details = |code, message: &str| {
        let details = vec![Any {
            type_url: "x/y".into(),
            value: vec![1],
        }];
        encode_bin(
            &RpcStatus {
                code,
                message: message.into(),
                details,
            }
            .encode_to_vec(),
        )
    };
    for (bin, code, message, count) in [
        (details(5, "full"), Code::NotFound, "full", 1),
        (details(5, ""), Code::NotFound, "short", 1),
        (value("*not base64*"), Code::NotFound, "short", 0),
        (encode_bin(&[0xff; 4]), Code::NotFound, "short", 0),
        (
            details(3, "full"),
            Code::Internal,
            "the peer contradicts itself: grpc-status is NOT_FOUND with message \"short\", \
             grpc-status-details-bin has code 3 with message \"full\"",
            0,
        ),
    ] {
        let mut trailers = HeaderMap::new();
        trailers.insert(&GRPC_STATUS, value("5"));
        trailers.insert(&GRPC_MESSAGE, value("short"));
        trailers.insert(&GRPC_STATUS_DETAILS_BIN, bin);
        let status = status_from_trailers(&trailers).unwrap().unwrap_err();
        assert_eq!(
            (status.code(), status.message(), status.details().len()),
            (code, message, count)
        );
    }
}

#[test]
fn trailers_hold_the_wire_part_and_nothing_else() {
    let status = Status::internal("the password is 1234")
        .with_method("/shop.v1.Cart/Get")
        .with_endpoint("http://10.0.0.7:1")
        .with_attempts(3);
    let mut trailers = HeaderMap::new();
    status_to_trailers(&status, &mut trailers);
    let shown = format!("{trailers:?}");
    assert_eq!(trailers.len(), 2, "{shown}");
    assert_eq!(trailers[&GRPC_MESSAGE], "internal error");

    let mut trailers = HeaderMap::new();
    status_to_trailers(&Status::aborted("").into_final(), &mut trailers);
    assert_eq!(trailers.len(), 2);
    assert!(
        status_from_trailers(&trailers)
            .unwrap()
            .unwrap_err()
            .is_final()
    );
}

#[test]
fn http_statuses_map_as_in_grpc() {
    for (http, code) in [
        (400, Code::Internal),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (404, Code::Unimplemented),
        (429, Code::Unavailable),
        (502, Code::Unavailable),
        (503, Code::Unavailable),
        (504, Code::Unavailable),
        (200, Code::Unknown),
        (302, Code::Unknown),
        (500, Code::Unknown),
    ] {
        let status = status_from_http(StatusCode::from_u16(http).unwrap());
        assert_eq!(status.code(), code, "{http}");
        assert!(status.message().contains(&http.to_string()), "{status}");
        assert!(status.message().contains("not a gRPC server"), "{status}");
    }
}

#[test]
fn headers_that_the_peer_finds_too_large_exhaust_a_resource() {
    let status = status_from_http(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(status.code(), Code::ResourceExhausted);
    let says = "the peer refused the size of the headers";
    assert!(status.message().contains(says), "{status}");
}

#[test]
fn content_types_of_grpc() {
    for (text, expected) in [
        ("application/grpc", true),
        ("application/grpc+proto", true),
        ("application/grpc;charset=utf-8", true),
        ("Application/gRPC", true),
        ("application/grpc-web", false),
        ("application/grpcx", false),
        ("application/json", false),
        ("", false),
    ] {
        assert_eq!(is_grpc_content_type(&value(text)), expected, "{text:?}");
    }
}

proptest! {
    #[test]
    fn messages_come_back(text in any::<String>()) {
        prop_assert_eq!(decode_message(&encode_message(&text)), text);
    }

    #[test]
    fn timeouts_never_grow_and_lose_at_most_a_hundredth(
        secs in any::<u64>(),
        shift in 0u32..64,
        nanos in 0u32..1_000_000_000,
    ) {
        let timeout = Duration::new(secs >> shift, nanos);
        let header = timeout_to_header(timeout);
        let read = timeout_from_header(&header).unwrap();
        prop_assert!(read <= timeout);
        if timeout < Duration::from_secs(99_999_999 * 3_600) {
            // Three digits lose at most 1 in 100; eight of a coarser unit at most 1 in 10,000 more.
            prop_assert!((timeout - read).as_nanos() * 10_000 <= timeout.as_nanos() * 101);
        }
    }

    #[test]
    fn a_status_comes_back(
        number in 1i32..=16,
        message in any::<String>(),
        unknown in prop::collection::vec((any::<String>(), prop::collection::vec(any::<u8>(), 0..40)), 0..3),
        with_known in any::<bool>(),
        is_final in any::<bool>(),
    ) {
        let details = unknown.into_iter().map(|(type_url, value)| Any { type_url, value }).collect();
        let mut sent = Status::new(Code::from_i32(number), message).with_details(details);
        if with_known {
            sent = sent.with_detail(BadRequest::violation("f", "d"));
        }
        if is_final {
            sent = sent.into_final();
        }
        let mut trailers = HeaderMap::new();
        status_to_trailers(&sent, &mut trailers);
        let read = status_from_trailers(&trailers).unwrap().unwrap_err();
        prop_assert_eq!(read.code(), sent.code());
        prop_assert_eq!(read.message(), sent.message());
        prop_assert_eq!(read.details(), sent.details());
        prop_assert_eq!(read.is_final(), sent.is_final());
        if with_known {
            prop_assert_eq!(&read.details().last().unwrap().type_url, "type.googleapis.com/google.rpc.BadRequest");
        }
    }

    #[test]
    fn nothing_that_a_peer_sends_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        other in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut trailers = HeaderMap::new();
        for (name, bytes) in [(&GRPC_STATUS, &bytes), (&GRPC_MESSAGE, &other), (&GRPC_STATUS_DETAILS_BIN, &other)] {
            if let Ok(value) = HeaderValue::from_bytes(bytes) {
                trailers.insert(name, value);
            }
        }
        trailers.insert(&FINAL, encode_bin(&bytes));
        let _ = status_from_trailers(&trailers);
        trailers.insert(&GRPC_STATUS, HeaderValue::from_static("9"));
        trailers.insert(&GRPC_STATUS_DETAILS_BIN, encode_bin(&other));
        let _ = status_from_trailers(&trailers);
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let _ = (timeout_from_header(&value), is_grpc_content_type(&value), decode_message(&value));
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = (is_reserved(&text), is_binary(&text), is_secret(&text));
    }
}

#[test]
fn a_load_report_goes_beside_a_status_and_never_into_hpacks_table() {
    let report = LoadReport {
        in_flight: 3,
        epoch: 7,
        ..LoadReport::default()
    };
    let mut trailers = HeaderMap::new();
    ok_to_trailers(&mut trailers);
    assert_eq!(report_from_trailers(&trailers), None);
    report_to_trailers(&report, &mut trailers);
    assert!(trailers[&LOAD_REPORT].is_sensitive());
    assert_eq!(report_from_trailers(&trailers), Some(report));

    trailers.insert(&LOAD_REPORT, value("no base64!"));
    assert_eq!(report_from_trailers(&trailers), None);
}

#[test]
fn a_load_report_for_which_there_is_no_room_is_left_out() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-large", value(&"x".repeat(64 * 1024 - 400)));
    check_block(&trailers, REPLY_OWN).unwrap();
    let report = LoadReport {
        qps: 1.0,
        eps: 1.0,
        epoch: 1,
        ..LoadReport::default()
    };
    report_to_trailers(&report, &mut trailers);
    assert_eq!(trailers.len(), 1);
}
