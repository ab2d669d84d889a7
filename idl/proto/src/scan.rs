//! A lexer for what has to be known before, or beside, the real parser: editions, depth, where a token stands.
//! It refuses to judge: what it cannot read it skips, the parser complains.

/// A token of a `.proto` file, by the bytes where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or a number.
    Word,
    /// A string, with its quotes.
    Text,
    /// One character of punctuation.
    Mark,
}

impl Token<'_> {
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// The tokens of `source`, from byte `from` on, without comments.
pub(crate) fn tokens(source: &str, from: usize) -> Tokens<'_> {
    Tokens { source, at: from }
}

/// See [`tokens`].
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.source.get(self.at..)?;
            let first = rest.chars().next()?;
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else if first.is_whitespace() {
                first.len_utf8()
            } else {
                let (kind, length) = match first {
                    '"' | '\'' => (Kind::Text, string_length(rest, first)),
                    c if is_word(c) => {
                        (Kind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
                    }
                    c => (Kind::Mark, c.len_utf8()),
                };
                let at = self.at;
                self.at += length;
                let text = rest.get(..length)?;
                return Some(Token { kind, text, at });
            };
            self.at += length;
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the string that `rest` starts with; an open one ends with its line.
fn string_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `edition = "2023";` as the first statement: where it stands (bytes), and which edition.
pub(crate) fn edition(source: &str) -> Option<((usize, usize), &str)> {
    let mut tokens = tokens(source, 0);
    let [word, equals, value] = [tokens.next()?, tokens.next()?, tokens.next()?];
    (word.text == "edition" && equals.text == "=" && value.kind == Kind::Text).then(|| {
        let name = value.text.trim_matches(['"', '\'']);
        ((word.at, value.end()), name)
    })
}

/// Does the file start with `syntax = …`, whatever that says?
pub(crate) fn has_syntax(source: &str) -> bool {
    tokens(source, 0)
        .next()
        .is_some_and(|first| first.text == "syntax")
}

/// The first bracket (its byte) that is nested deeper than `limit`.
pub(crate) fn too_deep(source: &str, limit: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for token in tokens(source, 0).filter(|token| token.kind == Kind::Mark) {
        match token.text {
            "{" | "[" | "(" | "<" => depth += 1,
            "}" | "]" | ")" | ">" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return Some(token.at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_hide_what_they_hold() {
        let source = "a /* { */ \"x { \\\" }\" // {\n'it' 12.5 é";
        let texts: Vec<_> = tokens(source, 0).map(|token| token.text).collect();
        assert_eq!(texts, ["a", "\"x { \\\" }\"", "'it'", "12", ".", "5", "é"]);
    }

    #[test]
    fn what_is_not_closed_ends() {
        for source in ["/* a", "\"a", "\"a\\", "'\n", "//"] {
            assert!(tokens(source, 0).count() <= 2, "{source}");
        }
    }

    #[test]
    fn editions_are_seen_only_as_the_first_statement() {
        let source = "// c\n  edition = \"2023\"; message A {}";
        assert_eq!(edition(source), Some(((7, 23), "2023")));
        for other in ["syntax = \"proto3\";", "message edition {}", "edition", ""] {
            assert_eq!(edition(other), None, "{other}");
        }
    }

    #[test]
    fn depth() {
        assert_eq!(too_deep("{{}}{<[", 2), Some(6));
        assert_eq!(too_deep("{{}}{}\"{{{{\"", 2), None);
    }
}
