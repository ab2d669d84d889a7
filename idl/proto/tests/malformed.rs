//! Descriptors that no compiler writes are refused before a library or a generator behind stumbles over them.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, FileOptions, MessageOptions, MethodDescriptorProto,
    OneofDescriptorProto, ServiceDescriptorProto, UninterpretedOption,
    field_descriptor_proto::{Label, Type},
};
use sinew_idl_proto::from_descriptor_set;

/// A file with one of everything: message `M` with field `f`, map `m` and oneof `o`, extension `x`, enum `E`, service
/// `S` with rpc `R`.
fn good() -> FileDescriptorProto {
    let entry = DescriptorProto {
        name: text("MEntry"),
        field: vec![
            field("key", 1, Type::String),
            field("value", 2, Type::Int32),
        ],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..Default::default()
        }),
        ..Default::default()
    };
    let map = FieldDescriptorProto {
        label: Some(Label::Repeated.into()),
        type_name: text(".p.M.MEntry"),
        ..field("m", 2, Type::Message)
    };
    let one = FieldDescriptorProto {
        oneof_index: Some(0),
        ..field("one", 3, Type::Int32)
    };
    let message = DescriptorProto {
        name: text("M"),
        field: vec![field("f", 1, Type::Int32), map, one],
        nested_type: vec![entry],
        oneof_decl: vec![OneofDescriptorProto {
            name: text("o"),
            ..Default::default()
        }],
        ..Default::default()
    };
    let value = EnumValueDescriptorProto {
        name: text("V"),
        number: Some(0),
        ..Default::default()
    };
    let method = MethodDescriptorProto {
        name: text("R"),
        input_type: text(".p.M"),
        output_type: text(".p.M"),
        ..Default::default()
    };
    FileDescriptorProto {
        name: text("a.proto"),
        package: text("p"),
        dependency: vec!["google/protobuf/descriptor.proto".to_owned()],
        message_type: vec![message],
        enum_type: vec![EnumDescriptorProto {
            name: text("E"),
            value: vec![value],
            ..Default::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: text("S"),
            method: vec![method],
            ..Default::default()
        }],
        extension: vec![FieldDescriptorProto {
            extendee: text(".google.protobuf.FileOptions"),
            ..field("x", 50_001, Type::Int32)
        }],
        ..Default::default()
    }
}

fn field(name: &str, number: i32, kind: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: text(name),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(kind.into()),
        ..Default::default()
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn lines(file: FileDescriptorProto) -> Vec<String> {
    let set = FileDescriptorSet { file: vec![file] };
    match from_descriptor_set(&set.encode_to_vec(), None) {
        Ok(_) => Vec::new(),
        Err(found) => found.lines(),
    }
}

/// What is changed in the good file.
type Change = fn(&mut FileDescriptorProto);

#[test]
fn each_is_refused_in_words() {
    let cases: [(Change, &str); 28] = [
        (|f| f.syntax = text("proto4"), "unknown syntax `proto4`"),
        (
            |f| f.weak_dependency = vec![1],
            "the index of an import is out of range",
        ),
        (
            |f| f.public_dependency = vec![-1],
            "the index of an import is out of range",
        ),
        (
            |f| f.package = text("p..q"),
            "`p..q` is no name of a package",
        ),
        (
            |f| f.message_type[0].name = text("M {}"),
            "`M {}` is no name of a message",
        ),
        (
            |f| f.message_type[0].name = None,
            "`` is no name of a message",
        ),
        (
            |f| f.message_type[0].field[0].name = text("1f"),
            "`1f` is no name of a field",
        ),
        (
            |f| f.message_type[0].oneof_decl[0].name = text("é"),
            "`é` is no name of a oneof",
        ),
        (
            |f| f.enum_type[0].name = text("a.b"),
            "`a.b` is no name of an enum",
        ),
        (
            |f| f.enum_type[0].value[0].name = text(""),
            "`` is no name of a value",
        ),
        (
            |f| f.service[0].name = text("S\n"),
            "`S ` is no name of a service",
        ),
        (
            |f| f.service[0].method[0].name = text("-"),
            "`-` is no name of an rpc",
        ),
        (
            |f| f.extension[0].name = text("["),
            "`[` is no name of a field",
        ),
        (
            |f| f.extension[0].extendee = None,
            "extension `x` extends nothing",
        ),
        (
            |f| f.extension[0].oneof_index = Some(0),
            "extension `x` is in a oneof",
        ),
        (
            |f| f.message_type[0].field[0].label = Some(9),
            "field `f` has a label that is none",
        ),
        (
            |f| f.message_type[0].field[0].r#type = Some(99),
            "field `f` has a type that is none",
        ),
        (
            |f| f.message_type[0].field[0].r#type = None,
            "field `f` has a type that is none",
        ),
        (
            |f| f.message_type[0].field[0].type_name = text(".p.M"),
            "field `f` has a type that is none",
        ),
        (
            |f| f.message_type[0].field[1].type_name = None,
            "field `m` has a type that is none",
        ),
        (
            |f| f.message_type[0].field[2].oneof_index = Some(1),
            "a field of message `M` is in a oneof that does not exist",
        ),
        (
            |f| f.message_type[0].field[2].oneof_index = None,
            "oneof `o` has no field",
        ),
        (
            |f| f.message_type[0].field[2].label = Some(3),
            "field `one` of a oneof is not single",
        ),
        (
            |f| {
                f.message_type[0].field[2].proto3_optional = Some(true);
                f.message_type[0].field[0].oneof_index = Some(0);
            },
            "an `optional` field shares the oneof `o`",
        ),
        (
            |f| f.message_type[0].field[0].proto3_optional = Some(true),
            "field `f` is `optional`, and in no oneof",
        ),
        (
            |f| f.message_type[0].nested_type[0].field[0].r#type = Some(1),
            "`MEntry` is marked as the entry of a map, and is none",
        ),
        (
            |f| f.message_type[0].field[1].label = Some(1),
            "`MEntry` is marked as the entry of a map, and is none",
        ),
        (
            |f| {
                f.options = Some(FileOptions {
                    uninterpreted_option: vec![UninterpretedOption::default()],
                    ..Default::default()
                });
            },
            "an option is not resolved",
        ),
    ];
    assert_eq!(lines(good()), [""; 0]);
    for (change, expected) in cases {
        let mut file = good();
        change(&mut file);
        assert_eq!(lines(file), [format!("a.proto: M0041 {expected}")]);
    }
}

#[test]
fn empty_texts_are_none() {
    let mut file = good();
    file.syntax = text("");
    assert_eq!(lines(file), [""; 0]);

    let file = FileDescriptorProto {
        name: text("a.proto"),
        package: text(""),
        message_type: vec![DescriptorProto {
            name: text("M"),
            ..Default::default()
        }],
        ..Default::default()
    };
    let set = FileDescriptorSet { file: vec![file] };
    let compiled = from_descriptor_set(&set.encode_to_vec(), None).expect("a good set");
    let set = FileDescriptorSet::decode(&*compiled.descriptor_set).expect("a set");
    assert_eq!(set.file[0].package, None);
}
