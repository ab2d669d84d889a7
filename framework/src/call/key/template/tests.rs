use proptest::prelude::*;

use super::*;

#[test]
fn the_named_part_is_found_where_all_matches() {
    let table = "projects/p/instances/i/tables/t";
    for (template, text, want) in [
        ("{name=**}", table, Some(table)),
        ("{name=**}", "", Some("")),
        ("{name=**}", "/", Some("/")),
        ("{name}", "p", Some("p")),
        ("{name}", "", None),
        ("{name}", "p/", None),
        ("{name}", table, None),
        ("{name=*}", "\u{e4}\u{1f600}", Some("\u{e4}\u{1f600}")),
        ("{routing_id=projects/*}/**", table, Some("projects/p")),
        (
            "{routing_id=projects/*}/**",
            "projects/p",
            Some("projects/p"),
        ),
        (
            "{routing_id=projects/*}/**",
            "projects/p/",
            Some("projects/p"),
        ),
        ("{routing_id=projects/*}/**", "projects//i", None),
        ("{routing_id=projects/*}/**", "projects", None),
        ("{routing_id=projects/*}/**", "project/p", None),
        (
            "projects/*/{table_location=instances/*}/tables/*",
            table,
            Some("instances/i"),
        ),
        (
            "projects/*/{table_location=instances/*}/tables/*",
            "projects/p/instances/i/tables/t/u",
            None,
        ),
        (
            "projects/*/{table_location=regions/*/zones/*}/**",
            "projects/p/regions/r/zones/z/tables/t",
            Some("regions/r/zones/z"),
        ),
        ("projects/{rest=**}", "projects", Some("")),
        ("projects/{rest=**}", "projects/", Some("")),
        ("projects/{rest=**}", "projects/a//b", Some("a//b")),
        ("a/*/{last}", "a/b/\u{e4}", Some("\u{e4}")),
        // None of these is one.
        ("", "", None),
        ("projects/*", "projects/p", None),
        ("{name", "p", None),
    ] {
        let found = Template::new(template).and_then(|one| one.find(text));
        assert_eq!(found, want, "{template} in {text}");
    }
}

/// All ways to match, one after the other: where does the text continue behind this pattern?
fn ends(pattern: &[&str], text: &[&str]) -> Vec<usize> {
    let Some((first, pattern)) = pattern.split_first() else {
        return vec![0];
    };
    let most = if *first == "**" { text.len() } else { 1 };
    let least = if *first == "**" { 0 } else { 1 };
    let mut found = Vec::new();
    for taken in least..=most.min(text.len()) {
        let is_match = match *first {
            "**" => true,
            "*" => !text[0].is_empty(),
            literal => text[0] == literal,
        };
        if is_match {
            let ends = ends(pattern, &text[taken..]);
            found.extend(ends.into_iter().map(|end| end + taken));
        }
    }
    found
}

fn by_trying(before: &[&str], named: &[&str], after: &[&str], text: &str) -> Option<String> {
    let text: Vec<&str> = text.split('/').collect();
    for start in ends(before, &text) {
        for end in ends(named, &text[start..]) {
            let rest = &text[start + end..];
            if ends(after, rest).contains(&rest.len()) {
                return Some(text[start..start + end].join("/"));
            }
        }
    }
    None
}

const SEGMENT: &str = "[ab]|\\*|\u{e4}";

proptest! {
    #[test]
    fn it_finds_what_trying_everything_finds(
        before in prop::collection::vec(SEGMENT, 0..3),
        named in prop::collection::vec(SEGMENT, 1..3),
        after in prop::collection::vec(SEGMENT, 0..3),
        has_rest in any::<bool>(),
        text in "([ab\u{e4}]?/){0,6}[ab]?",
    ) {
        let (mut named, mut after) = (named, after);
        if has_rest {
            let last = if after.is_empty() { &mut named } else { &mut after };
            last.pop();
            last.push("**".to_owned());
        }
        let slash = |parts: &[String]| if parts.is_empty() { "" } else { "/" };
        let template = format!(
            "{}{}{{name={}}}{}{}",
            before.join("/"), slash(&before), named.join("/"), slash(&after), after.join("/"),
        );
        let parts = [&before, &named, &after];
        let [before, named, after] = parts.map(|parts| {
            parts.iter().map(String::as_str).collect::<Vec<_>>()
        });
        let found = Template::new(&template).and_then(|one| one.find(&text));
        let want = by_trying(&before, &named, &after, &text);
        prop_assert_eq!(found, want.as_deref(), "{} in {}", template, text);
    }

    #[test]
    fn nothing_panics(template in "[{}=*/ab.\u{e4}]{0,16}|\\PC{0,20}", text in "[*/ab\u{e4}]{0,12}|\\PC{0,20}") {
        let _ = Template::new(&template).and_then(|one| one.find(&text));
    }
}
