//! What services need, as it comes out of both spellings, of annotations, and of what is inherited; the warnings.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

mod common;

use std::{path::Path, time::Duration};

use common::Folder;
use sinew_idl::{
    model::{Idempotency, Method},
    policy::{Criticality, Delay, HashKey, Policy, UserKey},
};
use sinew_idl_proto::{Compiled, Sources, compile, from_descriptor_set};

fn compiled(sources: &Sources) -> Compiled {
    compile(sources).unwrap_or_else(|found| panic!("{}", found.render()))
}

fn good(name: &str) -> Compiled {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/idl/good");
    compiled(&Sources {
        roots: vec![root.join(name)],
        files: vec!["a.proto".into()],
    })
}

fn written(text: &str) -> Compiled {
    let folder = Folder::with(&[("a.proto", text.as_bytes())]);
    compiled(&folder.sources(&["a.proto"]))
}

fn methods(compiled: &Compiled) -> &[Method] {
    let service = compiled.schema.services.first();
    service
        .map(|one| one.methods.as_slice())
        .expect("a service")
}

/// All values of a policy, without their places and without the package that they name.
fn values(policy: &Policy) -> String {
    let values = format!("{policy:?}");
    values
        .replace("policy.aggregate.", "")
        .replace("policy.paths.", "")
}

/// Fields, each with its template.
fn shown(key: &HashKey) -> String {
    let routing = match key {
        HashKey::Field(field) => return field.path.to_string(),
        HashKey::Routing(routing) => routing,
    };
    let parameters = routing.parameters.iter();
    let parameters = parameters.map(|one| match &one.template {
        Some(template) => format!("{} {template}", one.field),
        None => one.field.to_string(),
    });
    parameters.collect::<Vec<_>>().join(", ")
}

#[test]
fn both_spellings_say_the_same() {
    let (aggregate, paths) = (good("37_policy_aggregate"), good("37_policy_paths"));
    let rows = |compiled: &Compiled| {
        let service = compiled
            .schema
            .services
            .first()
            .expect("a service")
            .policy
            .clone();
        let methods = methods(compiled).iter();
        let methods = methods.map(|one| format!("{} {}", one.name.wire, values(&one.policy)));
        let mut rows: Vec<_> = methods.collect();
        rows.push(values(&service));
        rows
    };
    assert_eq!(rows(&aggregate), rows(&paths));
}

#[test]
fn every_option_is_read_and_defaults_of_the_service_reach_what_they_can_hold_for() {
    let compiled = good("37_policy_aggregate");
    let [add, look, watch, plain, many] = methods(&compiled) else {
        panic!("five methods");
    };
    let ms = |ms| Some(Duration::from_millis(ms));
    let timeout = |method: &Method| method.policy.timeout.as_ref().map(|one| one.value);
    let idle = |method: &Method| method.policy.idle_timeout.as_ref().map(|one| one.value);
    let bytes = |method: &Method| {
        method
            .policy
            .max_request_bytes
            .as_ref()
            .map(|one| one.value)
    };
    // Its own, that of the service, its own, that of the service, none: it is not unary.
    let all = [add, look, watch, plain, many];
    assert_eq!(
        all.map(timeout),
        [ms(250), ms(1000), ms(3_600_000), ms(1000), None]
    );
    assert_eq!(all.map(idle), [None, None, ms(1500), None, ms(60_000)]);
    assert_eq!(
        all.map(bytes),
        [
            Some(4096),
            Some(65536),
            Some(65536),
            Some(65536),
            Some(65536)
        ]
    );

    let policy = &add.policy;
    let retry = &policy.retry.as_ref().expect("declared").value;
    assert_eq!(retry.max_attempts.as_ref().map(|one| one.value), Some(3));
    assert_eq!(retry.max_backoff.as_ref().map(|one| one.value), ms(100));
    assert_eq!(retry.multiplier.as_ref().map(|one| one.value), Some(1.5));
    let codes: Vec<_> = retry.codes.iter().map(|code| &*code.value).collect();
    assert_eq!(codes, ["UNAVAILABLE", "ABORTED"]);
    let hash_key = |method: &Method| {
        let key = method.policy.hash_key.as_ref();
        key.map(|key| shown(&key.value))
    };
    assert_eq!(
        all.map(hash_key),
        [
            Some("cart_id".into()),
            Some("cart_id".into()),
            Some("number".into()),
            None,
            None
        ]
    );
    let criticality = |method: &Method| method.policy.criticality.as_ref().map(|one| one.value);
    assert_eq!(criticality(add), Some(Criticality::CriticalPlus));
    assert_eq!(criticality(plain), Some(Criticality::SheddablePlus));
    let user = |method: &Method| method.policy.user_key.as_ref().map(|one| one.value.clone());
    assert!(matches!(user(add), Some(UserKey::Field(path)) if path.0 == ["user", "id"]));
    assert_eq!(user(many), Some(UserKey::Metadata("x-user".into())));
    let errors: Vec<_> = policy
        .errors
        .iter()
        .map(|one| (&*one.value.ty.full_name, &*one.value.code.value))
        .collect();
    assert_eq!(
        errors,
        [
            ("policy.aggregate.OutOfStock", "FAILED_PRECONDITION"),
            ("policy.aggregate.Closed", "UNAVAILABLE"),
        ]
    );
    // A hedge of its own keeps the service's retry away; what may do harm is not repeated.
    let hedge = &look.policy.hedge.as_ref().expect("declared").value;
    let delay = hedge.delay.as_ref().map(|one| one.value.clone());
    assert_eq!(delay, Some(Delay::Quantile(95)));
    assert!(look.policy.retry.is_none());
    assert!(plain.policy.retry.is_none());
}

#[test]
fn annotations_say_what_can_be_repeated_and_what_routes() {
    let compiled = good("37_policy_of_annotations");
    let rows: Vec<_> = methods(&compiled)
        .iter()
        .map(|one| {
            let key = one.policy.hash_key.as_ref();
            let key = key.map(|key| shown(&key.value));
            (&*one.name.wire, one.idempotency, key)
        })
        .collect();
    use Idempotency::{Idempotent, Safe, Unsafe};
    assert_eq!(
        rows,
        [
            ("Get", Safe, None),
            ("Put", Idempotent, None),
            ("Delete", Idempotent, None),
            ("Post", Unsafe, None),
            ("Search", Unsafe, None),
            ("Replace", Idempotent, None),
            ("Touch", Idempotent, None),
            ("Unknown", Unsafe, None),
            ("Routed", Unsafe, Some("name {shelf=shelves/*}/**".into())),
            ("RoutedTwice", Unsafe, Some("name, room".into())),
            ("RoutedOtherwise", Unsafe, Some("room".into())),
        ]
    );
}

#[test]
fn a_template_that_is_none_is_marked_in_every_spelling() {
    for options in [
        "(google.api.routing) = { routing_parameters { field: 'a' path_template: '/{x}' } }",
        "(google.api.routing) = { routing_parameters: [{ field: 'a' }, { path_template: '/{x}' }] }",
        "(.google.api.routing).routing_parameters = { field: 'a' }; option
         (google.api.routing).routing_parameters = { path_template: '/{x}' field: 'a' }",
    ] {
        let text = format!(
            "syntax = \"proto3\"; import \"google/api/routing.proto\"; message M {{ string a = 1; }}
             service S {{ rpc A(M) returns (M) {{ option {options}; }} }}"
        );
        let before = text.split("'/{x}'").next().expect("text in front");
        let (line, column) = (
            before.lines().count(),
            before.lines().last().unwrap_or_default().len() + 1,
        );
        let folder = Folder::with(&[("a.proto", text.as_bytes())]);
        let Err(found) = compile(&folder.sources(&["a.proto"])) else {
            panic!("accepted: {options}");
        };
        let lines = found.lines();
        let want =
            format!("a.proto:{line}:{column}: M0112 `path_template` \"/{{x}}\" is no template");
        assert!(lines.len() == 1 && lines[0].contains(&want), "{lines:?}");
    }
}

#[test]
fn what_nothing_acts_on_is_said_once() {
    let compiled = good("37_policy_aggregate");
    assert_eq!(
        compiled
            .warnings
            .lines()
            .last()
            .map(|line| line.rsplit_once("a.proto").expect("a place").1),
        Some(
            ":12:5: M0503 `criticality`, `hedge`, `retry` and `user_key`: declared, not acted on \
             by this version (what is declared is checked, and a later version acts on it)"
        )
    );
    let acted_on = written(
        "syntax = \"proto3\"; import \"sinew/options.proto\"; message M {} service S { \
         option (sinew.service) = { timeout: \"1s\" max_request_bytes: 1 idle_timeout: \"1s\" }; \
         rpc A(M) returns (M); }",
    );
    assert!(acted_on.warnings.is_empty(), "{}", acted_on.warnings);
    let annotated = written(
        "syntax = \"proto3\"; import \"google/api/routing.proto\"; message M { string a = 1; } service S { \
         rpc A(M) returns (M) { option (google.api.routing).routing_parameters = { field: \"a\" }; } }",
    );
    assert!(annotated.warnings.is_empty(), "{}", annotated.warnings);
    assert!(methods(&annotated)[0].policy.hash_key.is_some());
}

#[test]
fn a_key_that_may_be_unset_is_warned_of() {
    let compiled = written(
        "syntax = \"proto3\"; import \"sinew/options.proto\";
         message M { string a = 1; optional string b = 2; M c = 3; }
         service S {
           rpc A(M) returns (M) { option (sinew.method).hash_key = \"a\"; }
           rpc B(M) returns (M) { option (sinew.method).hash_key = \"b\"; }
           rpc C(M) returns (M) { option (sinew.method).hash_key = \"c.b\"; }
         }",
    );
    let lines = compiled.warnings.lines();
    let lines: Vec<_> = lines.iter().filter(|line| line.contains("M0111")).collect();
    let [b, c] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert!(
        b.contains("a.proto:5:68: M0111 `b` may be unset: such calls have no `hash_key`"),
        "{b}"
    );
    assert!(c.contains("a.proto:6:68: M0111 `c` may be unset"), "{c}");
}

#[test]
fn a_descriptor_set_has_policies_and_only_whole_statements_as_places() {
    let compiled = good("37_policy_paths");
    let again = from_descriptor_set(&compiled.descriptor_set, Some(&["a.proto".to_owned()]));
    let again = again.unwrap_or_else(|found| panic!("{}", found.render()));
    let rows = |compiled: &Compiled| {
        let methods = methods(compiled).iter();
        methods.map(|one| values(&one.policy)).collect::<Vec<_>>()
    };
    assert_eq!(rows(&compiled), rows(&again));
    let timeout = methods(&again)[0]
        .policy
        .timeout
        .as_ref()
        .expect("declared");
    let place = sinew_idl::diag::SourceMap::default().place(&timeout.span);
    assert_eq!(place.as_deref(), Some("a.proto:20:5"));
    let routed = good("37_routing");
    let again = from_descriptor_set(&routed.descriptor_set, Some(&["a.proto".to_owned()]));
    let again = again.unwrap_or_else(|found| panic!("{}", found.render()));
    assert_eq!(rows(&routed), rows(&again));
}

#[test]
fn options_of_another_version_are_not_lost_without_a_word() {
    let folder = Folder::with(&[
        (
            "newer.proto",
            b"syntax = \"proto3\"; package sinew; import \"google/protobuf/descriptor.proto\";
              extend google.protobuf.MethodOptions { MethodPolicy method = 56500; }
              message MethodPolicy { string timeout = 1; uint32 idle_timeout = 11; string cache = 6; }",
        ),
        (
            "a.proto",
            b"syntax = \"proto3\"; import \"newer.proto\"; message M {}
              service S { rpc A(M) returns (stream M) {
                option (sinew.method) = { timeout: \"1s\" idle_timeout: 5 cache: \"x\" };
              } }",
        ),
    ]);
    let compiled = compiled(&folder.sources(&["a.proto"]));
    // By another name they are none of ours.
    assert!(methods(&compiled)[0].policy.timeout.is_none());
    let set = renamed(
        &compiled.descriptor_set,
        b"newer.proto",
        b"sinew/options.proto",
    );
    let Err(found) = from_descriptor_set(&set, Some(&["a.proto".to_owned()])) else {
        panic!("accepted");
    };
    let lines = found.lines();
    assert_eq!(
        lines,
        [
            "a.proto:3:17: M0180 `idle_timeout` is of another type here (the file was compiled for another version of \
             Sinew)",
            "a.proto:3:17: M0180 this version knows no option `cache` (the file was compiled for another version of \
             Sinew)",
        ]
    );
    assert_eq!(
        found.render(),
        "error[M0180]: `idle_timeout` is of another type here\n --> a.proto:3:17\n  = help: the file was compiled for \
         another version of Sinew\n\nerror[M0180]: this version knows no option `cache`\n --> a.proto:3:17\n  = help: \
         the file was compiled for another version of Sinew\n\n"
    );
}

#[test]
fn the_report_marks_the_value_inside_of_the_option() {
    let folder = Folder::with(&[(
        "a.proto",
        b"syntax = \"proto3\";
import \"sinew/options.proto\";
service Carts {
  rpc Add(Cart) returns (Cart) {
    option (sinew.method) = {
      timeout: \"1s\"
      hash_key: \"owner.nmae\"
    };
  }
}
message Cart { Owner owner = 1; }
message Owner { string name = 1; }
",
    )]);
    let found = compile(&folder.sources(&["a.proto"])).expect_err("a key that is none");
    let report = found.render();
    let (_, report) = report.split_once("-->").expect("a place");
    let lines: Vec<_> = report.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "   |",
            " 7 |       hash_key: \"owner.nmae\"",
            "   |                 ^^^^^^^^^^^^",
            lines[3],
            "   |",
            "12 | message Owner { string name = 1; }",
            "   |         ^^^^^ `Owner` is declared",
            "   = help: did you mean `owner.name`?",
            "",
        ],
        "{report}"
    );
    assert!(lines[3].starts_with("  ::: ") && lines[3].ends_with("a.proto:12:9"));
}

/// A descriptor set in which a file is called otherwise.
fn renamed(set: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    use prost::Message as _;
    // The options of `FileDescriptorSet` as prost has it are lost, so the names are replaced in the bytes of each file.
    #[derive(Clone, PartialEq, prost::Message)]
    struct Set {
        #[prost(bytes = "vec", repeated, tag = "1")]
        file: Vec<Vec<u8>>,
    }
    let length = |name: &[u8]| u8::try_from(name.len()).expect("short");
    let mut decoded = Set::decode(set).expect("a set");
    for file in &mut decoded.file {
        for tag in [0x0A, 0x1A] {
            let old = [&[tag, length(from)], from].concat();
            let new = [&[tag, length(to)], to].concat();
            if let Some(at) = file.windows(old.len()).position(|bytes| bytes == old) {
                file.splice(at..at + old.len(), new);
            }
        }
    }
    decoded.encode_to_vec()
}
