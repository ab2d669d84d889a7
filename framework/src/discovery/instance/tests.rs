//! Records, read and written.

use proptest::prelude::*;

use super::*;

/// A record with every field that the design of records has.
const FULL: &str = r#"{"Addr":"10.0.0.7:9000","Metadata":{"v":"1","id":"01JD","slot":"order-3",
    "svc":"shop.Order,shop.Cart","state":"draining","weight":"250","zone":"sz-a","host":"order.internal",
    "region":"sz","node":"h12","version":"1.4.2","inc":"1795379991"}}"#;

#[test]
fn a_record_is_read_with_all_that_it_says() {
    let instance = Instance::from_json(FULL).unwrap();
    let target: Target = "http://10.0.0.7:9000".parse().unwrap();
    let same = Instance::new(target)
        .with_id("01JD")
        .with_slot("order-3")
        .with_services(["shop.Order", "shop.Cart"])
        .with_state(InstanceState::Draining)
        .with_weight(250)
        .with_zone("sz-a")
        .with_host("order.internal")
        .with_incarnation(1_795_379_991)
        .with_extra("region", "sz")
        .with_extra("node", "h12")
        .with_extra("version", "1.4.2");
    assert_eq!(instance, same);
    assert_eq!(Instance::from_json(&instance.to_json()).unwrap(), instance);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        id in ".{1,20}", slot in prop::option::of(".{1,20}"), zone in prop::option::of(".{1,20}"),
        services in prop::collection::vec("[a-z.]{1,20}", 0..4), weight in 1..=LARGEST_WEIGHT, incarnation: u64,
        state in prop::sample::select(&InstanceState::ALL[..]),
        extra in prop::collection::btree_map("[a-zA-Z ]{0,9}", ".{0,20}", 0..4),
    ) {
        let mut instance = Instance::new("http://a:1".parse().unwrap())
            .with_id(id)
            .with_services(services)
            .with_weight(weight)
            .with_incarnation(incarnation)
            .with_state(state);
        instance.slot = slot;
        instance.zone = zone;
        for (name, value) in extra {
            instance = instance.with_extra(name, value);
        }
        // What speaks TLS is another URL.
        instance.extra.remove("tls");
        prop_assert_eq!(Instance::from_json(&instance.to_json()).unwrap(), instance);
    }
}

#[test]
fn what_a_record_leaves_out_is_filled_in() {
    for text in [
        r#"{"Addr":"[::1]:9000"}"#,
        r#"{"Op":0,"Addr":"[::1]:9000","Metadata":null}"#,
        r#"{"Addr":"http://[::1]:9000","Metadata":{"weight":"","id":null,"tags":["a"],"n":{"b":1}}}"#,
    ] {
        let instance = Instance::from_json(text).unwrap();
        assert_eq!(instance.id(), "[::1]:9000", "{text}");
        assert_eq!(instance.slot(), "[::1]:9000");
        assert_eq!(instance.weight(), NORMAL_WEIGHT);
        assert_eq!(instance.state(), InstanceState::Ready);
        assert!(instance.services().is_empty());
    }
    let unix = Instance::from_json(r#"{"Addr":"unix:/run/a.sock"}"#).unwrap();
    assert_eq!(unix.slot(), "unix:/run/a.sock");
}

#[test]
fn an_address_with_tls_says_so_beside_it() {
    let text = r#"{"Addr":"a.example:9000","Metadata":{"tls":"spiffe://a"}}"#;
    if cfg!(feature = "tls") {
        let instance = Instance::from_json(text).unwrap();
        assert_eq!(instance.target().to_string(), "https://a.example:9000");
        assert!(instance.to_json().contains(r#""tls":"spiffe://a""#));
        let ours = Instance::new("https://a.example:9000".parse().unwrap());
        assert!(ours.to_json().starts_with(r#"{"Addr":"a.example:9000""#));
        assert!(ours.to_json().contains(r#""tls":"yes""#));
    } else {
        let why = Instance::from_json(text).unwrap_err().to_string();
        assert!(why.contains("TLS is not built in"), "{why}");
    }
}

#[test]
fn a_wrong_record_is_refused_with_what_and_where() {
    let of = |metadata: &str| format!(r#"{{"Addr":"a:1","Metadata":{metadata}}}"#);
    for (text, why) in [
        (String::new(), "byte 0: expected a value"),
        (
            r#"{"Addr":"a:1","Meta"#.into(),
            "byte 19: expected a closing quote",
        ),
        ("[]".into(), "it is no object"),
        ("{}".into(), r#"the field "Addr" is missing"#),
        (
            r#"{"Addr":7}"#.into(),
            r#"the field "Addr" is a number, and has to be a text"#,
        ),
        (of("[]"), r#"the field "Metadata" is no object"#),
        (
            of(r#"{"id":{}}"#),
            r#"the field "id" is an object, and has to be a text"#,
        ),
        (
            of(r#"{"weight":100}"#),
            r#"the field "weight" is a number, and has to be a text"#,
        ),
        (
            of(r#"{"weight":"0"}"#),
            r#"the field "weight" is "0", and has to be a number from 1 to 1000"#,
        ),
        (
            of(r#"{"weight":"1001"}"#),
            r#"the field "weight" is "1001", and has to be a number from 1 to 1000"#,
        ),
        (
            of(r#"{"inc":"-1"}"#),
            r#"the field "inc" is "-1", which is no number"#,
        ),
        (
            of(r#"{"v":"2"}"#),
            r#"the field "v" is "2", and only "1" is known here"#,
        ),
        (
            of(r#"{"state":"dead"}"#),
            r#"the field "state" is "dead", and has to be starting, warming, ready or draining"#,
        ),
    ] {
        let error = Instance::from_json(&text).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("invalid record of an instance: {why}"),
            "{text}"
        );
    }
    let port = Instance::from_json(r#"{"Addr":"a:0"}"#)
        .unwrap_err()
        .to_string();
    assert!(
        port.contains(r#"the field "Addr" is wrong: invalid target"#),
        "{port}"
    );
    let long = of(&format!(r#"{{"x":"{}"}}"#, "x".repeat(LONGEST_RECORD)));
    let long = Instance::from_json(&long).unwrap_err().to_string();
    assert!(long.contains("4096 at most"), "{long}");
}
