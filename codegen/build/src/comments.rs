//! Comments of messages on their way through the message back end, which would make doctests of them.
//! It refuses to let the back end see a comment: it gets a marker for each, and the text takes the marker's place
//! afterwards.

use std::collections::HashMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto, SourceCodeInfo,
    source_code_info::Location,
};
use sinew_idl::docs;

/// What a marker starts with; the rest is its number.
const MARKER: &str = "sinew-doc-";

// Field numbers of descriptor.proto, of which the paths of locations are made.
const FILE_MESSAGES: i32 = 4;
const FILE_ENUMS: i32 = 5;
const FILE_SERVICES: i32 = 6;
const MESSAGE_FIELDS: i32 = 2;
const MESSAGE_NESTED: i32 = 3;
const MESSAGE_ENUMS: i32 = 4;
const MESSAGE_ONEOFS: i32 = 8;
const ENUM_VALUES: i32 = 2;
const SERVICE_METHODS: i32 = 2;

/// The comments that were taken out, each to be put back where its marker comes out.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    taken: Vec<Vec<String>>,
}

impl Comments {
    /// Replaces the file's source info by one that has a location for every element (the back end looks them up
    /// unchecked, and not every compiler writes all of them) and markers for comments.
    pub(crate) fn take(&mut self, file: &mut FileDescriptorProto) {
        let info = file.source_code_info.take().unwrap_or_default();
        let mut walk = Walk {
            comments: info
                .location
                .into_iter()
                .filter_map(|l| Some((l.path, l.leading_comments.or(l.trailing_comments)?)))
                .collect(),
            taken: &mut self.taken,
            locations: Vec::new(),
            path: Vec::new(),
        };
        walk.file(file);
        file.source_code_info = Some(SourceCodeInfo {
            location: walk.locations,
        });
    }

    /// Puts the comments back into generated code.
    pub(crate) fn restore(&self, code: &str) -> String {
        let mut out = String::with_capacity(code.len());
        for line in code.lines() {
            let text = line.trim_start();
            let indent = &line[..line.len() - text.len()];
            let number = text
                .strip_prefix("/// ")
                .and_then(|l| l.strip_prefix(MARKER));
            match number
                .and_then(|n| n.parse::<usize>().ok())
                .and_then(|n| self.taken.get(n))
            {
                Some(comment) => {
                    for line in comment {
                        out.push_str(indent);
                        out.push_str("///");
                        out.push_str(line);
                        out.push('\n');
                    }
                }
                None => {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
        out
    }
}

struct Walk<'a> {
    /// The comment before an element, or else the one behind it.
    comments: HashMap<Vec<i32>, String>,
    taken: &'a mut Vec<Vec<String>>,
    locations: Vec<Location>,
    path: Vec<i32>,
}

impl Walk<'_> {
    fn file(&mut self, file: &FileDescriptorProto) {
        self.each(FILE_MESSAGES, &file.message_type, Self::message);
        self.each(FILE_ENUMS, &file.enum_type, Self::enumeration);
        self.each(FILE_SERVICES, &file.service, |walk, service| {
            walk.each(SERVICE_METHODS, &service.method, |_, _| ());
        });
    }

    fn message(&mut self, message: &DescriptorProto) {
        self.each(MESSAGE_FIELDS, &message.field, |_, _| ());
        self.each(MESSAGE_NESTED, &message.nested_type, Self::message);
        self.each(MESSAGE_ENUMS, &message.enum_type, Self::enumeration);
        self.each(MESSAGE_ONEOFS, &message.oneof_decl, |_, _| ());
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptorProto) {
        self.each(ENUM_VALUES, &enumeration.value, |_, _| ());
    }

    fn each<T>(&mut self, number: i32, elements: &[T], mut within: impl FnMut(&mut Self, &T)) {
        self.path.push(number);
        for (index, element) in (0..).zip(elements) {
            self.path.push(index);
            self.locate();
            within(self, element);
            self.path.pop();
        }
        self.path.pop();
    }

    fn locate(&mut self) {
        let text = self.comments.remove(&self.path).unwrap_or_default();
        let lines = docs::rustdoc(&docs::plain(&text));
        let comment = (!lines.is_empty()).then(|| {
            self.taken.push(lines);
            format!("{MARKER}{}", self.taken.len() - 1)
        });
        self.locations.push(Location {
            path: self.path.clone(),
            leading_comments: comment,
            ..Location::default()
        });
    }
}
