//! Parses one file, and turns what the parser finds into diagnostics with exact places.
//! It refuses what would break the parser: editions, and nesting that would exhaust the stack.

use std::panic::{AssertUnwindSafe, catch_unwind};

use miette::Diagnostic as _;
use prost_types::FileDescriptorProto;
use sinew_idl::diag::Diagnostic;

use crate::{
    floats,
    patch::{self, Patched},
    places::Places,
    scan,
    source::SourceFile,
    tag,
};

/// How deep brackets may be nested, and how many parts a package may have: far more than people write (7 of each in the
/// published files), far less than a stack holds.
pub(crate) const DEEPEST: usize = 100;

/// Parses one file.
pub(crate) fn parse(source: &SourceFile) -> Result<FileDescriptorProto, Vec<Diagnostic>> {
    if let Some(((from, to), edition)) = scan::edition(&source.text) {
        let message = format!("edition {edition} is not supported by the built-in compiler");
        let found = Diagnostic::error("M0301", message, source.span(from, to));
        return Err(vec![found.help(
            "build a descriptor set with protoc or buf (with imports and source info) \
             and pass it to `descriptor_set(path)`",
        )]);
    }
    if let Some(at) = scan::too_deep(&source.text, DEEPEST) {
        let message = format!("nested deeper than {DEEPEST} levels");
        let found = Diagnostic::error("M0005", message, source.span(at, at + 1));
        return Err(vec![found]);
    }
    let patched = patch::patched(&source.text);
    let text = patched.as_ref().map_or(&*source.text, |p| &p.text);
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        protox::file::File::from_source(&source.name, text)
    }));
    match parsed {
        Ok(Ok(file)) => {
            let mut file = FileDescriptorProto::from(file);
            if let Some(patched) = &patched {
                patched.lead_back(&mut file);
            }
            floats::spell_defaults(&mut file);
            shallow(source, file)
        }
        Ok(Err(error)) => {
            let related = error.related().into_iter().flatten();
            let first: [&dyn miette::Diagnostic; 1] = [&error];
            let all = first.into_iter().chain(related);
            let mut found: Vec<_> = all
                .map(|error| syntax(source, patched.as_ref(), error))
                .collect();
            ask_for_syntax(source, &mut found);
            Err(found)
        }
        Err(_) => Err(vec![crate::internal(&source.name, "the parser")]),
    }
}

/// A package of many parts is as many modules in one another, and the linker takes cubic time for them.
fn shallow(
    source: &SourceFile,
    proto: FileDescriptorProto,
) -> Result<FileDescriptorProto, Vec<Diagnostic>> {
    if proto.package().split('.').count() <= DEEPEST {
        return Ok(proto);
    }
    let message = format!("the package has more than {DEEPEST} parts");
    let span = Places::new(&proto, Some(source)).span(&[tag::file::PACKAGE]);
    Err(vec![Diagnostic::error("M0005", message, span)])
}

/// One error of the parser; the last of its labels is where the fault shows, those before it are what it clashes with.
fn syntax(
    source: &SourceFile,
    patched: Option<&Patched>,
    error: &dyn miette::Diagnostic,
) -> Diagnostic {
    let back = |byte| patched.map_or(byte, |patched| patched.back(byte));
    let mut labels: Vec<_> = error
        .labels()
        .into_iter()
        .flatten()
        .map(|label| source.span(back(label.offset()), back(label.offset() + label.len())))
        .collect();
    let mut message = error.to_string();
    let help = error.help().map(|help| help.to_string());
    if help
        .as_deref()
        .is_some_and(|help| help.starts_with("imports"))
    {
        // The parser calls it a group name.
        message = "invalid path of an import".to_owned();
    }
    let end = source.text.trim_end().len();
    let span = labels.pop().unwrap_or_else(|| source.span(end, end));
    let mut found = Diagnostic::error(code(&message), crate::quoted(&message), span);
    for first in labels {
        found = found.also(first, "first declared");
    }
    match help {
        Some(help) => found.help(crate::quoted(&help)),
        None => found,
    }
}

/// A proto3 file that lost its first line is full of such errors; the first of them says why.
fn ask_for_syntax(source: &SourceFile, found: &mut [Diagnostic]) {
    if scan::has_syntax(&source.text) {
        return;
    }
    let mut unlabelled = found
        .iter_mut()
        .filter(|found| found.message.starts_with("fields must have a label"));
    if let Some(first) = unlabelled.next() {
        first.help = Some(
            "the file has no `syntax` line, so it is proto2: is `syntax = \"proto3\";` missing?"
                .to_owned(),
        );
    }
}

/// The parser's kinds of error are not public: what it says is.
fn code(message: &str) -> &'static str {
    if message.starts_with("unknown syntax") {
        "M0002"
    } else if message.starts_with("file is too large") {
        "M0004"
    } else if message.starts_with("message numbers must be") {
        "M0202"
    } else if message.contains("recursion limit") {
        "M0005"
    } else {
        "M0001"
    }
}
