use std::time::Duration;

use prost::Message as _;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, Timestamp,
};

use super::*;
use crate::call::policy::{Criticality, Delay, Hedge, Retry, Routing};
use crate::call::{Code, Method};

#[derive(Clone, PartialEq, prost::Message)]
struct ByHand {}

#[derive(Clone, PartialEq, prost::Message)]
struct Away {}

impl prost::Name for Away {
    const PACKAGE: &'static str = "shop.v1";
    const NAME: &'static str = "Away";
}

static GET: Method<Timestamp, Timestamp> = Method::unary("/shop.v1.Clock/Get")
    .idempotency(Idempotency::Safe)
    .max_request_bytes(4096)
    .retry(
        Retry::new()
            .max_attempts(3)
            .initial_backoff(Duration::from_micros(5))
            .codes(&[Code::Unavailable]),
    )
    .hash_key("seconds", |time: &Timestamp| {
        crate::KeyHash::of(&time.seconds)
    })
    .criticality(Criticality::Sheddable)
    .by_service()
    .timeout(Duration::from_millis(1500));

static WATCH: Method<Timestamp, Timestamp> = Method::bidi("/shop.v1.Clock/Watch")
    .idle_timeout(Duration::from_nanos(2_500))
    .by_service()
    .timeout(Duration::from_millis(1500));

static FIND: Method<Timestamp, Timestamp> = Method::unary("/shop.v1.Clock/Find")
    .max_request_bytes(64)
    .routing(
        Routing::new(&[("seconds", "{second=**}"), ("nanos", "")]),
        |_, _| None,
    );

static CLOCK: ServiceSpec =
    ServiceSpec::new("shop.v1.Clock", &[GET.spec(), WATCH.spec(), FIND.spec()]);

fn set() -> Vec<u8> {
    let seconds = FieldDescriptorProto {
        name: Some("seconds".to_owned()),
        ..FieldDescriptorProto::default()
    };
    let stamp = DescriptorProto {
        name: Some("Timestamp".to_owned()),
        field: vec![seconds],
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("google/protobuf/timestamp.proto".to_owned()),
        package: Some("google.protobuf".to_owned()),
        message_type: vec![stamp],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

fn rpc(name: &str, request: Message, reply: Message) -> Rpc<'_> {
    Rpc {
        name,
        docs: "",
        request,
        reply,
        errors: Vec::new,
    }
}

fn of_clock() -> [Rpc<'static>; 3] {
    let stamp = Probe::<Timestamp>::message();
    ["Get", "Watch", "Find"].map(|name| rpc(name, stamp, stamp))
}

const TEXT: &str = r#"syntax = "proto3";

package shop.v1;

import "google/api/routing.proto";
import "google/protobuf/timestamp.proto";
import "sinew/options.proto";

service Clock {
  option (sinew.service) = {
    timeout: "1500ms"
  };
  rpc Get(.google.protobuf.Timestamp) returns (.google.protobuf.Timestamp) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (sinew.method) = {
      max_request_bytes: 4096
      retry: { max_attempts: 3, initial_backoff: "5us", codes: ["UNAVAILABLE"] }
      hash_key: "seconds"
      criticality: SHEDDABLE
    };
  }
  rpc Watch(stream .google.protobuf.Timestamp) returns (stream .google.protobuf.Timestamp) {
    option (sinew.method) = {
      idle_timeout: "2.500us"
    };
  }
  rpc Find(.google.protobuf.Timestamp) returns (.google.protobuf.Timestamp) {
    option (google.api.routing) = {
      routing_parameters: { field: "seconds", path_template: "{second=**}" }
      routing_parameters: { field: "nanos" }
    };
    option (sinew.method) = {
      max_request_bytes: 64
    };
  }
}
"#;

#[test]
fn a_service_is_exported_as_text() {
    let text = export(&CLOCK, "", &of_clock(), &[&set()]).expect("all is declared");
    assert_eq!(text, TEXT);
}

#[test]
fn comments_stand_above_what_they_are_of() {
    let [mut get, watch, find] = of_clock();
    let long = "long ".repeat(10_000);
    let docs = format!("Gets.\n\n  It is {long}\r\n*/ /* //\n");
    get.docs = &docs;
    let text = export(&CLOCK, "A clock.", &[get, watch, find], &[&set()]).expect("all is declared");
    let get = format!(
        "  // Gets.\n  //\n  //   It is {}\n  // */ /* //\n  rpc Get(",
        long.trim_end()
    );
    let want = TEXT
        .replace("service Clock", "// A clock.\nservice Clock")
        .replace("  rpc Get(", &get);
    assert_eq!(text, want);
}

#[test]
fn what_is_exported_compiles() {
    let text = export(&CLOCK, "", &of_clock(), &[&set()]).expect("all is declared");
    let root = std::env::temp_dir().join(format!("sinew-export-{}", std::process::id()));
    std::fs::create_dir_all(&root).expect("a folder for the file");
    let file = root.join("clock.proto");
    std::fs::write(&file, text).expect("the file is written");
    let compiled = sinew_idl_proto::compile(&sinew_idl_proto::Sources {
        roots: vec![root.clone()],
        files: vec![file],
    });
    std::fs::remove_dir_all(&root).expect("the folder is removed");
    let Ok(compiled) = compiled else {
        panic!("{:?}", compiled.err());
    };
    let find = &compiled.schema.services[0].methods[2].policy;
    let key = format!("{:?}", find.hash_key);
    assert!(key.starts_with("Some(Routing("), "{key}");
    let service = compiled.pool.get_service_by_name("shop.v1.Clock");
    let service = service.expect("the service is there");
    let methods: Vec<_> = service
        .methods()
        .map(|m| {
            (
                m.full_name().to_owned(),
                m.is_client_streaming(),
                m.is_server_streaming(),
            )
        })
        .collect();
    let want: Vec<_> = CLOCK
        .methods()
        .iter()
        .map(|m| {
            (
                m.to_string().replace('/', "."),
                m.shape().client_streams(),
                m.shape().server_streams(),
            )
        })
        .collect();
    assert_eq!(methods, want);
}

#[test]
fn each_message_that_lacks_something_is_named() {
    let (away, by_hand) = (Probe::<Away>::message(), Probe::<ByHand>::message());
    let error =
        export(&CLOCK, "", &[rpc("Get", by_hand, away)], &[]).expect_err("nothing is declared");
    assert_eq!(
        error.to_string(),
        "shop.v1.Clock/Get: `sinew::export::tests::ByHand` has no full name (`prost::Name`), and so no descriptor; \
         declare it in a `.proto` file\n\
         shop.v1.Clock/Get: `sinew::export::tests::Away` is in none of the descriptor sets; pass the \
         `DESCRIPTORS` of its package\n\
         shop.v1.Clock/Watch: its request and its reply were not given\n\
         shop.v1.Clock/Find: its request and its reply were not given"
    );
    let error = export(&CLOCK, "", &of_clock(), &[b"\xff"]).expect_err("the set is none");
    assert!(matches!(error, ExportError::Descriptors(_)), "{error}");
}

#[test]
fn a_hedge_and_declared_errors_are_options_too() {
    static PUT: Method<Timestamp, Timestamp> = Method::unary("/Clock/Put")
        .idempotency(Idempotency::Idempotent)
        .hedge(Hedge::new().max_attempts(2).delay(Delay::Quantile(95)))
        .errors(&[("google.protobuf.Timestamp", Code::NotFound)]);
    static SPEC: ServiceSpec = ServiceSpec::new("Clock", &[PUT.spec()]);
    let stamp = Message::named::<Timestamp>();
    let text = export(&SPEC, "", &[rpc("Put", stamp, stamp)], &[&set()]).expect("all is declared");
    let want = "    option idempotency_level = IDEMPOTENT;
    option (sinew.method) = {
      hedge: { max_attempts: 2, delay: \"p95\" }
      errors: { type: \"google.protobuf.Timestamp\", code: \"NOT_FOUND\" }
    };
";
    assert!(text.contains(want) && !text.contains("package"), "{text}");
}

#[test]
fn messages_that_come_with_every_compiler_need_no_set() {
    static PUT: Method<(), String> = Method::unary("/Clock/Put");
    static SPEC: ServiceSpec = ServiceSpec::new("Clock", &[PUT.spec()]);
    let (empty, text) = (Probe::<()>::message(), Probe::<String>::message());
    let text = export(&SPEC, "", &[rpc("Put", empty, text)], &[]).expect("all is known");
    let want = "syntax = \"proto3\";

import \"google/protobuf/empty.proto\";
import \"google/protobuf/wrappers.proto\";

service Clock {
  rpc Put(.google.protobuf.Empty) returns (.google.protobuf.StringValue);
}
";
    assert_eq!(text, want);
}
