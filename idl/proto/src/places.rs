//! Where the declarations of a file stand, by their paths in its descriptor.
//! It refuses to guess: what has no location of its own gets that of the nearest declaration around it.

use std::collections::HashMap;

use prost_types::{FileDescriptorProto, source_code_info::Location};
use sinew_idl::diag::Span;

use crate::source::{SourceFile, four};

/// The locations of one file.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    name: &'a str,
    source: Option<&'a SourceFile>,
    locations: HashMap<&'a [i32], &'a Location>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(proto: &'a FileDescriptorProto, source: Option<&'a SourceFile>) -> Self {
        let info = proto.source_code_info.iter();
        // The first location of a path is that of the declaration; options and groups may repeat it.
        let mut locations = HashMap::new();
        for location in info.flat_map(|info| &info.location) {
            locations
                .entry(location.path.as_slice())
                .or_insert(location);
        }
        Self {
            name: proto.name(),
            source,
            locations,
        }
    }

    /// Where the thing at `path` stands.
    pub(crate) fn span(&self, path: &[i32]) -> Span {
        // Without the whole file, whose location is that of the empty path.
        for end in (1..=path.len()).rev() {
            if let Some(location) = self.location(path.get(..end).unwrap_or_default()) {
                return span(self.name, self.source, &location.span);
            }
        }
        Span::file(self.name)
    }

    pub(crate) fn location(&self, path: &[i32]) -> Option<&'a Location> {
        self.locations.get(path).copied()
    }
}

/// The span of a location; without the text, columns in bytes have to do.
pub(crate) fn span(name: &str, source: Option<&SourceFile>, location: &[i32]) -> Span {
    if let Some(source) = source {
        return match source.bytes(location) {
            Some((from, to)) => source.span(from, to),
            None => Span::file(name),
        };
    }
    let one_based = |number: i32| u32::try_from(number.max(0)).unwrap_or(0).saturating_add(1);
    match four(location) {
        Some([line, column, end_line, end_column]) => Span::Idl {
            file: name.into(),
            line: one_based(line),
            column: one_based(column),
            end_line: one_based(end_line),
            end_column: one_based(end_column),
        },
        None => Span::file(name),
    }
}
