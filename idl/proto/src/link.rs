//! Links the parsed files into one pool, each by itself, so that every file with an error is heard.
//! It refuses to touch what imports a broken file: its errors would only echo.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use miette::Diagnostic as _;
use prost_reflect::{DescriptorError, DescriptorPool};
use prost_types::FileDescriptorProto;
use sinew_idl::diag::{Diagnostic, Span};

use crate::{load::Loaded, places, source::SourceFile, wire};

/// Texts up to this size are looked at for every place of every error; above it only the first error of a file has one.
const MOST_TEXT: usize = 1 << 20;

/// A pool of all files, and the same encoded.
pub(crate) struct Linked {
    pub(crate) pool: DescriptorPool,
    pub(crate) descriptor_set: Vec<u8>,
}

/// Links the files in `order`, in which each comes after its imports.
pub(crate) fn link(loaded: &mut Loaded, order: &[String]) -> Linked {
    let mut pool = DescriptorPool::new();
    let mut descriptor_set = Vec::new();
    for name in order {
        let Some(proto) = loaded.files.get(name) else {
            continue;
        };
        let imports = &proto.dependency;
        if loaded.broken.contains(name)
            || imports
                .iter()
                .any(|import| !loaded.files.contains_key(import) || loaded.broken.contains(import))
        {
            loaded.broken.insert(name.clone());
            continue;
        }
        let hidden = hidden_imports(loaded, proto);
        let mut linked = proto.clone();
        linked.dependency.extend(hidden.iter().cloned());
        let added = catch_unwind(AssertUnwindSafe(|| pool.add_file_descriptor_proto(linked)));
        match added {
            Ok(Ok(())) => {
                if let Some(file) = pool.get_file_by_name(name) {
                    let encoded = wire::without_last_imports(&file.encode_to_vec(), hidden.len());
                    wire::push_file(&mut descriptor_set, &encoded);
                }
            }
            Ok(Err(error)) => {
                let text = loaded.texts.get(name);
                loaded.found.extend(errors(name, text, error));
                loaded.broken.insert(name.clone());
            }
            Err(_) => {
                loaded.found.push(crate::internal(name, "the linker"));
                loaded.broken.insert(name.clone());
                // A pool that panicked may be left half changed.
                break;
            }
        }
    }
    Linked {
        pool,
        descriptor_set,
    }
}

/// What a file sees through chains of `import public`. The library follows one step of them, so the rest is imported for it.
fn hidden_imports(loaded: &Loaded, proto: &FileDescriptorProto) -> Vec<String> {
    let public = |name: &str| {
        let file = loaded.files.get(name);
        let indexes = file.into_iter().flat_map(|file| {
            let indexes = file.public_dependency.iter();
            indexes.filter_map(|&index| file.dependency.get(usize::try_from(index).ok()?))
        });
        indexes.cloned().collect::<Vec<String>>()
    };
    let mut seen: BTreeSet<String> = proto.dependency.iter().cloned().collect();
    let mut near: Vec<String> = proto.dependency.iter().flat_map(|i| public(i)).collect();
    near.retain(|name| seen.insert(name.clone()));
    let mut hidden: Vec<String> = near.iter().flat_map(|name| public(name)).collect();
    hidden.retain(|name| seen.insert(name.clone()));
    let mut next = 0;
    while let Some(name) = hidden.get(next) {
        let mut more = public(name);
        more.retain(|name| seen.insert(name.clone()));
        hidden.extend(more);
        next += 1;
    }
    hidden
}

/// What the linker found in one file.
fn errors(name: &str, source: Option<&SourceFile>, error: DescriptorError) -> Vec<Diagnostic> {
    let first = match (error.line(), error.column()) {
        (Some(line), Some(column)) => {
            let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
            let at = [number(line), number(column), number(column)];
            places::span(name, source, &at)
        }
        _ => Span::file(name),
    };
    let first_file = error.file().unwrap_or(name).to_owned();
    // The library turns its columns, which are bytes, into characters of the text: in a text of single bytes they are the same.
    let error = match source {
        Some(source) if source.text.len() <= MOST_TEXT => {
            let bytes = source.text.bytes();
            let text: String = bytes
                .map(|byte| if byte.is_ascii() { byte as char } else { 'x' })
                .collect();
            error.with_source_code(&text)
        }
        _ => error,
    };
    let mut found = vec![one(source, &error, first)];
    let related = error.related().into_iter().flatten();
    found.extend(related.map(|error| one(source, error, Span::file(&*first_file))));
    found
}

fn one(source: Option<&SourceFile>, error: &dyn miette::Diagnostic, fallback: Span) -> Diagnostic {
    let message = error.to_string();
    let mut labels: Vec<(String, Span)> = error
        .labels()
        .into_iter()
        .flatten()
        .filter_map(|label| {
            let span = source?.span(label.offset(), label.offset() + label.len());
            Some((label.label().unwrap_or_default().to_owned(), span))
        })
        .collect();
    // The fault shows where the message points, the other place is what it clashes with.
    let main = labels
        .iter()
        .position(|(label, _)| label == "defined again here" || label == "found here")
        .or_else(|| labels.iter().position(|(label, _)| label == "defined here"))
        .or(if labels.is_empty() { None } else { Some(0) });
    let span = match main {
        Some(main) => labels.remove(main).1,
        None => fallback,
    };
    let mut found = Diagnostic::error(code(&message), message.replace('\'', "`"), span);
    for (label, span) in labels {
        found = found.also(span, label.trim_end_matches(" here"));
    }
    if let Some(help) = error.help() {
        found = found.help(help.to_string().replace('\'', "`"));
    }
    found
}

/// The linker's kinds of error are not public: what it says is.
fn code(_message: &str) -> &'static str {
    "M0020"
}
