//! Changes files token by token: what comes out is still nearly the language, so that it gets past the parser.
//! It refuses to understand the language: it knows words, strings, numbers and brackets.

use std::ops::Range;

use fastrand::Rng;

use crate::{Archive, archive::UNNAMED, fixtures};

/// The longest file that comes out, in bytes: large ones are slow, and find little that small ones do not.
const LONGEST: usize = 16 << 10;

/// Numbers at which something begins or ends.
const NUMBERS: &str = "0 1 2 -1 15 16 18999 19000 19999 20000 536870911 536870912 2147483647 -2147483648 \
    2147483648 4294967296 9223372036854775807 18446744073709551616 0x7fffffff 017 1e400 nan";

/// Words and marks that mean something, in places where they may not stand.
const WORDS: &str = "syntax import public weak message enum service rpc returns stream oneof extend extensions \
    reserved to max map group optional repeated required option int32 uint64 sint32 fixed64 float double bool string \
    bytes self Self _ inf true key value { } [ ] ( ) < > ; , = . : - \" ' /* */ // \\ \0 \u{feff} é";

/// The same of several words, one a line.
const PIECES: &str = "syntax = \"proto2\";
syntax = \"proto3\";
edition = \"2023\";
package a.b;
map<string, int32> m = 1;
[packed = true]
[default = 1]
[json_name = \"a\"]
[deprecated = true]
option allow_alias = true;
option map_entry = true;
option message_set_wire_format = true;
";

/// Files that can be imported without being there.
const IMPORTS: [&str; 8] = [
    "google/protobuf/any.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/wrappers.proto",
    "google/api/annotations.proto",
    "google/api/field_behavior.proto",
    "google/rpc/status.proto",
    "b.proto",
];

/// Changes the files, their names, or how many there are.
pub(crate) fn mutate_archive(archive: &mut Archive, random: &mut Rng) {
    let names: Vec<String> = archive.files.keys().cloned().collect();
    let Some(name) = random.choice(&names) else {
        archive
            .files
            .insert(UNNAMED.to_owned(), donor(random).to_vec());
        return;
    };
    let mut text = archive.files.remove(name).unwrap_or_default();
    let mut name = name.clone();
    match random.u8(..16) {
        // It is gone, or has another name: whoever imports it does not find it.
        0 if names.len() > 1 => return,
        1 => {
            name = format!(
                "{}.proto",
                random.choice(["a", "b", "c", "d/e"]).unwrap_or_default()
            )
        }
        // A copy: everything is declared twice.
        2 => {
            archive
                .files
                .insert(format!("{}.proto", random.u8(..4)), text.clone());
        }
        3 => {
            archive
                .files
                .insert(format!("{}.proto", random.u8(..4)), donor(random).to_vec());
        }
        // One more import of a file that is there.
        4 | 5 => {
            let imported = random.choice(&names).cloned().unwrap_or_default();
            let public = if random.bool() { "public " } else { "" };
            let line = format!("import {public}\"{imported}\";\n");
            let at = after_syntax(&text);
            text.splice(at..at, line.bytes());
        }
        6 => {
            let words = [
                "boxed",
                "btree_map",
                "bytes",
                "enum_prefix",
                "no_client",
                "no_comments",
                "no_debug",
                "serde",
            ];
            archive.options = vec![random.choice(words).unwrap_or_default().to_owned()];
        }
        _ => text = mutate(&text, random),
    }
    archive.files.insert(name, text);
}

/// Changes a file in a few places.
pub(crate) fn mutate(text: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..random.usize(1..=4) {
        change(&mut text, random);
    }
    text.truncate(LONGEST);
    text
}

fn change(text: &mut Vec<u8>, random: &mut Rng) {
    let tokens = tokens(text);
    let Some(at) = random.choice(0..tokens.len()) else {
        text.splice(0..0, donor(random).iter().copied());
        return;
    };
    let one = tokens[at].clone();
    let run = |random: &mut Rng, longest: usize| {
        let last = (at + random.usize(..longest)).min(tokens.len() - 1);
        one.start..tokens[last].end
    };
    match random.u8(..16) {
        0 => drop(text.drain(run(random, 12))),
        1 => {
            let copy = text[run(random, 40)].to_vec();
            let times = if random.u8(..8) == 0 { 20 } else { 1 };
            text.splice(one.start..one.start, copy.repeat(times));
        }
        2 => {
            let other = random.choice(&tokens).cloned().unwrap_or(one.clone());
            swap(text, one, other);
        }
        3 | 4 => {
            let copy = random
                .choice(&tokens)
                .map(|other| text[other.clone()].to_vec());
            text.splice(one, copy.unwrap_or_default());
        }
        5 | 6 => {
            let numbers = tokens
                .iter()
                .filter(|token| text[token.start].is_ascii_digit());
            let number = word(NUMBERS, random);
            if let Some(place) = random.choice(numbers.cloned().collect::<Vec<_>>()) {
                text.splice(place, number.bytes());
            }
        }
        7 | 8 => {
            let piece = match random.u8(..4) {
                0 => random
                    .choice(PIECES.lines().collect::<Vec<_>>())
                    .unwrap_or_default(),
                _ => word(WORDS, random),
            };
            text.splice(one.start..one.start, piece.bytes().chain([b' ']));
        }
        // A whole block, from here or from a fixture, into another place.
        9 => {
            let blocks = blocks(text, &tokens);
            let copy = random.choice(blocks).map(|block| text[block].to_vec());
            text.splice(one.start..one.start, copy.unwrap_or_default());
        }
        10 | 11 => {
            let donor = donor(random);
            let blocks = blocks(donor, &self::tokens(donor));
            let copy = random.choice(blocks).map(|block| donor[block].to_vec());
            text.splice(one.start..one.start, copy.unwrap_or_default());
        }
        12 => {
            let import = random.choice(IMPORTS).unwrap_or_default();
            let at = after_syntax(text);
            text.splice(at..at, format!("import \"{import}\";\n").bytes());
        }
        // A block in itself, some times over.
        13 => {
            if let Some(block) = random.choice(blocks(text, &tokens)) {
                let copy = text[block.clone()].to_vec();
                if let Some(open) = copy.iter().position(|byte| *byte == b'{') {
                    for _ in 0..random.usize(1..30) {
                        let at = block.start + open + 1;
                        text.splice(at..at, copy[..=open].iter().copied());
                        text.insert(block.end + open + 1, b'}');
                    }
                }
            }
        }
        // One name everywhere becomes another.
        14 => {
            let other = random
                .choice(&tokens)
                .map(|other| text[other.clone()].to_vec());
            let (name, other) = (text[one].to_vec(), other.unwrap_or_default());
            let pieces = tokens.iter().map(|token| text[token.clone()].to_vec());
            let pieces = pieces.map(|piece| if piece == name { other.clone() } else { piece });
            let pieces: Vec<Vec<u8>> = pieces.collect();
            *text = pieces.join(&b' ');
        }
        _ => {
            let at = random.usize(..text.len());
            text[at] = random.u8(..);
        }
    }
}

fn swap(text: &mut Vec<u8>, one: Range<usize>, other: Range<usize>) {
    let (first, second) = if one.start <= other.start {
        (one, other)
    } else {
        (other, one)
    };
    if first.end <= second.start {
        let (a, b) = (text[first.clone()].to_vec(), text[second.clone()].to_vec());
        text.splice(second, a);
        text.splice(first, b);
    }
}

fn word(words: &'static str, random: &mut Rng) -> &'static str {
    let words: Vec<_> = words.split_whitespace().collect();
    random.choice(words).unwrap_or_default()
}

/// A fixture: what pieces are taken from.
fn donor(random: &mut Rng) -> &'static [u8] {
    let donor = random.choice(fixtures::FILES.iter());
    donor.map(Vec::as_slice).unwrap_or_default()
}

/// Behind the first statement, which says `syntax` where there is one.
fn after_syntax(text: &[u8]) -> usize {
    let is_syntax = text.windows(6).position(|word| word == b"syntax");
    let end =
        is_syntax.and_then(|from| Some(from + text[from..].iter().position(|b| *b == b'\n')? + 1));
    end.unwrap_or(0)
}

/// Declarations: from the line of an opening brace to the brace that closes it.
fn blocks(text: &[u8], tokens: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut open = Vec::new();
    let mut found = Vec::new();
    for token in tokens {
        match &text[token.clone()] {
            b"{" => {
                let before = &text[..token.start];
                let start = before
                    .iter()
                    .rposition(|byte| matches!(byte, b'\n' | b';' | b'{' | b'}'));
                open.push(start.map_or(0, |at| at + 1));
            }
            b"}" => found.extend(open.pop().map(|start| start..token.end)),
            _ => {}
        }
    }
    found
}

/// Words, strings and single characters; white space and comments are between them.
fn tokens(text: &[u8]) -> Vec<Range<usize>> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at) {
        let rest = &text[at..];
        let end = |found: Option<usize>| found.map_or(text.len(), |length| at + length);
        let next = match first {
            b'/' if rest.starts_with(b"//") => end(rest.iter().position(|byte| *byte == b'\n')),
            b'/' if rest.starts_with(b"/*") => end(rest
                .windows(2)
                .position(|two| two == b"*/")
                .map(|at| at + 2)),
            b'"' | b'\'' => {
                let close = rest
                    .iter()
                    .skip(1)
                    .position(|byte| byte == first || *byte == b'\n');
                end(close.map(|length| length + 2))
            }
            byte if is_word(byte) => end(rest.iter().position(|byte| !is_word(byte))),
            _ => at + 1,
        };
        let is_comment = *first == b'/' && next > at + 1;
        if !is_comment && !first.is_ascii_whitespace() {
            tokens.push(at..next);
        }
        at = next;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_strings_and_marks() {
        let text = b"a_1 /* { */= \"x y\"; // z\n'it\n\xc3\xa9";
        let words: Vec<&[u8]> = tokens(text).into_iter().map(|token| &text[token]).collect();
        assert_eq!(
            words,
            [&b"a_1"[..], b"=", b"\"x y\"", b";", b"'it\n", b"\xc3\xa9"]
        );
    }

    #[test]
    fn blocks_are_declarations() {
        let text = b"message A {\n enum B { C = 0; } int32 d = 1; }}";
        let blocks = blocks(text, &tokens(text))
            .into_iter()
            .map(|block| &text[block]);
        let blocks: Vec<&[u8]> = blocks.collect();
        assert_eq!(
            blocks,
            [&b" enum B { C = 0; }"[..], &text[..text.len() - 1]]
        );
    }

    #[test]
    fn a_seed_says_all() {
        for seed in 0..100 {
            let change = || mutate(donor(&mut Rng::with_seed(seed)), &mut Rng::with_seed(seed));
            assert_eq!(change(), change());
            let many = (0..50).fold(change(), |text, _| mutate(&text, &mut Rng::with_seed(seed)));
            assert!(many.len() <= LONGEST);
        }
    }
}
