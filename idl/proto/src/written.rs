//! Where the values of our options stand in the source, also inside of `{ … }`, which a descriptor has one place for.
//! It refuses to read values: the linker has.

use std::{collections::HashMap, iter::Peekable};

use prost_types::{FileDescriptorProto, source_code_info::Location};
use sinew_idl::diag::Span;

use crate::{
    places::{Places, span},
    scan::{self, Kind, Token, Tokens},
    source::SourceFile,
};

/// The statements of one file that set an option of one extension, by the paths of the options that they belong to.
pub(crate) struct Statements<'a> {
    file: &'a str,
    source: Option<&'a SourceFile>,
    of: HashMap<&'a [i32], Vec<&'a Location>>,
}

impl<'a> Statements<'a> {
    pub(crate) fn new(
        proto: &'a FileDescriptorProto,
        source: Option<&'a SourceFile>,
        extension: i32,
    ) -> Self {
        let mut of: HashMap<&[i32], Vec<&Location>> = HashMap::new();
        let info = proto.source_code_info.iter();
        for location in info.flat_map(|info| &info.location) {
            // An index may be the same number; nobody looks that up.
            let at = location.path.iter().position(|one| *one == extension);
            if let Some(options) = at.and_then(|at| location.path.get(..at)) {
                of.entry(options).or_default().push(location);
            }
        }
        Self {
            file: proto.name(),
            source,
            of,
        }
    }

    /// What is written in the options at `path`.
    pub(crate) fn at(&self, path: &[i32], places: &Places<'_>) -> Written<'a> {
        let locations = self.of.get(path).map(Vec::as_slice).unwrap_or_default();
        let mut values = Vec::new();
        for location in locations {
            if let Some(source) = self.source
                && let Some((from, to)) = source.bytes(&location.span)
            {
                values.extend(statement(&source.text, from, to));
            }
        }
        let whole = match locations.first() {
            Some(first) => span(self.file, self.source, &first.span),
            None => places.span(path),
        };
        Written {
            source: self.source,
            whole,
            values,
        }
    }
}

/// The values of one extension in one declaration.
pub(crate) struct Written<'a> {
    source: Option<&'a SourceFile>,
    /// What stands for a value that is not found.
    whole: Span,
    values: Vec<Node>,
}

impl Written<'_> {
    /// Where everything stands that is set.
    pub(crate) fn root(&self) -> Place<'_> {
        Place {
            written: self,
            nodes: self.values.iter().collect(),
            fallback: None,
        }
    }

    fn span(&self, bytes: Option<(usize, usize)>) -> Span {
        match (self.source, bytes) {
            (Some(source), Some((from, to))) => source.span(from, to),
            _ => self.whole.clone(),
        }
    }
}

/// Where a value stands: in one piece, or, if it is a message, in several.
#[derive(Clone)]
pub(crate) struct Place<'w> {
    written: &'w Written<'w>,
    nodes: Vec<&'w Node>,
    /// The nearest place around it.
    fallback: Option<(usize, usize)>,
}

impl<'w> Place<'w> {
    /// The field `name` of it: everything that is written for it.
    pub(crate) fn field(&self, name: &str) -> Self {
        let fields = self.nodes.iter().flat_map(|node| &node.fields);
        Self {
            written: self.written,
            nodes: fields.filter(|node| node.name == name).collect(),
            fallback: self.key_bytes(),
        }
    }

    /// One element of a repeated field.
    pub(crate) fn element(&self, index: usize) -> Self {
        Self {
            written: self.written,
            nodes: self.nodes.get(index).copied().into_iter().collect(),
            fallback: self.key_bytes(),
        }
    }

    /// The value.
    pub(crate) fn value(&self) -> Span {
        let value = self.nodes.first().and_then(|node| node.value);
        self.written.span(value.or_else(|| self.key_bytes()))
    }

    /// The name in front of the value.
    pub(crate) fn key(&self) -> Span {
        self.written.span(self.key_bytes())
    }

    fn key_bytes(&self) -> Option<(usize, usize)> {
        let named = self.nodes.first().filter(|node| node.name != ROOT);
        named.map(|node| node.key).or(self.fallback)
    }
}

/// What ends the name of an extension, and stands for it.
const ROOT: &str = ")";

/// A name and what is written for it, by bytes.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    name: String,
    key: (usize, usize),
    /// Nothing between the parts of a path: `retry` in `(sinew.method).retry.codes`.
    value: Option<(usize, usize)>,
    fields: Vec<Node>,
}

/// `option (sinew.method).retry.max_attempts = 3;`, or the same without `option` and `;` in brackets. The root stands
/// for the extension.
fn statement(text: &str, from: usize, to: usize) -> Vec<Node> {
    let mut tokens = scan::tokens(text, from).peekable();
    let mut path: Vec<Token<'_>> = Vec::new();
    loop {
        match tokens.next() {
            Some(token) if token.at < to => match token.text {
                "=" => break,
                ROOT => path = vec![token],
                _ if token.kind == Kind::Word => path.push(token),
                _ => {}
            },
            _ => return Vec::new(),
        }
    }
    let Some((last, before)) = path.split_last() else {
        return Vec::new();
    };
    let mut nodes = Vec::new();
    value(&mut tokens, last, &mut nodes);
    for part in before.iter().rev() {
        nodes = vec![Node {
            name: part.text.to_owned(),
            key: (part.at, part.end()),
            value: None,
            fields: nodes,
        }];
    }
    nodes
}

/// One value, or the elements of a list.
fn value(tokens: &mut Peekable<Tokens<'_>>, key: &Token<'_>, nodes: &mut Vec<Node>) {
    let Some(first) = tokens.peek().copied() else {
        return;
    };
    let mut end = first.end();
    let mut fields = Vec::new();
    match first.text {
        "[" => {
            tokens.next();
            loop {
                match tokens.peek().map(|token| token.text) {
                    None => return,
                    Some("]") => break,
                    Some(",") => {}
                    Some(_) => {
                        value(tokens, key, nodes);
                        continue;
                    }
                }
                tokens.next();
            }
            tokens.next();
            return;
        }
        "{" | "<" => {
            tokens.next();
            end = message(tokens, &mut fields).unwrap_or(end);
        }
        _ => end = scalar(tokens).unwrap_or(end),
    }
    nodes.push(Node {
        name: key.text.to_owned(),
        key: (key.at, key.end()),
        value: Some((first.at, end)),
        fields,
    });
}

/// The fields up to the closing bracket, and where that ends.
fn message(tokens: &mut Peekable<Tokens<'_>>, fields: &mut Vec<Node>) -> Option<usize> {
    loop {
        let token = tokens.next()?;
        match token.text {
            "}" | ">" => return Some(token.end()),
            _ if token.kind == Kind::Word => {
                tokens.next_if(|next| next.text == ":");
                value(tokens, &token, fields);
            }
            _ => {}
        }
    }
}

/// The end of a string in one piece or several, or of a word with what belongs to it: `-1.5e-3`.
fn scalar(tokens: &mut Peekable<Tokens<'_>>) -> Option<usize> {
    let mut last = tokens.next()?;
    while let Some(next) = tokens.peek().copied() {
        let is_joined = last.kind == Kind::Text && next.kind == Kind::Text;
        let touches = last.end() == next.at && last.kind != Kind::Text;
        let is_part = next.kind == Kind::Word || ["-", "+", "."].contains(&next.text);
        let is_signed = last.text == "-" && next.kind == Kind::Word;
        if !(is_joined || touches && is_part || is_signed) {
            break;
        }
        tokens.next();
        last = next;
    }
    Some(last.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each value with the names that lead to it.
    fn values(text: &str) -> Vec<String> {
        fn walk(text: &str, path: &str, nodes: &[Node], out: &mut Vec<String>) {
            for node in nodes {
                let path = format!("{path}/{}", node.name);
                assert_eq!(text[node.key.0..node.key.1], node.name);
                match node.value {
                    Some((from, to)) if node.fields.is_empty() => {
                        out.push(format!("{path} {}", &text[from..to]));
                    }
                    _ => walk(text, &path, &node.fields, out),
                }
            }
        }
        let mut out = Vec::new();
        walk(text, "", &statement(text, 0, text.len()), &mut out);
        out
    }

    #[test]
    fn both_spellings_and_all_that_text_format_allows() {
        for (text, want) in [
            (
                r#"option (sinew.method).timeout = "1s";"#,
                &[r#"/)/timeout "1s""#][..],
            ),
            (
                "(.sinew . field) . hash_key = true, deprecated = true",
                &["/)/hash_key true"],
            ),
            (
                "option (sinew.method).retry = { max_attempts: 3 multiplier: -1.5e-3, \
                 codes: ['A' \"B\", 'C'] codes: \"D\"; x: - 2 y: .5 };",
                &[
                    "/)/retry/max_attempts 3",
                    "/)/retry/multiplier -1.5e-3",
                    "/)/retry/codes 'A' \"B\"",
                    "/)/retry/codes 'C'",
                    "/)/retry/codes \"D\"",
                    "/)/retry/x - 2",
                    "/)/retry/y .5",
                ],
            ),
            (
                "option (m) = { /* } */ retry < a: 1 // }\n > errors { t: 'x' } errors: [{t: 'y'}, <>] };",
                &[
                    "/)/retry/a 1",
                    "/)/errors/t 'x'",
                    "/)/errors/t 'y'",
                    "/)/errors <>",
                ],
            ),
            ("option (m) = {}; option (m).x = 1;", &["/) {}"]),
        ] {
            assert_eq!(values(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_does_no_harm() {
        let text = r#"option (m).a = { b: [1, { c: "d" }] e < f: -1.5 > };"#;
        for end in 0..text.len() {
            statement(&text[..end], 0, end);
            statement(text, 0, end);
            statement(text, end, text.len());
        }
    }
}
