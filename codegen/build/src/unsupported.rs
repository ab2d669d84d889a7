//! What the message back end leaves out without a word: extensions, and the wire format of message sets.
//! It refuses to fail for it: the rest of such a file is as good as any.

use std::collections::BTreeSet;

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use sinew_idl::diag::{Diagnostic, Span};

use crate::codes;

// Field numbers of descriptor.proto, of which the paths of locations are made.
const FILE_MESSAGES: i32 = 4;
const FILE_EXTENSIONS: i32 = 7;
const MESSAGE_NESTED: i32 = 3;
const MESSAGE_EXTENSIONS: i32 = 6;

/// Warnings for the files that are compiled themselves.
pub(crate) fn warnings<'a>(
    files: impl Iterator<Item = &'a FileDescriptorProto>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for file in files {
        let mut walk = Walk {
            file,
            extended: BTreeSet::new(),
            found: &mut found,
        };
        walk.extensions(&file.extension, &[FILE_EXTENSIONS]);
        for (index, message) in (0..).zip(&file.message_type) {
            walk.message(message, &[FILE_MESSAGES, index]);
        }
    }
    found
}

struct Walk<'a> {
    file: &'a FileDescriptorProto,
    /// One warning a file and extended message is enough.
    extended: BTreeSet<&'a str>,
    found: &'a mut Vec<Diagnostic>,
}

impl<'a> Walk<'a> {
    fn message(&mut self, message: &'a DescriptorProto, path: &[i32]) {
        if message
            .options
            .as_ref()
            .is_some_and(|options| options.message_set_wire_format())
        {
            let what = format!(
                "message `{}` has the wire format of message sets, which is not generated",
                message.name()
            );
            self.warn(what, "its extensions are dropped when it is decoded", path);
        }
        self.extensions(&message.extension, &[path, &[MESSAGE_EXTENSIONS]].concat());
        for (index, nested) in (0..).zip(&message.nested_type) {
            self.message(nested, &[path, &[MESSAGE_NESTED, index]].concat());
        }
    }

    fn extensions(&mut self, extensions: &'a [FieldDescriptorProto], path: &[i32]) {
        for (index, extension) in (0..).zip(extensions) {
            let extended = extension.extendee().trim_start_matches('.');
            if !is_options(extended) && self.extended.insert(extended) {
                let what = format!("extensions of message `{extended}` are not generated");
                self.warn(what, "they are dropped when it is decoded; use a field of type `google.protobuf.Any`", &[path, &[index]].concat());
            }
        }
    }

    fn warn(&mut self, message: String, help: &str, path: &[i32]) {
        let span = span(self.file, path);
        self.found
            .push(Diagnostic::warning(codes::UNSUPPORTED, message, span).help(help));
    }
}

/// Custom options are for compilers, not for messages.
fn is_options(name: &str) -> bool {
    name.starts_with("google.protobuf.") && name.ends_with("Options")
}

/// Where the file declares what stands at `path`; columns are bytes, as in the descriptor.
fn span(file: &FileDescriptorProto, path: &[i32]) -> Span {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let place = locations
        .filter(|location| location.path == path)
        .find_map(|location| match *location.span {
            [line, from, to] => Some([line, from, line, to]),
            [line, from, end, to] => Some([line, from, end, to]),
            _ => None,
        });
    let Some(place) = place else {
        return Span::file(file.name());
    };
    let [line, column, end_line, end_column] =
        place.map(|number| u32::try_from(number).unwrap_or(0).saturating_add(1));
    Span::Idl {
        file: file.name().into(),
        line,
        column,
        end_line,
        end_column,
    }
}
