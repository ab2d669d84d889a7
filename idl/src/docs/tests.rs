use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag};

use super::*;

fn of(comment: &str) -> Vec<String> {
    rustdoc(&Docs::Plain(
        comment.split('\n').map(str::to_owned).collect(),
    ))
}

#[test]
fn what_becomes_of_comments() {
    for (comment, expected) in [
        ("", &[][..]),
        ("Adds one line.", &[" Adds one line."]),
        ("\n\nOne.\n\nTwo.\n\n", &[" One.", "", " Two."]),
        (
            "See [Cart] and [it](Cart).",
            &[r" See \[Cart\] and \[it\](Cart)."],
        ),
        ("A Vec<T> of &amp; <b>", &[r" A Vec\<T> of \&amp; \<b>"]),
        ("Read https://a.b/c_d.", &[" Read <https://a.b/c_d>."]),
        ("(http://a.b/?x=[y])", &[r" (<http://a.b/?x=>\[y\])"]),
        ("http:// alone", &[" http:// alone"]),
        (
            "`Vec<[T]>` stays, `open stays not",
            &[r" `Vec<[T]>` stays, \`open stays not"],
        ),
        ("```\nlet x = 1;\n```", &[" ```text", " let x = 1;", " ```"]),
        (
            "```rust,no_run\nx\n```\nThen.",
            &[" ```text", " x", " ```", " Then."],
        ),
        ("~~~\n```\n~~~", &[" ````text", " ```", " ````"]),
        ("```\nnever closed", &[" ```text", " never closed", " ```"]),
        (
            "So:\n\n    code();\n\n      more();\n\nEnd.",
            &[
                " So:",
                "",
                " ```text",
                " code();",
                "",
                "   more();",
                " ```",
                "",
                " End.",
            ],
        ),
        ("Wrapped\n    line.", &[" Wrapped", "   line."]),
        ("\tcode", &[" ```text", " code", " ```"]),
        (
            "- item\n  - inner\n-     code?",
            &[" - item", "   - inner", " - code?"],
        ),
        (
            "- ```rust\n  x\n  ```",
            &[r" - \`\`\`rust", "   x", " ```text", " ```"],
        ),
        ("#![x] and *\\/ and */", &[r" #!\[x\] and *\\/ and *\/"]),
        ("ends with \\", &[r" ends with \\"]),
        ("a\u{202e}b\u{7}c\rd\u{2028}e", &[" abc", " d", " e"]),
        ("日本語 😀 עברית", &[" 日本語 😀 עברית"]),
    ] {
        assert_eq!(of(comment), expected, "{comment:?}");
    }
}

/// What rustdoc would make of it, with all of its extensions.
fn check(lines: &[String]) -> Result<(), String> {
    let text = lines.join("\n");
    for event in Parser::new_ext(&text, Options::all()) {
        match &event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if &**info == "text" => {}
            Event::Start(Tag::CodeBlock(_)) => return Err(format!("a doctest: {event:?}")),
            Event::Start(Tag::Link {
                link_type: LinkType::Autolink,
                ..
            }) => {}
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_))
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Start(Tag::HtmlBlock)
            | Event::Html(_)
            | Event::InlineHtml(_) => return Err(format!("{event:?}")),
            Event::Text(text) if text.contains("http://a.b") => {}
            _ => {}
        }
    }
    for line in lines {
        let quoted = format!("#[doc = {line:?}] struct A;");
        syn::parse_str::<syn::Item>(&quoted).map_err(|e| e.to_string())?;
        let sugared = format!("///{line}\nstruct A;");
        syn::parse_str::<syn::Item>(&sugared).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Pieces that mean something in Markdown, in any order.
fn markdown() -> impl Strategy<Value = String> {
    let pieces = [
        "`",
        "``",
        "```",
        "````",
        "~~~",
        "~",
        "rust",
        "text",
        "\n",
        "\n",
        "\n\n",
        " ",
        "    ",
        "\t",
        "- ",
        "* ",
        "1. ",
        "> ",
        "# ",
        "---",
        "===",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "<T>",
        "</b>",
        "<!--",
        "-->",
        "<?",
        "<![CDATA[",
        "&amp;",
        "&#35;",
        "\\",
        "!",
        "![",
        "[^1]",
        "[^1]: ",
        "[a]: ",
        "http://a.b",
        "https://a.b/c",
        "www.a.b",
        "a@b.cd",
        "*/",
        "/*",
        "|",
        "|-|",
        "a",
        "word",
        "é",
        "$",
        "$$",
        ":",
        "{#id}",
        "+++",
        "- [ ] ",
        "^",
        "_",
        "\u{202e}",
        "\r",
        "\0",
        "//",
        "/",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_comment_becomes_a_doctest_a_link_or_html(comment in markdown()) {
        let lines = of(&comment);
        prop_assert!(check(&lines).is_ok(), "{:?}\n{}", check(&lines), lines.join("\n"));
    }

    #[test]
    fn nor_do_random_characters(comment in any::<String>()) {
        let lines = of(&comment);
        prop_assert!(check(&lines).is_ok(), "{:?}\n{}", check(&lines), lines.join("\n"));
    }
}

#[test]
fn comments_lose_their_marks_and_nothing_else() {
    for (comment, expected) in [
        ("", &[][..]),
        (" Adds.\n\n   Deep.\n", &["Adds.", "", "  Deep."]),
        ("Tight.\n more\n", &["Tight.", " more"]),
        ("/ Three.\n/ Slashes.\n", &["Three.", "Slashes."]),
        ("* Stars.\n ", &["Stars."]),
        ("*\n Stars.\n More.\n", &["Stars.", "More."]),
        (" * item\n * item\n", &["* item", "* item"]),
        (" CRLF\r\n line\r\n", &["CRLF", "line"]),
        ("\n\n  \n", &[]),
    ] {
        assert_eq!(
            plain(comment),
            Docs::Plain(expected.iter().map(ToString::to_string).collect()),
            "{comment:?}"
        );
    }
}

#[test]
fn comments_of_rust_are_text_of_an_idl() {
    let code = Docs::Rustdoc(vec![" One.".into(), String::new(), "     code();".into()]);
    assert_eq!(text(&code), ["One.", "", "    code();"]);
    for (comment, expected) in [
        (&[][..], &[][..]),
        (&["", "  ", "\t"], &[]),
        (&[" Adds.  "], &["Adds."]),
        (&["Tight.", "   Deep."], &["Tight.", "  Deep."]),
        (&["   All.", "     Deeper."], &["All.", "  Deeper."]),
        (
            &[" /// and /* and */ and //"],
            &["/// and /* and */ and //"],
        ),
        (
            &[" Of a doc.", "Of an attribute."],
            &["Of a doc.", "Of an attribute."],
        ),
        (&[" a\r\n b\u{2028}c\rd\u{85}e"], &["a", "b", "c", "d", "e"]),
        (
            &[" turns\u{202e} and\u{0} rings\u{7}"],
            &["turns and rings"],
        ),
    ] {
        let comment = comment.iter().map(ToString::to_string).collect();
        assert_eq!(text(&Docs::Rustdoc(comment)), expected);
    }
    let plain = Docs::Plain(vec!["  Deep.".into(), " code".into()]);
    assert_eq!(text(&plain), [" Deep.", "code"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_behind_slashes_is_read_again(comment in proptest::collection::vec(any::<String>(), 0..5)) {
        let lines = text(&Docs::Rustdoc(comment));
        let printed: String = lines.iter().map(|line| format!(" {line}\n")).collect();
        prop_assert_eq!(plain(&printed), Docs::Plain(lines));
    }

    #[test]
    fn and_so_is_markdown(comment in markdown()) {
        let lines = text(&Docs::Rustdoc(vec![comment]));
        let printed: String = lines.iter().map(|line| format!(" {line}\n")).collect();
        prop_assert_eq!(plain(&printed), Docs::Plain(lines));
    }
}
