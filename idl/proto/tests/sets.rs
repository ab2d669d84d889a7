//! Descriptor sets in place of files: round trips, editions as protoc encodes them, and sets that are not what they
//! seem.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::{fs, path::Path};

use prost::Message as _;
use prost_reflect::{Kind, Syntax};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MessageOptions,
    MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto,
};
use sinew_idl::model::Idempotency;
use sinew_idl_proto::{Compiled, Sources, compile, from_descriptor_set};

fn fixture(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/idl")
        .join(path)
}

fn edition(name: &str) -> Vec<u8> {
    fs::read(fixture("sets/16_editions").join(name)).expect("a fixture")
}

fn compiled(bytes: &[u8]) -> Compiled {
    from_descriptor_set(bytes, None).unwrap_or_else(|found| panic!("{}", found.render()))
}

fn refused(bytes: &[u8]) -> Vec<String> {
    match from_descriptor_set(bytes, None) {
        Ok(_) => Vec::new(),
        Err(found) => found.lines(),
    }
}

#[test]
fn what_files_make_sets_make_too() {
    let sources = Sources {
        roots: vec![fixture("good/26_shapes")],
        files: vec!["shop/v1/cart.proto".into()],
    };
    let from_files = compile(&sources).expect("a good fixture");
    let files = ["shop/v1/cart.proto".to_owned()];
    let from_set = from_descriptor_set(&from_files.descriptor_set, Some(&files));
    let from_set = from_set.expect("its own set");
    assert_eq!(from_set.descriptor_set, from_files.descriptor_set);
    assert_eq!(from_set.roots, from_files.roots);
    let shown = |compiled: &Compiled| format!("{:?}", compiled.schema);
    assert_eq!(shown(&from_set), shown(&from_files));
}

#[test]
fn editions_become_proto2_where_every_field_has_presence() {
    let compiled = compiled(&edition("explicit.binpb"));
    let service = &compiled.schema.services[0];
    assert_eq!(service.full_name, "shop.v1.CartService");
    assert_eq!(service.docs.lines(), ["Carts."]);
    assert_eq!(service.methods[0].idempotency, Idempotency::Idempotent);

    let file = compiled.pool.get_file_by_name("shop/v1/explicit.proto");
    assert_eq!(file.expect("the file").syntax(), Syntax::Proto2);
    let line = compiled
        .pool
        .get_message_by_name("shop.v1.Line")
        .expect("a message");
    let field = |name| line.get_field_by_name(name).expect("a field");
    assert!(field("sku").supports_presence() && !field("sku").is_required());
    assert_eq!(field("count").default_value().as_i32(), Some(3));
    assert!(field("must").is_required());
    assert!(field("packed").is_packed() && !field("expanded").is_packed());
    assert!(field("delimited").is_group());
    assert!(field("by_name").is_map() && !field("by_name").is_group());
    assert!(matches!(field("colour").kind(), Kind::Enum(_)));
    assert!(field("number").containing_oneof().is_some());
    // Options of others are kept.
    let option = compiled
        .pool
        .get_extension_by_name("shop.v1.owner")
        .expect("an option");
    let method = compiled.pool.services().next().expect("a service");
    let method = method.methods().next().expect("a method");
    assert_eq!(
        method.options().get_extension(&option).as_str(),
        Some("shop")
    );
}

#[test]
fn editions_become_proto3_where_fields_have_none() {
    let compiled = compiled(&edition("implicit.binpb"));
    let file = compiled.pool.get_file_by_name("shop/v1/implicit.proto");
    assert_eq!(file.expect("the file").syntax(), Syntax::Proto3);
    let price = compiled
        .pool
        .get_message_by_name("shop.v1.Price")
        .expect("a message");
    let field = |name| price.get_field_by_name(name).expect("a field");
    assert!(!field("cents").supports_presence());
    assert!(field("currency").supports_presence());
    let oneof = field("currency").containing_oneof().expect("its own oneof");
    assert!(oneof.is_synthetic());
    assert!(field("packed").is_packed() && !field("expanded").is_packed());
    assert!(field("inner").supports_presence());
    let oneof = field("number").containing_oneof().expect("a oneof");
    assert!(!oneof.is_synthetic());
    let nested = compiled
        .pool
        .get_message_by_name("shop.v1.Price.Nested")
        .expect("a message");
    let kind = nested.get_field_by_name("kind").expect("a field");
    let oneof = kind.containing_oneof().expect("its own oneof");
    assert_eq!(oneof.name(), "X_kind", "`_kind` is taken");
}

#[test]
fn editions_that_are_neither_are_refused_in_words() {
    assert_eq!(
        refused(&edition("both.binpb")),
        [
            "shop/v1/both.proto: M0302 this file uses an edition in a way that is not supported: \
             it has fields with implicit presence, and an enum whose first value is not 0 \
             (set `features.field_presence = EXPLICIT`, or start the enum at 0)"
        ]
    );
}

fn file(name: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_owned()),
        syntax: Some("proto3".to_owned()),
        ..Default::default()
    }
}

fn set(files: Vec<FileDescriptorProto>) -> Vec<u8> {
    FileDescriptorSet { file: files }.encode_to_vec()
}

#[test]
fn malformed_sets_are_refused_in_words() {
    let message = |message| FileDescriptorProto {
        message_type: vec![message],
        ..file("a.proto")
    };
    let in_oneof = |oneof_index| FieldDescriptorProto {
        name: Some("f".to_owned()),
        number: Some(1),
        label: Some(1),
        r#type: Some(5),
        oneof_index: Some(oneof_index),
        ..Default::default()
    };
    let cases = [
        (vec![0xff; 3], "M0040 this is no descriptor set"),
        (
            b"syntax = \"proto3\";".to_vec(),
            "M0040 this is no descriptor set",
        ),
        (
            vec![0x0a, 2, 0x0a, 9],
            "M0040 a file of the descriptor set cannot be decoded",
        ),
        (
            set(vec![file("")]),
            "M0041 a file of the descriptor set has no name",
        ),
        (
            set(vec![file("a"), file("a")]),
            "a: M0042 the descriptor set has two files of this name",
        ),
        (
            set(vec![FileDescriptorProto {
                dependency: vec!["b.proto".into()],
                ..file("a.proto")
            }]),
            "a.proto: M0011 import `b.proto` is not in the descriptor set",
        ),
        (
            set(vec![
                FileDescriptorProto {
                    dependency: vec!["b".into()],
                    ..file("a")
                },
                FileDescriptorProto {
                    dependency: vec!["a".into()],
                    ..file("b")
                },
            ]),
            "b: M0012 import cycle: a → b → a",
        ),
        (
            set(vec![FileDescriptorProto {
                public_dependency: vec![7],
                ..file("a")
            }]),
            "a: M0041 the index of an import is out of range",
        ),
        (
            set(vec![message(DescriptorProto {
                name: Some("A".into()),
                field: vec![in_oneof(3)],
                oneof_decl: vec![OneofDescriptorProto::default()],
                ..Default::default()
            })]),
            "a.proto: M0041 a field of message `A` is in a oneof that does not exist",
        ),
        (
            set(vec![message(DescriptorProto {
                name: Some("A".into()),
                options: Some(MessageOptions {
                    map_entry: Some(true),
                    ..Default::default()
                }),
                ..Default::default()
            })]),
            "a.proto: M0041 `A` is marked as the entry of a map, and is none",
        ),
        (
            set(vec![FileDescriptorProto {
                service: vec![ServiceDescriptorProto {
                    name: Some("S".into()),
                    method: vec![MethodDescriptorProto {
                        name: Some("M".into()),
                        input_type: Some(".Gone".into()),
                        output_type: Some(".Gone".into()),
                        ..Default::default()
                    }],
                    ..Default::default()
                }],
                ..file("a.proto")
            }]),
            "a.proto: M0020 name `.Gone` is not defined",
        ),
        (
            set(vec![FileDescriptorProto {
                syntax: Some("editions".into()),
                ..file("a")
            }]),
            "a: M0302 this file uses an edition in a way that is not supported: edition number 0 is not known",
        ),
        (
            set(vec![FileDescriptorProto {
                syntax: Some("proto9".into()),
                ..file("a")
            }]),
            "a: M0041 unknown syntax `proto9`",
        ),
    ];
    for (bytes, expected) in cases {
        let lines = refused(&bytes);
        let first = lines.first().map(String::as_str).unwrap_or_default();
        assert!(first.starts_with(expected), "{expected}\n{lines:#?}");
    }
    let files = ["gone.proto".to_owned()];
    let found = from_descriptor_set(&[], Some(&files)).expect_err("nothing is in it");
    assert_eq!(
        found.lines(),
        ["M0010 no file `gone.proto` in the descriptor set"]
    );
}

#[test]
fn built_in_files_stand_in_for_imports_that_a_set_lacks() {
    let bytes = set(vec![FileDescriptorProto {
        dependency: vec!["google/rpc/status.proto".into()],
        ..file("a.proto")
    }]);
    let compiled = compiled(&bytes);
    assert_eq!(compiled.roots, ["a.proto"]);
    assert!(
        compiled
            .pool
            .get_message_by_name("google.rpc.Status")
            .is_some()
    );
    assert!(
        compiled
            .pool
            .get_message_by_name("google.protobuf.Any")
            .is_some()
    );
}
