//! Names of extensions in the text of an option's value, `{ [shop.note]: "x" }`: the library knows them by their full
//! names alone, and protoc as it knows any name.
//! It refuses to look them up: whoever asks says what a name means.

use crate::scan::{self, Kind};

/// The text with the names that `full` has another for; `None` if there is none.
pub(crate) fn with_full_names(text: &str, full: impl Fn(&str) -> Option<String>) -> Option<String> {
    let tokens: Vec<_> = scan::tokens(text, 0).collect();
    let mut out = String::new();
    let mut done = 0;
    for (index, open) in tokens.iter().enumerate() {
        // Behind a colon, brackets hold a list of values.
        let is_list = index > 0 && tokens[index - 1].text == ":";
        if open.text != "[" || is_list {
            continue;
        }
        let within = tokens[index + 1..].iter();
        let parts: Vec<_> = within.take_while(|token| token.text != "]").collect();
        let is_name = parts
            .iter()
            .all(|part| part.kind == Kind::Word || part.text == ".");
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            continue;
        };
        let name: String = parts.iter().map(|part| part.text).collect();
        if let Some(full) = full(&name).filter(|_| is_name) {
            out.push_str(&text[done..first.at]);
            out.push_str(&full);
            done = last.end();
        }
    }
    out.push_str(&text[done..]);
    (done > 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_brackets_are_names_of_extensions_unless_they_are_values() {
        let full = |name: &str| (name == "a.b").then(|| "x.a.b".to_owned());
        for (text, expected) in [
            (
                r#"{ foo: "a" [a.b]: "[a.b]" }"#,
                Some(r#"{ foo: "a" [x.a.b]: "[a.b]" }"#),
            ),
            ("[ a . b ] { [a.b] <> }", Some("[ x.a.b ] { [x.a.b] <> }")),
            ("list: [a.b] other: [1, 2]", None),
            ("[type.googleapis.com/a.b] {}", None),
            ("[c] [", None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(with_full_names(text, full).as_deref(), expected, "{text}");
        }
    }
}
