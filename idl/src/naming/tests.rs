use heck::{ToSnakeCase, ToUpperCamelCase};
use proptest::prelude::*;

use super::*;
use crate::model::{Docs, Idempotency, Method, Name, Service, Shape, TypeRef};

#[test]
fn names_of_every_kind() {
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
    );
    // The IDL, then: field or module, type, rpc, descriptor.
    let cases: [Case; 22] = [
        ("AddLine", "add_line", "AddLine", "add_line", "ADD_LINE"),
        ("add_line", "add_line", "AddLine", "add_line", "ADD_LINE"),
        (
            "XMLHttpRequest",
            "xml_http_request",
            "XmlHttpRequest",
            "xml_http_request",
            "XML_HTTP_REQUEST",
        ),
        (
            "getV2Things",
            "get_v2_things",
            "GetV2Things",
            "get_v2_things",
            "GET_V2_THINGS",
        ),
        ("a1B2", "a1_b2", "A1B2", "a1_b2", "A1_B2"),
        ("__x__y__", "x_y", "XY", "x_y", "X_Y"),
        ("FOO", "foo", "Foo", "foo", "FOO"),
        ("Move", "r#move", "Move", "r#move", "MOVE"),
        ("type", "r#type", "Type", "r#type", "TYPE"),
        ("gen", "r#gen", "Gen", "r#gen", "GEN"),
        ("Self", "self_", "Self_", "self_", "SELF"),
        ("super", "super_", "Super", "super_", "SUPER"),
        ("extern", "extern_", "Extern", "extern_", "EXTERN"),
        ("_1st", "_1st", "_1st", "_1st", "_1ST"),
        ("New", "new", "New", "new_", "NEW"),
        ("Clone", "clone", "Clone", "clone_", "CLONE"),
        ("Into", "into", "Into", "into_", "INTO"),
        ("TryInto", "try_into", "TryInto", "try_into_", "TRY_INTO"),
        (
            "IntoFuture",
            "into_future",
            "IntoFuture",
            "into_future_",
            "INTO_FUTURE",
        ),
        ("Name", "name", "Name", "name", "NAME_"),
        ("Service", "service", "Service", "service", "SERVICE_"),
        ("_", "", "", "__", "__"),
    ];
    for (name, field, type_, rpc, descriptor) in cases {
        assert_eq!(snake(name), field, "{name}");
        assert_eq!(upper_camel(name), type_, "{name}");
        assert_eq!(method(name), rpc, "{name}");
        assert_eq!(constant(name), descriptor, "{name}");
    }
}

#[test]
fn values_lose_the_name_of_their_enum() {
    for (of, value, expected) in [
        ("Kind", "KIND_UNSPECIFIED", "Unspecified"),
        ("Kind", "KINDLY", "Kindly"),
        ("Kind", "KIND", "Kind"),
        ("Kind", "KIND_1", "Kind1"),
        ("Kind", "OTHER", "Other"),
        ("E", "E_SELF", "Self_"),
        ("E", "self", "Self_"),
        ("E", "_2ND", "_2nd"),
    ] {
        assert_eq!(variant(of, value), expected, "{value}");
    }
}

fn schema(rpcs: &[&str]) -> Schema {
    let name = |wire: &str, line| Name {
        wire: wire.to_owned(),
        rust: String::new(),
        span: Span::Idl {
            file: "a.proto".into(),
            line,
            column: 7,
            end_line: line,
            end_column: 9,
        },
    };
    let of = || TypeRef {
        full_name: "p.M".to_owned(),
        rust: Default::default(),
        span: Span::None,
    };
    let methods = rpcs.iter().zip(1..).map(|(rpc, line)| Method {
        name: name(rpc, line),
        shape: Shape::Unary,
        input: of(),
        output: of(),
        idempotency: Idempotency::Unsafe,
        policy: Default::default(),
        docs: Docs::default(),
        deprecated: false,
        own: Default::default(),
    });
    let service = Service {
        name: name("cartService", 9),
        module: String::new(),
        package: "p".to_owned(),
        full_name: "p.cartService".to_owned(),
        docs: Docs::default(),
        deprecated: false,
        policy: Default::default(),
        methods: methods.collect(),
    };
    let mut schema = Schema {
        services: vec![service],
    };
    assign(&mut schema);
    schema
}

#[test]
fn two_rpcs_of_one_name_are_told_with_both_places() {
    let found = clashes(&schema(&["GetFoo", "Other", "get_foo", "Clone", "clone_"]));
    let found = crate::diag::Diagnostics::new(found, Default::default());
    assert_eq!(
        found.lines(),
        [
            "a.proto:3:7: M0170 rpc get_foo and rpc GetFoo are both `get_foo` \
             in the Rust trait of service p.cartService (rpc GetFoo is declared at a.proto:1:7; rename one of them)",
            "a.proto:5:7: M0170 rpc clone_ and rpc Clone are both `clone_` \
             in the Rust trait of service p.cartService (rpc Clone is declared at a.proto:4:7; rename one of them)",
        ]
    );
}

#[test]
fn services_are_named() {
    let schema = schema(&["Move"]);
    let service = &schema.services[0];
    assert_eq!(
        (&*service.name.rust, &*service.module),
        ("CartService", "cart_service")
    );
    assert_eq!(service.methods[0].name.rust, "r#move");
    assert!(clashes(&schema).is_empty());
}

/// Is it an identifier to the compiler?
fn is_identifier(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_prost_does(name in "[A-Za-z_][A-Za-z0-9_]{0,12}") {
        prop_assert_eq!(snake(&name), identifier(&name.to_snake_case()));
        prop_assert_eq!(upper_camel(&name), identifier(&name.to_upper_camel_case()));
    }

    #[test]
    fn whatever_the_idl_allows_is_an_identifier(name in "[A-Za-z_][A-Za-z0-9_]{0,6}") {
        prop_assert!(is_identifier(&method(&name)), "{}", method(&name));
        prop_assert!(is_identifier(&constant(&name)), "{}", constant(&name));
        for mapped in [snake(&name), upper_camel(&name), variant(&upper_camel("e"), &name)] {
            prop_assert!(mapped.is_empty() || is_identifier(&mapped), "{mapped}");
            prop_assert_eq!(mapped.is_empty(), name.trim_matches('_').is_empty());
        }
    }

    #[test]
    fn rpcs_are_different_or_reported(names in proptest::collection::hash_set("(a|B|_|New|new|x1){1,3}", 1..6)) {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let schema = schema(&names);
        let mut mapped: Vec<_> = schema.services[0].methods.iter().map(|m| &*m.name.rust).collect();
        mapped.sort_unstable();
        mapped.dedup();
        prop_assert_eq!(names.len() - mapped.len(), clashes(&schema).len());
        if clashes(&schema).is_empty() {
            let mut statics: Vec<_> = names.iter().map(|name| constant(name)).collect();
            statics.sort_unstable();
            statics.dedup();
            prop_assert_eq!(statics.len(), names.len());
        }
    }
}

#[test]
fn every_keyword_is_an_identifier_in_every_edition() {
    for word in KEYWORDS.iter().chain(&SUFFIXED) {
        let mapped = identifier(word);
        assert!(is_identifier(&mapped), "{mapped}");
        assert_ne!(mapped, *word);
    }
}
