//! Turns what the linker finds into diagnostics: its places, codes of ours, and the other place where it names only a
//! file.
//! It refuses to decide what is an error: the linker (`link.rs`) and the checks behind it (`check.rs`) do.

use miette::Diagnostic as _;
use prost_reflect::{DescriptorError, DescriptorPool};
use sinew_idl::diag::{Diagnostic, MOST_SHOWN, Span};

use crate::{
    load::Loaded,
    meant::Seen,
    places::{self, Places},
    quoted, scan,
    source::SourceFile,
    symbols,
};

/// How many bytes are looked at for the places of errors: the library reads the text from its start for each of them.
/// Where there are too many, only the first error of a file has a place.
const MOST_READ: usize = 1 << 28;

/// How many errors of one file are reported: far more than are shown.
const MOST_ERRORS: usize = 1_000;

/// For how many errors of one file what was meant is looked for: as many as are shown.
const MOST_MEANT: usize = MOST_SHOWN;

/// The linker's kinds of error are not public: what it says is, and a test holds it to that.
const CODES: [(&str, &str); 30] = [
    ("which is not imported", "M0021"),
    ("option field", "M0030"),
    ("' resolves to '", "M0024"),
    ("is not defined", "M0020"),
    ("is not a message", "M0022"),
    ("is not an extension", "M0022"),
    ("is defined twice", "M0023"),
    ("is already defined in file", "M0023"),
    ("has already been added", "M0042"),
    ("unknown syntax", "M0002"),
    ("expected an extension to type", "M0030"),
    ("expected a value of type", "M0031"),
    ("cannot set field for option", "M0031"),
    ("invalid value of type", "M0031"),
    ("missing required field", "M0041"),
    ("has not been added", "M0011"),
    ("invalid import index", "M0041"),
    ("invalid oneof index", "M0041"),
    ("failed to decode", "M0040"),
    ("is already used", "M0201"),
    ("invalid field number", "M0202"),
    ("conflicts with reserved range", "M0203"),
    ("conflicts with extension range", "M0206"),
    ("as an extension number", "M0207"),
    ("JSON name", "M0211"),
    ("camel-case name", "M0211"),
    ("must have at least one value", "M0212"),
    ("for proto3 enums must be 0", "M0213"),
    ("has already been used", "M0214"),
    ("invalid default value", "M0216"),
];

/// What the linker found in one file.
pub(crate) fn errors(
    loaded: &Loaded,
    pool: &DescriptorPool,
    name: &str,
    error: DescriptorError,
) -> Vec<Diagnostic> {
    let source = loaded.texts.get(name);
    let first = match (error.line(), error.column(), error.path()) {
        (Some(line), Some(column), _) => {
            let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
            let at = [number(line), number(column), number(column)];
            places::span(name, source, &at)
        }
        (_, _, Some(path)) => match loaded.files.get(name) {
            Some(proto) => Places::new(proto, source).span(path),
            None => Span::file(name),
        },
        _ => Span::file(name),
    };
    // The library turns its columns, which are bytes, into characters of the text: in a text of single bytes they are
    // the same.
    let count = 1 + error.related().map_or(0, Iterator::count);
    let error = match source {
        Some(source) if source.text.len().saturating_mul(count) <= MOST_READ => {
            let bytes = source.text.bytes();
            let text: String = bytes
                .map(|byte| if byte.is_ascii() { byte as char } else { 'x' })
                .collect();
            error.with_source_code(&text)
        }
        _ => error,
    };
    let mut found = vec![one(loaded, pool, source, &error, first)];
    let related = error.related().into_iter().flatten().take(MOST_ERRORS);
    found.extend(related.map(|error| one(loaded, pool, source, error, Span::file(name))));
    let seen = Seen::new(loaded, name);
    for (said, found) in found.iter_mut().take(MOST_MEANT) {
        // That another scope hides a name is true only of a name that is there.
        let is_hidden = found.code == "M0024" && hidden(said).is_some_and(|name| seen.has(name));
        if !is_hidden && matches!(found.code, "M0020" | "M0024" | "M0030" | "M0031") {
            found.help = seen.help(said);
        }
    }
    found.into_iter().map(|(_, found)| found).collect()
}

/// `'a.B' resolves to 'c.a.B', which is not defined`: the name as it is written.
fn hidden(said: &str) -> Option<&str> {
    said.strip_prefix('\'')?.split('\'').next()
}

fn one(
    loaded: &Loaded,
    pool: &DescriptorPool,
    source: Option<&SourceFile>,
    error: &dyn miette::Diagnostic,
    fallback: Span,
) -> (String, Diagnostic) {
    let mut message = error.to_string();
    let mut said = message.clone();
    let help = error.help().map(|help| help.to_string());
    let code = code(help.as_deref().unwrap_or_default())
        .filter(|code| *code == "M0021")
        .or_else(|| code(&message))
        .unwrap_or("M0029");
    let mut labels: Vec<(String, usize, usize)> = error
        .labels()
        .into_iter()
        .flatten()
        .map(|label| {
            let text = label.label().unwrap_or_default().to_owned();
            (text, label.offset(), label.offset() + label.len())
        })
        .collect();
    // The fault shows where the message points, the other place is what it clashes with.
    let main = ["defined again here", "found here", "defined here"]
        .iter()
        .find_map(|main| labels.iter().position(|(label, ..)| label == main))
        .or(if labels.is_empty() { None } else { Some(0) });
    let mut place = main
        .map(|main| labels.remove(main))
        .map(|(_, from, to)| (from, to));
    if let Some(inner) = error.diagnostic_source() {
        // A value in text format: what is wrong inside of it.
        message = format!("{message}: {inner}");
        place = place.map(|place| narrowed(source, place, inner));
        said = inner.to_string();
    }
    let span = match (source, place) {
        (Some(source), Some((from, to))) => source.span(from, to),
        _ => fallback,
    };
    if code == "M0211" {
        // The library names the option `json_name` where there may be none.
        message = message.replace(
            "a field with JSON name '' is",
            "a field with the same JSON name is",
        );
    }
    let elsewhere = elsewhere(loaded, pool, &message);
    let mut found = Diagnostic::error(code, quoted(&message), span);
    for (label, from, to) in labels {
        if let Some(source) = source {
            found = found.also(source.span(from, to), label.trim_end_matches(" here"));
        }
    }
    if let Some(elsewhere) = elsewhere {
        found = found.also(elsewhere, "first defined");
    }
    let help = match code {
        "M0021" => help.map(|help| format!("{help}: import it there")),
        "M0023" if is_enum_value(loaded, &message) => Some(
            "the values of an enum stand in the scope around it, beside the enum: give them a prefix".to_owned(),
        ),
        _ => help,
    };
    let found = match help {
        Some(help) => found.help(quoted(&help)),
        None => found,
    };
    (said, found)
}

fn code(message: &str) -> Option<&'static str> {
    let mut codes = CODES.iter();
    Some(codes.find(|(says, _)| message.contains(says))?.1)
}

/// What `inner` marks, in the source: it has the tokens of the value alone, each behind a space, so that the place is
/// that of the same token, counted from the start. Where something is missing at the end, the bracket that comes
/// instead; what is none of the source, the whole option.
fn narrowed(
    source: Option<&SourceFile>,
    (from, to): (usize, usize),
    inner: &dyn miette::Diagnostic,
) -> (usize, usize) {
    let found = source.and_then(|source| {
        let tokens = scan::tokens(&source.text, from).take_while(|token| token.at < to);
        // In front of the value stands the name of the option.
        let within = tokens.skip_while(|token| token.text != "{").skip(1);
        if inner.to_string().ends_with("end of input") {
            return within.filter(|token| token.text == "}").last();
        }
        let label = inner.labels()?.next()?;
        let read = |from, length: usize| {
            let read = inner.source_code()?.read_span(&(from, length).into(), 0, 0);
            String::from_utf8(read.ok()?.data().to_vec()).ok()
        };
        let (before, word) = (read(0, label.offset())?, read(label.offset(), label.len())?);
        let is_same = |token: &scan::Token<'_>| token.text == word;
        let index = scan::tokens(&before, 0).filter(is_same).count();
        within.filter(is_same).nth(index)
    });
    found.map_or((from, to), |token| (token.at, token.end()))
}

/// `name 'a.B' is already defined in file 'b.proto'`: where in that file.
fn elsewhere(loaded: &Loaded, pool: &DescriptorPool, message: &str) -> Option<Span> {
    let rest = message.strip_prefix("name '")?;
    let (name, file) = rest.split_once("' is already defined in file '")?;
    let file = file.strip_suffix('\'')?;
    // A file that is linked has its places in the pool alone.
    let linked = pool.get_file_by_name(file);
    let proto = match &linked {
        Some(linked) => linked.file_descriptor_proto(),
        None => loaded.files.get(file)?,
    };
    let places = Places::new(proto, loaded.texts.get(file));
    let (path, _) = symbols::find(proto, name)?;
    Some(places.span(&path))
}

/// Is the name that is defined twice that of an enum value?
fn is_enum_value(loaded: &Loaded, message: &str) -> bool {
    let Some(name) = message
        .strip_prefix("name '")
        .and_then(|rest| rest.split('\'').next())
    else {
        return false;
    };
    let mut files = loaded.files.values();
    files.any(|proto| {
        symbols::find(proto, name).is_some_and(|(_, kind)| kind == symbols::Kind::EnumValue)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrower_of_two_codes_is_found_first() {
        for (message, expected) in [
            ("name 'a' is not defined", Some("M0020")),
            (
                "'a' is defined in 'b', which is not imported by 'c'",
                Some("M0021"),
            ),
            ("enum number '0' has already been used", Some("M0214")),
            ("option field 'a' has already been set", Some("M0030")),
            ("option field 'a' is not defined", Some("M0030")),
            (
                "'a.b' resolves to 'c.a.b', which is not defined",
                Some("M0024"),
            ),
            ("something new", None),
        ] {
            assert_eq!(code(message), expected, "{message}");
        }
    }
}
