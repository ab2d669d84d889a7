//! What can be wrong: the faults that are made where a declaration is, and those of tokens and of text.
//! It refuses to make more than one in an input.

use fastrand::Rng;

use super::tokens::Tokens;

/// All faults by name. One that finds no place becomes one of tokens.
pub(crate) const ALL: [&str; 84] = [
    "a custom option of the wrong type",
    "a custom option out of range",
    "a default of a message",
    "a default of the wrong type",
    "a default out of range",
    "a default that the enum does not have",
    "a default where there can be none",
    "a field of an aggregate of the wrong type",
    "a field of an aggregate out of range",
    "a field with a reserved name",
    "a field without a label in proto2",
    "a group in proto3",
    "a group with a small letter",
    "a json_name of an extension",
    "a label in a oneof",
    "a map as an extension",
    "a map in a oneof",
    "a map of an enum that does not start at 0",
    "a map with a key that cannot be one",
    "a map with a label",
    "a name declared twice",
    "a name reserved twice",
    "a name that is none",
    "a name that means something else here",
    "a number that is for extensions",
    "a number that no field may have",
    "a number used twice",
    "a oneof without a field",
    "a path that no import may have",
    "a required extension",
    "a required field in proto3",
    "a reserved number",
    "a statement that is none",
    "a stray character",
    "a string left open",
    "a syntax that is not known",
    "a token left out",
    "a token more",
    "a token replaced",
    "a token twice",
    "a type that is not defined",
    "a type that is not imported",
    "a value too large for an enum",
    "a value with a reserved name",
    "a value with a reserved number",
    "an aggregate that is none",
    "an alias that is none",
    "an empty list of options",
    "an enum of proto2 in proto3",
    "an enum of proto3 that does not start at 0",
    "an enum without a value",
    "an escape that is none",
    "an extension in proto3",
    "an extension number outside of the ranges",
    "an extension number twice",
    "an import of itself",
    "an import that is not there",
    "an import twice",
    "an option of the wrong type",
    "an option set twice",
    "an option that is not there",
    "an rpc of something that is no message",
    "an rpc that is none",
    "jstype of something small",
    "packed where nothing can be",
    "ranges in proto3",
    "ranges of extensions that overlap or end early",
    "reserved names that are none",
    "reserved numbers of an enum that overlap or end early",
    "reserved numbers that overlap or end early",
    "something that no message holds",
    "the end cut off",
    "two defaults",
    "two fields of a name",
    "two fields of a name in JSON",
    "two packages",
    "two rpcs of a name",
    "two tokens changed about",
    "two values of a name",
    "two values of a number, without an alias",
    "a comment left open",
    "a comment in a comment",
    "a letter changed",
    "a digit more",
];

const OF_TOKENS: [&str; 8] = [
    "a token left out",
    "a token more",
    "a token replaced",
    "a token twice",
    "a letter changed",
    "a digit more",
    "two tokens changed about",
    "the end cut off",
];

const OF_TEXT: [&str; 4] = [
    "a stray character",
    "a string left open",
    "a comment left open",
    "a comment in a comment",
];

/// What is to be wrong.
pub(crate) fn choose(rng: &mut Rng) -> &'static str {
    ALL[rng.usize(..ALL.len())]
}

/// Makes a fault of tokens, unless one of text is wanted; says which.
pub(crate) fn of_tokens(
    rng: &mut Rng,
    wanted: Option<&'static str>,
    tokens: &mut Tokens,
) -> &'static str {
    if let Some(wanted) = wanted.filter(|wanted| OF_TEXT.contains(wanted)) {
        return wanted;
    }
    let fault = wanted.filter(|wanted| OF_TOKENS.contains(wanted));
    let fault = fault.unwrap_or_else(|| OF_TOKENS[rng.usize(..OF_TOKENS.len())]);
    if tokens.is_empty() {
        tokens.push("}".to_owned());
        return "a token more";
    }
    let at = rng.usize(..tokens.len());
    match fault {
        "a token left out" => {
            tokens.remove(at);
        }
        "a token more" => tokens.insert(at, stray(rng)),
        "a token replaced" => tokens[at] = stray(rng),
        "a token twice" => tokens.insert(at, tokens[at].clone()),
        "two tokens changed about" => {
            let next = (at + 1) % tokens.len();
            tokens.swap(at, next);
        }
        "the end cut off" => tokens.truncate(at),
        "a letter changed" => change_letter(rng, &mut tokens[at]),
        _ => tokens[at].push(['0', '9', '.', 'e'][rng.usize(..4)]),
    }
    fault
}

/// Makes a fault of text, if it is one.
pub(crate) fn of_text(rng: &mut Rng, fault: &str, text: &mut String) {
    let stray = match fault {
        "a stray character" => {
            ["$", "#", "@", "é", "\u{1}", "!", "\\", "\u{feff}", "?"][rng.usize(..9)]
        }
        "a string left open" => ["\"", "'", "\"a\n", "'\\'"][rng.usize(..4)],
        "a comment left open" => "/* ",
        "a comment in a comment" => "/* a /* b */ c */",
        _ => return,
    };
    let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    places.push(text.len());
    let at = places[rng.usize(..places.len())];
    text.insert_str(at, stray);
}

fn change_letter(rng: &mut Rng, token: &mut String) {
    let mut letters: Vec<char> = token.chars().collect();
    let at = rng.usize(..letters.len().max(1));
    if let Some(letter) = letters.get_mut(at) {
        *letter = ['z', 'Z', '_', '5', '.'][rng.usize(..5)];
    }
    *token = letters.into_iter().collect();
}

fn stray(rng: &mut Rng) -> String {
    let strays = [
        ";", "{", "}", "[", "]", "(", ")", "=", ",", ".", "-", "+", "<", ">", ":", "/", "1", "0",
        "name", "message", "option", "import", "enum", "\"text\"", "1.5", "optional", "reserved",
        "to", "max", "true", "repeated", "int32", "extend", "oneof", "rpc", "stream", "group",
        "map", "syntax", "package",
    ];
    strays[rng.usize(..strays.len())].to_owned()
}
