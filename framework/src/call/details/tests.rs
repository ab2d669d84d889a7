use prost::Message as _;

use super::*;

/// A field of wire type 2 (text, message) under the number `tag`.
fn field(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut bytes = vec![tag << 3 | 2, u8::try_from(content.len()).unwrap()];
    bytes.extend(content);
    bytes
}

#[test]
fn every_detail_has_the_bytes_of_its_message_in_google_rpc() {
    let entry = [field(1, "k"), field(2, "v")].concat();
    let localized = LocalizedMessage::new("en", "hi");
    let quota = QuotaViolation {
        subject: "s".into(),
        description: "d".into(),
        api_service: "a".into(),
        quota_metric: "m".into(),
        quota_id: "i".into(),
        quota_dimensions: [("k".into(), "v".into())].into(),
        quota_value: 9,
        future_quota_value: Some(0),
    };
    let wrong = FieldViolation {
        field: "f".into(),
        description: "d".into(),
        reason: "R".into(),
        localized_message: Some(localized.clone()),
    };
    let resource = ResourceInfo {
        owner: "o".into(),
        description: "d".into(),
        ..ResourceInfo::new("t", "n")
    };
    let debug = DebugInfo {
        stack_entries: vec!["a".into(), "b".into()],
        detail: "d".into(),
    };
    let request = RequestInfo {
        request_id: "7".into(),
        serving_data: "x".into(),
    };
    let localized_bytes = [field(1, "en"), field(2, "hi")].concat();
    let quota_bytes = [
        field(1, "s"),
        field(2, "d"),
        field(3, "a"),
        field(4, "m"),
        field(5, "i"),
        field(6, &entry),
        vec![7 << 3, 9, 8 << 3, 0],
    ];
    let wrong_bytes = [
        field(1, "f"),
        field(2, "d"),
        field(3, "R"),
        field(4, &localized_bytes),
    ]
    .concat();
    for (any, name, bytes) in [
        (
            pack(&ErrorInfo::new("R", "d").with("k", "v")),
            "ErrorInfo",
            [field(1, "R"), field(2, "d"), field(3, &entry)].concat(),
        ),
        (
            pack(&RetryInfo::after(Duration::new(2, 5))),
            "RetryInfo",
            field(1, [1 << 3, 2, 2 << 3, 5]),
        ),
        (
            pack(&debug),
            "DebugInfo",
            [field(1, "a"), field(1, "b"), field(2, "d")].concat(),
        ),
        (
            pack(&QuotaFailure {
                violations: vec![quota],
            }),
            "QuotaFailure",
            field(1, quota_bytes.concat()),
        ),
        (
            pack(&PreconditionFailure::violation("t", "s", "d").and("u", "", "")),
            "PreconditionFailure",
            [
                field(1, [field(1, "t"), field(2, "s"), field(3, "d")].concat()),
                field(1, field(1, "u")),
            ]
            .concat(),
        ),
        (
            pack(&BadRequest {
                field_violations: vec![wrong],
            }),
            "BadRequest",
            field(1, wrong_bytes),
        ),
        (
            pack(&request),
            "RequestInfo",
            [field(1, "7"), field(2, "x")].concat(),
        ),
        (
            pack(&resource),
            "ResourceInfo",
            [field(1, "t"), field(2, "n"), field(3, "o"), field(4, "d")].concat(),
        ),
        (
            pack(&Help::link("d", "u")),
            "Help",
            field(1, [field(1, "d"), field(2, "u")].concat()),
        ),
        (pack(&localized), "LocalizedMessage", localized_bytes),
    ] {
        assert_eq!(
            any.type_url,
            format!("type.googleapis.com/google.rpc.{name}")
        );
        assert_eq!(any.value, bytes, "{name}");
    }
}

#[test]
fn helpers_add_up() {
    let bad = BadRequest::violation("a", "x").and("b", "y");
    let fields: Vec<_> = bad
        .field_violations
        .iter()
        .map(|v| v.field.as_str())
        .collect();
    assert_eq!(fields, ["a", "b"]);
    let quota = QuotaFailure::violation("a", "x").and("b", "y");
    assert_eq!(quota.violations.len(), 2);
    assert_eq!(
        QuotaFailure::decode(quota.encode_to_vec().as_slice()),
        Ok(quota)
    );
}

#[test]
fn a_delay_is_read_when_it_is_one() {
    let delay = |seconds, nanos| {
        RetryInfo {
            retry_delay: Some(prost_types::Duration { seconds, nanos }),
        }
        .delay()
    };
    assert_eq!(delay(1, 500_000_000), Some(Duration::from_millis(1_500)));
    assert_eq!(delay(-1, 0), None);
    assert_eq!(delay(0, -1), None);
    assert_eq!(delay(0, 1_000_000_000), None);
    assert_eq!(delay(i64::MAX, i32::MAX), None);
    assert_eq!(delay(i64::MIN, i32::MIN), None);
    assert_eq!(RetryInfo::default().delay(), None);
    assert!(RetryInfo::after(Duration::MAX).delay() >= Some(Duration::from_secs(i64::MAX as u64)));
}

#[test]
fn only_a_detail_of_the_type_is_unpacked() {
    let any = pack(&Help::link("d", "u"));
    assert!(unpack::<Help>(&any).is_some());
    assert!(unpack::<LocalizedMessage>(&any).is_none());
    assert!(
        unpack::<Help>(&Any {
            type_url: "x/not.google.rpc.Help".into(),
            ..any
        })
        .is_none()
    );
}

#[test]
fn a_message_with_a_name_is_a_detail() {
    #[derive(Clone, PartialEq, prost::Message)]
    struct SoldOut {
        #[prost(uint32, tag = "1")]
        left: u32,
    }

    impl prost::Name for SoldOut {
        const PACKAGE: &'static str = "shop.v1";
        const NAME: &'static str = "SoldOut";
    }

    let any = pack(&SoldOut { left: 3 });
    assert_eq!(any.type_url, "type.googleapis.com/shop.v1.SoldOut");
    assert_eq!(unpack(&any), Some(SoldOut { left: 3 }));
    assert_eq!(unpack::<RetryInfo>(&any), None);
    let now = prost_types::Timestamp::default();
    assert_eq!(unpack(&pack(&now)), Some(now));
}
