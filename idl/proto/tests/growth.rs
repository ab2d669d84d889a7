//! Four times the input is about four times the work, right or wrong: what is looked up for each declaration or each
//! fault must not be looked for in all of them.
//! It refuses to look at the clock: work is counted in the bytes that are allocated on the way.

#![allow(clippy::expect_used, reason = "helpers of tests fail by panicking")]

mod common;

use common::Folder;
use sinew_idl_proto::compile;

/// Four, and room for tables that double; what is quadratic makes it sixteen.
const MOST: u64 = 7;

/// Bytes allocated while `text` is compiled; whether it is right does not matter.
fn work(text: &str) -> u64 {
    let folder = Folder::with(&[("a.proto", text.as_bytes())]);
    let sources = folder.sources(&["a.proto"]);
    let info = allocation_counter::measure(|| drop(compile(&sources)));
    info.bytes_total
}

/// A file with `count` pieces between `start` and `end`; each has a number of its own.
fn file(start: &str, piece: &str, end: &str, count: usize) -> String {
    let pieces = (1..=count).map(|number| piece.replace('#', &number.to_string()));
    format!("{start}{}{end}", pieces.collect::<String>())
}

#[test]
fn work_grows_with_the_input_and_not_with_its_square() {
    for (start, piece, end) in [
        ("syntax = \"proto3\"; message M {", "int32 f# = #;", "}"),
        (
            "syntax = \"proto3\"; message M {",
            "optional int32 f# = #;",
            "}",
        ),
        (
            "syntax = \"proto3\"; message M {",
            "oneof o# { int32 f# = #; }",
            "}",
        ),
        (
            "syntax = \"proto3\"; message M {",
            "map<int32, M> f# = #;",
            "}",
        ),
        ("syntax = \"proto3\"; message M {", "reserved \"f#\";", "}"),
        ("syntax = \"proto3\"; message M {", "reserved \"f\";", "}"),
        (
            "syntax = \"proto3\"; message M {",
            "int32 f# = # [deprecated = true];",
            "}",
        ),
        (
            "syntax = \"proto3\"; message M {",
            "int32 f# = # [packed = true];",
            "}",
        ),
        ("syntax = \"proto3\"; message M {", "X# f# = #;", "}"),
        ("syntax = \"proto3\"; message M {", "int32 f# = 1;", "}"),
        ("syntax = \"proto3\";", "import \"x#.proto\";", ""),
        (
            "syntax = \"proto3\";",
            "import \"google/protobuf/any.proto\";",
            "",
        ),
        ("syntax = \"proto3\";", "message M# { M# m = 1; }", ""),
        (
            "syntax = \"proto3\"; message M {}",
            "service S# { rpc A(M) returns (M); }",
            "",
        ),
        ("syntax = \"proto3\"; enum E { A = 0;", "V# = #;", "}"),
        (
            "syntax = \"proto2\"; message M { extensions 1 to max; } extend M {",
            "optional int32 f# = 5;",
            "}",
        ),
        (
            "syntax = \"proto2\"; message M {",
            "optional int32 f#_a = 1#; optional int32 f#A = 2#;",
            "}",
        ),
    ] {
        let [one, four] = [150, 600].map(|count| work(&file(start, piece, end, count)));
        assert!(
            four <= one * MOST,
            "{piece}: {one} bytes for 150, {four} bytes for 600"
        );
    }
}
