//! Finds numbers that two custom options share, before the linker sees them: it panics where both are set.
//! It refuses extensions of other messages: those are found when everything is linked (`check.rs`).

use std::collections::HashMap;

use prost_reflect::DescriptorPool;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use sinew_idl::diag::{Diagnostic, Span};

use crate::{
    load::Loaded,
    places::Places,
    symbols::{join, to_i32},
    tag,
};

/// The custom options of the files so far, by what they extend and their numbers.
#[derive(Default)]
pub(crate) struct OptionNumbers(HashMap<(String, i32), Declared>);

/// Where a custom option is declared.
struct Declared {
    full_name: String,
    file: String,
    path: Vec<i32>,
}

impl OptionNumbers {
    /// Adds the custom options of a file that `pool` does not have yet; returns those whose numbers are taken.
    pub(crate) fn add(
        &mut self,
        pool: &DescriptorPool,
        loaded: &Loaded,
        file: &FileDescriptorProto,
    ) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        extensions(
            &file.extension,
            file.package(),
            &[],
            tag::file::EXTENSION,
            &mut all,
        );
        for (index, message) in file.message_type.iter().enumerate() {
            let path = [tag::file::MESSAGE, to_i32(index)];
            nested(message, file.package(), &path, &mut all);
        }
        let mut found = Vec::new();
        for (extension, full_name, path) in all {
            let Some(options) = options(file, extension.extendee()) else {
                continue;
            };
            let number = extension.number();
            let one = Declared {
                full_name,
                file: file.name().to_owned(),
                path: [&*path, &[tag::field::NUMBER]].concat(),
            };
            let Some(first) = self.0.get(&(options.clone(), number)) else {
                self.0.insert((options, number), one);
                continue;
            };
            let message = format!(
                "extension number {number} of `{options}` is used by `{}` and by `{}`",
                first.full_name, one.full_name
            );
            let here = span(file, loaded, &one.path);
            let there = match pool.get_file_by_name(&first.file) {
                Some(linked) => span(linked.file_descriptor_proto(), loaded, &first.path),
                None => span(
                    loaded.files.get(&first.file).unwrap_or(file),
                    loaded,
                    &first.path,
                ),
            };
            found.push(Diagnostic::error("M0208", message, here).also(there, "first used"));
        }
        found
    }
}

/// The full name of the options that an extension is one of.
fn options(file: &FileDescriptorProto, extendee: &str) -> Option<String> {
    let name = extendee.trim_start_matches('.');
    let full_name = match file.package() {
        "google.protobuf" if !name.contains('.') => join(file.package(), name),
        _ => name.to_owned(),
    };
    let inner = full_name.strip_prefix("google.protobuf.")?;
    (inner.ends_with("Options") && !inner.contains('.')).then_some(full_name)
}

/// An extension, its full name, and its path.
type Extension<'a> = (&'a FieldDescriptorProto, String, Vec<i32>);

fn nested<'a>(
    message: &'a DescriptorProto,
    scope: &str,
    path: &[i32],
    all: &mut Vec<Extension<'a>>,
) {
    let scope = join(scope, message.name());
    extensions(
        &message.extension,
        &scope,
        path,
        tag::message::EXTENSION,
        all,
    );
    for (index, message) in message.nested_type.iter().enumerate() {
        let path = [path, &[tag::message::NESTED, to_i32(index)]].concat();
        nested(message, &scope, &path, all);
    }
}

fn extensions<'a>(
    list: &'a [FieldDescriptorProto],
    scope: &str,
    path: &[i32],
    tag: i32,
    all: &mut Vec<Extension<'a>>,
) {
    for (index, one) in list.iter().enumerate() {
        let path = [path, &[tag, to_i32(index)]].concat();
        all.push((one, join(scope, one.name()), path));
    }
}

fn span(file: &FileDescriptorProto, loaded: &Loaded, path: &[i32]) -> Span {
    Places::new(file, loaded.texts.get(file.name())).span(path)
}
