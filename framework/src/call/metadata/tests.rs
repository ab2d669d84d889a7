use http::header::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    headers
}

#[test]
fn text_is_set_read_added_and_removed_in_any_case() {
    let mut metadata = Metadata::new();
    metadata.insert("X-Tenant", "acme");
    metadata.append("x-tenant", String::from("bell"));
    metadata.insert("x-count", 7);
    assert_eq!(metadata.get("x-TENANT"), Some("acme"));
    assert_eq!(
        metadata.get_all("x-tenant").collect::<Vec<_>>(),
        ["acme", "bell"]
    );
    assert_eq!(metadata.get("x-count"), Some("7"));
    assert_eq!(metadata.len(), 3);

    metadata.insert("x-tenant", "one");
    assert_eq!(metadata.get_all("x-tenant").collect::<Vec<_>>(), ["one"]);
    assert!(metadata.remove("x-tenant"));
    assert!(!metadata.remove("x-tenant"));
    assert!(!metadata.contains("x-tenant"));
    assert!(metadata.invalid().is_none());
}

#[test]
fn bytes_are_read_padded_unpadded_and_joined() {
    for (value, expected) in [
        ("", vec![&b""[..]]),
        ("AQI", vec![&[1, 2]]),
        ("AQI=", vec![&[1, 2]]),
        ("AQI=,AQ , AQID", vec![&[1, 2], &[1], &[1, 2, 3]]),
        ("AQI,*,AQ", vec![&[1, 2], &[1]]),
        ("*", vec![]),
    ] {
        let metadata = Metadata::from_headers(headers(&[("x-bin", value)]));
        let all: Vec<_> = metadata.get_all_bin("x-bin").collect();
        assert_eq!(all, expected, "{value:?}");
        assert_eq!(metadata.get_bin("X-Bin"), all.first().cloned(), "{value:?}");
        let iterated: Vec<_> = metadata.iter().map(|(_, value)| value).collect();
        let expected: Vec<_> = all.into_iter().map(MetadataValue::Binary).collect();
        assert_eq!(iterated, expected, "{value:?}");
        assert_eq!(metadata.is_empty(), expected.is_empty());
    }
}

#[test]
fn text_and_bytes_do_not_mix() {
    let metadata = Metadata::from_headers(headers(&[("x-bin", "AQI"), ("x", "AQI")]));
    assert_eq!(metadata.get("x-bin"), None);
    assert_eq!(metadata.get_bin("x"), None);
}

#[test]
fn what_cannot_be_sent_names_the_key_and_changes_nothing() {
    use InvalidMetadataReason::*;
    for (key, value, reason) in [
        ("", "v", Key),
        ("two words", "v", Key),
        ("ü", "v", Key),
        (":path", "/", Reserved),
        ("grpc-timeout", "1S", Reserved),
        ("Grpc-Status", "0", Reserved),
        ("grpc-trace-bin", "v", Reserved),
        ("x-sinew-final", "1", Reserved),
        ("TE", "trailers", Reserved),
        ("content-type", "text/plain", Reserved),
        ("connection", "close", Reserved),
        ("host", "example.com", Reserved),
        ("x-bin", "v", BinaryKey),
        ("x", "tab\there", Value),
        ("x", "line\nbreak", Value),
        ("x", "grün", Value),
    ] {
        let mut metadata = Metadata::new();
        let error = metadata.try_insert(key, value).unwrap_err();
        assert_eq!((error.key(), error.reason()), (key, reason));
        assert!(error.to_string().contains(&format!("{key:?}")), "{error}");
        assert!(metadata.invalid().is_none() && metadata.is_empty());

        metadata.insert(key, value);
        metadata.append("another one", "v");
        assert_eq!(metadata.invalid(), Some(&error), "the first one is kept");
        assert_eq!(metadata.write_to(&mut HeaderMap::new()), Err(error));
    }
    let error = Metadata::new().try_insert_bin("x", [1]).unwrap_err();
    assert_eq!(error.reason(), AsciiKey);
}

#[test]
fn a_user_agent_may_be_set() {
    let mut metadata = Metadata::new();
    assert_eq!(metadata.try_insert("user-agent", "lab/1"), Ok(()));
}

#[test]
fn values_are_bounded() {
    let mut metadata = Metadata::new();
    for _ in 0..MAX_VALUES {
        metadata.append("x", "v");
    }
    assert!(metadata.invalid().is_none());
    metadata.append("x", "v");
    assert_eq!(
        metadata.invalid().unwrap().reason(),
        InvalidMetadataReason::TooMany
    );
    assert_eq!(metadata.len(), MAX_VALUES);

    let mut full = HeaderMap::new();
    full.append("y", HeaderValue::from_static("v"));
    let metadata = Metadata::from_headers(metadata.into_headers());
    let error = metadata.write_to(&mut full).unwrap_err();
    assert_eq!(error.reason(), InvalidMetadataReason::TooMany);
}

#[test]
fn a_value_can_be_replaced_when_it_is_full() {
    let mut metadata = Metadata::new();
    for n in 0..MAX_VALUES {
        metadata.insert(&format!("x{n}"), "v");
    }
    metadata.insert("x0", "w");
    assert_eq!(metadata.get("x0"), Some("w"));
    assert!(metadata.try_insert("one-more", "v").is_err());
    assert!(metadata.invalid().is_none());
}

#[test]
fn names_of_the_protocol_are_hidden_and_not_written() {
    let metadata = Metadata::from_headers(headers(&[
        ("content-type", "application/grpc"),
        ("grpc-status", "0"),
        ("grpc-status-details-bin", "AQI"),
        ("x-sinew-final", "1"),
        ("x-room", "blue"),
    ]));
    assert_eq!(
        metadata.iter().collect::<Vec<_>>(),
        [("x-room", MetadataValue::Ascii("blue"))]
    );
    assert_eq!(metadata.get("grpc-status"), None);
    assert_eq!(metadata.get("Content-Type"), None);
    assert_eq!(metadata.get_bin("grpc-status-details-bin"), None);
    assert!(!metadata.contains("grpc-status"));
    assert_eq!(metadata.headers().len(), 5);

    let mut out = headers(&[("x-room", "red")]);
    metadata.write_to(&mut out).unwrap();
    assert_eq!(out, headers(&[("x-room", "red"), ("x-room", "blue")]));
}

#[test]
fn nothing_of_the_protocol_can_be_removed() {
    let both = headers(&[("grpc-status", "0"), ("x-room", "blue")]);
    let mut metadata = Metadata::from_headers(both);
    assert!(!metadata.remove("grpc-status"));
    assert_eq!(metadata.headers().len(), 2);
}

#[test]
fn a_few_headers_that_are_all_the_protocols_are_not_kept() {
    let metadata = Metadata::from_headers(headers(&[("grpc-status", "0"), ("te", "trailers")]));
    assert!(metadata.is_empty());
    assert!(metadata.headers().is_empty());
}

#[test]
fn debug_shows_no_credentials_and_no_bytes() {
    let mut metadata = Metadata::new();
    metadata.insert("authorization", "Bearer open-sesame");
    metadata.insert("cookie", "open-sesame");
    metadata.insert("x-auth-token", "open-sesame");
    metadata.insert_bin("x-secret-bin", "open-sesame");
    metadata.insert_bin("x-digest-bin", [1, 2, 3]);
    metadata.insert("x-room", "blue");
    metadata.insert("te", "open-sesame");
    let shown = format!("{metadata:?}");
    assert!(!shown.contains("sesame"), "{shown}");
    assert!(shown.contains(r#""x-digest-bin": <3 bytes>"#), "{shown}");
    assert!(shown.contains(r#""x-room": "blue""#), "{shown}");
    assert!(shown.contains(r#"metadata "te" cannot be sent"#), "{shown}");
}

proptest! {
    #[test]
    fn bytes_come_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 1..4)) {
        let mut metadata = Metadata::new();
        for value in &values {
            metadata.append_bin("x-bin", value);
        }
        let mut sent = HeaderMap::new();
        metadata.write_to(&mut sent).unwrap();
        let received = Metadata::from_headers(sent);
        prop_assert_eq!(received.get_all_bin("x-bin").collect::<Vec<_>>(), values);
        prop_assert_eq!(received.len(), metadata.len());
    }

    #[test]
    fn nothing_that_is_set_panics_or_is_half_taken(key in "\\PC{0,12}", value in any::<String>()) {
        let mut metadata = Metadata::new();
        metadata.insert(&key, &value);
        let taken = metadata.get(&key) == Some(value.as_str());
        prop_assert_eq!(taken, metadata.invalid().is_none());
        metadata.append_bin(&key, &value);
        let _ = (metadata.get_bin(&key), metadata.remove(&key), format!("{metadata:?}"));
    }

    #[test]
    fn nothing_that_a_peer_sends_panics(
        pairs in prop::collection::vec(("[a-z-]{1,6}(-bin)?", prop::collection::vec(32u8..=255, 0..20)), 0..6)
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in &pairs {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
            }
        }
        let metadata = Metadata::from_headers(headers);
        for (name, _) in &pairs {
            let _ = (metadata.get(name), metadata.get_bin(name), metadata.contains(name));
        }
        let _ = format!("{metadata:?} {}", metadata.len());
    }
}

#[test]
fn empty_metadata_does_not_allocate() {
    assert_eq!(Metadata::new().headers().capacity(), 0);
}
