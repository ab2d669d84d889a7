//! Nothing that anyone can write into a file makes the compiler panic, overflow the stack, or point outside of the
//! file.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

mod common;

use common::Folder;
use proptest::prelude::*;
use sinew_idl::diag::Span;
use sinew_idl_proto::{compile, from_descriptor_set};

/// Compiles a file; whatever is wrong has to stand somewhere in it.
fn check(text: &[u8]) -> Result<(), TestCaseError> {
    let folder = Folder::with(&[
        ("a.proto", text),
        ("b.proto", b"syntax = \"proto3\"; package b; message B {}"),
    ]);
    let Err(found) = compile(&folder.sources(&["a.proto", "b.proto"])) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(text);
    let lines: Vec<_> = text.split('\n').collect();
    prop_assert!(!found.is_empty());
    for diagnostic in found.iter() {
        prop_assert_ne!(diagnostic.code, "M0099", "{}", found.render());
        prop_assert_ne!(diagnostic.code, "M0029", "{}", found.render());
        let Span::Idl { line, column, .. } = diagnostic.span else {
            return Err(TestCaseError::fail(format!("no place: {}", found.render())));
        };
        if line > 0 {
            let text = lines.get(line as usize - 1);
            prop_assert!(text.is_some(), "{}", found.render());
            let length = text.map_or(0, |text| text.chars().count());
            prop_assert!(
                (1..=length as u32 + 1).contains(&column),
                "{}",
                found.render()
            );
        }
    }
    prop_assert!(!found.render().is_empty());
    Ok(())
}

#[test]
fn depth_is_bounded_wherever_brackets_nest() {
    let deep = |open: &str, close: &str| [open.repeat(20_000), close.repeat(20_000)].concat();
    let option = "import \"google/protobuf/descriptor.proto\"; message R { R r = 1; } \
        extend google.protobuf.FileOptions { R r = 50001; }";
    for text in [
        deep("message A {", "}"),
        format!("{option} option (r) = {};", deep("{ r ", "}")),
        format!("{option} option (r) = {{ r {} }};", deep("<r:", ">")),
        format!("{option} option (r) = {{ r: {} }};", deep("[", "]")),
        deep("(", ")"),
        format!("{}{}", "/*".repeat(1_000), "*/".repeat(1_000)),
        format!("message A {{ a{} b = 1; }}", ".a".repeat(2_000)),
        format!("option {}a = 1;", "(a).".repeat(2_000)),
        format!(
            "message A {{ oneof o {{ {} }} }}",
            deep("group G = 1 {", "}")
        ),
        "-".repeat(20_000),
        format!("enum E {{ A = {}1; }}", "-".repeat(20_000)),
        format!(
            "message A {{ optional string a = 1 [default = {}]; }}",
            "\"a\" ".repeat(20_000)
        ),
    ] {
        let text = format!("syntax = \"proto2\"; {text}");
        let start: String = text.chars().take(200).collect();
        let checked = check(text.as_bytes());
        assert!(checked.is_ok(), "{start}: {checked:?}");
    }
}

/// Pieces of the language, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = [
        "syntax = \"proto3\";",
        "syntax = \"proto2\";",
        "edition",
        "package a.b;",
        "import \"b.proto\";",
        "import public \"b.proto\";",
        "import \"google/protobuf/descriptor.proto\";",
        "import \"google/api/annotations.proto\";",
        "import \"a.proto\";",
        "message A {",
        "message B {",
        "enum E {",
        "service S {",
        "oneof o {",
        "extend A {",
        "extend google.protobuf.FieldOptions {",
        "}",
        "}",
        "}",
        "{",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        ";",
        "=",
        ",",
        ".",
        "-",
        ":",
        "\"",
        "'",
        "/*",
        "*/",
        "//",
        "\n",
        "\n",
        " ",
        "\t",
        "\r\n",
        "é",
        "\u{feff}",
        "\0",
        "int32 a = 1;",
        "optional int32 b = 2;",
        "repeated string c = 3 [packed = true];",
        "required bytes d = 4 [default = \"\\xff\"];",
        "map<string, A> m = 5;",
        "optional group G = 6 {",
        "B b = 7;",
        "b.B bb = 8;",
        ".a.b.A abs = 9;",
        "reserved 1 to 5, 7;",
        "reserved \"a\";",
        "extensions 100 to max;",
        "ZERO = 0;",
        "ONE = 1 [deprecated = true];",
        "NEG = -1;",
        "option allow_alias = true;",
        "option deprecated = true;",
        "option (google.api.http) = { get: \"/v1\" };",
        "rpc Go(A) returns (stream B) {",
        "rpc go(A) returns (A);",
        "option (x).y.(z) = { a: [1, 2] };",
        "option message_set_wire_format = true;",
        "string s = 10 [json_name = \"a\", (opt) = 5];",
        "x = 536870911;",
        "int32 self = 19000;",
        "inf",
        "nan",
        "0x",
        "1e",
        "99999999999999999999",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_the_language(text in pieces()) {
        check(text.as_bytes())?;
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes)?;
    }

    #[test]
    fn a_good_file_with_a_hole(from in 0_usize..2000, length in 0_usize..200, with in any::<String>()) {
        let good = include_str!("../../../tests/idl/good/36_custom_options/options.proto");
        let mut bytes = good.as_bytes().to_vec();
        let from = from.min(bytes.len());
        let to = (from + length).min(bytes.len());
        bytes.splice(from..to, with.bytes());
        check(&bytes)?;
    }

    #[test]
    fn sets_of_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = from_descriptor_set(&bytes, None);
    }

    #[test]
    fn a_good_set_with_other_bytes(
        name in proptest::sample::select(vec!["explicit.binpb", "implicit.binpb"]),
        changes in proptest::collection::vec((0_usize..20_000, any::<u8>()), 1..8),
    ) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/idl/sets/16_editions");
        let mut bytes = std::fs::read(folder.join(name)).expect("a fixture");
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at % length] = byte;
        }
        if let Err(found) = from_descriptor_set(&bytes, None) {
            prop_assert!(!found.render().is_empty());
        }
    }
}
