//! The properties: what every diagnostic has, and what holds of whatever is accepted.
//! It refuses to say which inputs are right: the fixtures of `tests/idl` and protoc do.

use std::{collections::BTreeMap, sync::LazyLock};

use prost::Message as _;
use prost_types::FileDescriptorSet;
use sinew_idl::diag::{Diagnostics, Span};
use sinew_idl_proto::{Compiled, from_descriptor_set};

/// Where the codes are explained.
const PAGES: [&str; 2] = [
    include_str!("../../../docs/diagnostics.md"),
    include_str!("../../../docs/generated-code.md"),
];

/// The codes of "this should not have happened": a library that panicked, an error of the linker without a code of its
/// own, a message back end that gave up or wrote no Rust.
const DEFECTS: [&str; 3] = ["M0099", "M0029", "M0401"];

/// Texts by name; a file without a text is known, and its places are not.
pub(crate) type Texts<'a> = BTreeMap<String, Option<&'a [u8]>>;

/// Everything that is said has a code that is explained and a place that exists.
pub(crate) fn diagnostics(found: &Diagnostics, texts: &Texts<'_>) -> Result<(), String> {
    for one in found.iter() {
        let wrong = |what: &str| Err(format!("{what}\n{one:?}\n{}", found.render()));
        if !CODES.contains(&one.code) {
            return wrong("a code that no page explains");
        }
        if DEFECTS.contains(&one.code) || one.message.contains("lowering it failed") {
            return wrong("a defect");
        }
        if one.message.trim().is_empty() {
            return wrong("no message");
        }
        let places = one.secondary.iter().map(|(span, _)| span);
        for place in places.chain([&one.span]) {
            if let Err(what) = inside(place, texts) {
                return wrong(&what);
            }
        }
    }
    let lines = found.lines();
    let broken = lines.iter().find(|line| line.contains(['\n', '\r']));
    match broken {
        Some(line) => Err(format!("a line that is two: {line:?}")),
        None if found.render().is_empty() => Err("nothing is said".to_owned()),
        None => Ok(()),
    }
}

/// What files make, a set makes too: the way back in must not lose or refuse anything.
pub(crate) fn round_trip(compiled: &Compiled) -> Result<(), String> {
    let set = FileDescriptorSet::decode(&*compiled.descriptor_set)
        .map_err(|error| format!("the descriptor set cannot be decoded: {error}"))?;
    let names: Vec<_> = set.file.iter().map(|file| file.name()).collect();
    let lost = compiled
        .roots
        .iter()
        .find(|root| !names.contains(&root.as_str()));
    if let Some(lost) = lost {
        return Err(format!("the descriptor set lacks `{lost}`"));
    }
    let again = from_descriptor_set(&compiled.descriptor_set, Some(&compiled.roots))
        .map_err(|found| format!("its own descriptor set is refused\n{}", found.render()))?;
    let shown = |compiled: &Compiled| format!("{:?}", compiled.schema);
    if shown(&again) != shown(compiled) {
        return Err("its own descriptor set is another schema".to_owned());
    }
    // Not their bytes: the library writes lists of numbers in options packed or not, as it happens.
    if FileDescriptorSet::decode(&*again.descriptor_set).as_ref() != Ok(&set) {
        return Err("its own descriptor set is another one".to_owned());
    }
    Ok(())
}

/// Every file of generated code parses as Rust.
pub(crate) fn is_rust(files: &[(String, Vec<u8>)]) -> Result<(), String> {
    let code = files.iter().filter(|(name, _)| name.ends_with(".rs"));
    for (name, text) in code {
        let text = std::str::from_utf8(text).map_err(|error| format!("{name}: {error}"))?;
        syn::parse_file(text).map_err(|error| format!("{name} is no Rust: {error}\n{text}"))?;
    }
    if files.iter().any(|(name, _)| name.ends_with("sinew.rs")) {
        Ok(())
    } else {
        Err("nothing is generated".to_owned())
    }
}

/// Is the place inside of a file that exists?
fn inside(place: &Span, texts: &Texts<'_>) -> Result<(), String> {
    let Span::Idl {
        file,
        line,
        column,
        end_line,
        end_column,
    } = place
    else {
        return Ok(());
    };
    let is_builtin = ["google/", "sinew/"]
        .iter()
        .any(|built_in| file.starts_with(built_in));
    let Some(text) = texts.get(&**file) else {
        return match is_builtin {
            true => Ok(()),
            false => Err(format!("no file `{file}`")),
        };
    };
    let Some(text) = text.filter(|_| *line > 0 && !is_builtin) else {
        return Ok(());
    };
    if (end_line, end_column) < (line, column) {
        return Err("a place that ends before it starts".to_owned());
    }
    let text = String::from_utf8_lossy(text);
    let lines: Vec<_> = text.split('\n').collect();
    for (line, column) in [(line, column), (end_line, end_column)] {
        let length = lines
            .get(*line as usize - 1)
            .map(|text| text.chars().count());
        if !length.is_some_and(|length| (1..=length + 1).contains(&(*column as usize))) {
            return Err(format!("{line}:{column} is not in `{file}`"));
        }
    }
    Ok(())
}

/// All codes in the first cells of the pages' tables; `M0401–M0405` is all between.
static CODES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let lines = PAGES.iter().flat_map(|page| page.lines());
    let cells = lines.filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    cells.filter(|cell| is_code(cell)).collect()
});

fn is_code(cell: &str) -> bool {
    let digits = cell.strip_prefix('M').unwrap_or_default();
    digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use sinew_idl::diag::{Diagnostic, SourceMap};

    use super::*;

    fn place(line: u32, column: u32, end_line: u32, end_column: u32) -> Span {
        Span::Idl {
            file: "a.proto".into(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    #[test]
    fn places_outside_of_their_file_are_found() {
        let texts = Texts::from([("a.proto".to_owned(), Some("aé\n\n".as_bytes()))]);
        for good in [
            place(0, 0, 0, 0),
            place(1, 3, 1, 3),
            place(1, 1, 3, 1),
            Span::None,
        ] {
            assert_eq!(inside(&good, &texts), Ok(()), "{good:?}");
        }
        for bad in [
            place(1, 4, 1, 4),
            place(1, 0, 1, 1),
            place(4, 1, 4, 1),
            place(1, 2, 1, 1),
            place(1, 1, 2, 2),
            Span::file("b.proto"),
        ] {
            assert!(inside(&bad, &texts).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn codes_that_are_unknown_or_stand_for_defects_are_found() {
        let texts = Texts::default();
        for (code, good) in [
            ("M0001", true),
            ("M0099", false),
            ("M0401", false),
            ("M9999", false),
        ] {
            let one = Diagnostic::error(code, "wrong", Span::None);
            let found = Diagnostics::new(vec![one], SourceMap::default());
            assert_eq!(diagnostics(&found, &texts).is_ok(), good, "{code}");
        }
        assert!(diagnostics(&Diagnostics::default(), &texts).is_err());
    }

    #[test]
    fn what_is_no_rust_is_found() {
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        assert_eq!(is_rust(&[file("sinew.rs", "fn a() {}")]), Ok(()));
        assert!(is_rust(&[file("sinew.rs", "fn a( {}")]).is_err());
        assert!(is_rust(&[]).is_err());
    }
}
