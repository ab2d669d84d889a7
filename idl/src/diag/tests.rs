use super::*;

fn at(line: u32, column: u32, end_column: u32) -> Span {
    Span::Idl {
        file: "shop/v1/cart.proto".into(),
        line,
        column,
        end_line: line,
        end_column,
    }
}

fn sources() -> SourceMap {
    let mut sources = SourceMap::default();
    sources.insert(
        "shop/v1/cart.proto",
        Some("proto/shop/v1/cart.proto".into()),
        "syntax = \"proto3\";\r\n\tmessage Cart { ü int32 a = 1; }\r\n",
    );
    sources
}

#[test]
fn a_line_stands_alone() {
    let found = Diagnostic::error("M0170", "two rpcs", at(2, 16, 17))
        .also(at(1, 1, 7), "the other")
        .help("rename one");
    let found = Diagnostics::new(vec![found], sources());
    assert_eq!(
        found.lines(),
        [
            "proto/shop/v1/cart.proto:2:16: M0170 two rpcs (the other at proto/shop/v1/cart.proto:1:1; rename one)"
        ]
    );
}

#[test]
fn the_report_marks_the_source_even_after_tabs_and_wide_characters() {
    let found = Diagnostic::error("M0001", "odd", at(2, 18, 23))
        .also(at(1, 10, 18), "proto3 is asked for")
        .help("no");
    let report = Diagnostics::new(vec![found], sources()).render();
    assert_eq!(
        report,
        "error[M0001]: odd
 --> proto/shop/v1/cart.proto:2:18
  |
2 | \tmessage Cart { ü int32 a = 1; }
  | \t                ^^^^^
 ::: proto/shop/v1/cart.proto:1:10
  |
1 | syntax = \"proto3\";
  |          ^^^^^^^^ proto3 is asked for
  = help: no

"
    );
}

#[test]
fn sorted_by_place_without_repeats() {
    let found = Diagnostics::new(
        vec![
            Diagnostic::error("M0003", "c", Span::None),
            Diagnostic::error("M0002", "b", at(2, 1, 1)),
            Diagnostic::error("M0001", "a", at(10, 1, 1)),
            Diagnostic::error("M0002", "b", at(2, 1, 1)),
        ],
        SourceMap::default(),
    );
    assert_eq!(
        found.lines(),
        [
            "shop/v1/cart.proto:2:1: M0002 b",
            "shop/v1/cart.proto:10:1: M0001 a",
            "M0003 c"
        ]
    );
}

#[test]
fn no_more_than_fifty_are_shown_and_the_rest_is_counted() {
    let all = (1..=53).map(|line| Diagnostic::error("M0001", "x", at(line, 1, 1)));
    let found = Diagnostics::new(all.collect(), SourceMap::default());
    assert_eq!(found.len(), 53);
    assert_eq!(found.lines().len(), 51);
    assert_eq!(found.lines()[50], "3 more not shown");
    assert!(found.render().ends_with("\n3 more not shown\n"));
}

#[test]
fn places_outside_of_the_text_do_not_panic() {
    for span in [
        at(0, 0, 0),
        at(900, 1, 2),
        at(1, 900, 2),
        at(2, 3, 1),
        Span::file("gone.proto"),
        Span::None,
    ] {
        let found = Diagnostics::new(vec![Diagnostic::error("M0001", "x\ny", span)], sources());
        assert!(found.lines()[0].contains("M0001 x y"));
        assert!(found.render().contains("M0001"));
    }
}
