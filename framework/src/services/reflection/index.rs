//! Descriptor sets by what clients ask for: names of files, symbols and extensions.
//! It refuses to change a descriptor: files are given as they are embedded, with options that nobody here knows.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use bytes::Bytes;
use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

/// An encoded `google.protobuf.FileDescriptorSet`, its files still encoded.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct EncodedSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub(super) file: Vec<Bytes>,
}

/// Files by their place in `files`. All of it is as large as the server's own descriptors: peers add nothing.
#[derive(Default)]
pub(super) struct Index {
    files: Vec<File>,
    names: HashMap<String, usize>,
    symbols: HashMap<String, usize>,
    /// By what they extend, and their numbers.
    extensions: HashMap<String, BTreeMap<i32, usize>>,
}

struct File {
    encoded: Bytes,
    imports: Vec<String>,
}

impl Index {
    /// Of sets that may share files. What does not decode is left out; of two files with the same name that differ, as
    /// two crates may have them, the first is found by it, and both by what they declare.
    pub(super) fn of(sets: impl IntoIterator<Item = &'static [u8]>) -> Self {
        let mut index = Self::default();
        let mut read = HashSet::new();
        for set in sets {
            // Services of a package share theirs.
            if !read.insert((set.as_ptr(), set.len())) {
                continue;
            }
            // Without a copy: the files are parts of the static.
            let set = EncodedSet::decode(Bytes::from_static(set)).unwrap_or_default();
            for encoded in set.file {
                index.add(encoded);
            }
        }
        index
    }

    /// How many files there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    #[inline]
    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// By the full name of a service, method, message, field, oneof, enum, value of an enum, or extension.
    #[inline]
    pub(super) fn by_symbol(&self, name: &str) -> Option<usize> {
        self.symbols.get(name).copied()
    }

    #[inline]
    pub(super) fn by_extension(&self, extendee: &str, number: i32) -> Option<usize> {
        self.extensions.get(extendee)?.get(&number).copied()
    }

    /// The numbers of all extensions of a type, sorted; `None` where there is no such type.
    #[inline]
    pub(super) fn extensions(&self, extendee: &str) -> Option<Vec<i32>> {
        match self.extensions.get(extendee) {
            Some(numbers) => Some(numbers.keys().copied().collect()),
            None => self.by_symbol(extendee).map(|_| Vec::new()),
        }
    }

    /// A file, and behind it all that it imports and `sent` does not have, the nearest first, up to so many bytes.
    #[inline]
    pub(super) fn with_imports(
        &self,
        file: usize,
        sent: &mut HashSet<usize>,
        most: usize,
    ) -> Vec<Bytes> {
        let mut out = Vec::new();
        let mut left = most;
        let mut seen = HashSet::from([file]);
        let mut next = VecDeque::from([file]);
        while let Some(at) = next.pop_front() {
            let Some(file) = self.files.get(at) else {
                continue;
            };
            if out.is_empty() {
                // Whoever asks for it once more has lost it.
                sent.insert(at);
                out.push(file.encoded.clone());
            } else if !sent.contains(&at) {
                let Some(rest) = left.checked_sub(file.encoded.len()) else {
                    break;
                };
                left = rest;
                sent.insert(at);
                out.push(file.encoded.clone());
            }
            let imports = file.imports.iter().filter_map(|name| self.by_name(name));
            next.extend(imports.filter(|import| seen.insert(*import)));
        }
        out
    }

    #[inline]
    fn add(&mut self, encoded: Bytes) {
        let Ok(file) = FileDescriptorProto::decode(encoded.clone()) else {
            return;
        };
        let name = file.name.clone().unwrap_or_default();
        if let Some(known) = self.names.get(&name)
            && self.files.get(*known).is_some_and(|f| f.encoded == encoded)
        {
            return;
        }
        let at = self.files.len();
        self.declare_all(&file, at);
        self.names.entry(name).or_insert(at);
        self.files.push(File {
            encoded,
            imports: file.dependency,
        });
    }

    #[inline]
    fn declare_all(&mut self, file: &FileDescriptorProto, at: usize) {
        let package = file.package();
        for message in &file.message_type {
            self.message(package, message, at);
        }
        for one in &file.enum_type {
            self.enumeration(package, one, at);
        }
        for one in &file.extension {
            self.extension(package, one, at);
        }
        for service in &file.service {
            let scope = self.declare(package, service.name(), at);
            for method in &service.method {
                self.declare(&scope, method.name(), at);
            }
        }
    }

    /// Nested as deep as prost decodes: 100 levels.
    #[inline]
    fn message(&mut self, scope: &str, message: &DescriptorProto, at: usize) {
        let scope = self.declare(scope, message.name(), at);
        for field in &message.field {
            self.declare(&scope, field.name(), at);
        }
        for oneof in &message.oneof_decl {
            self.declare(&scope, oneof.name(), at);
        }
        for nested in &message.nested_type {
            self.message(&scope, nested, at);
        }
        for one in &message.enum_type {
            self.enumeration(&scope, one, at);
        }
        for one in &message.extension {
            self.extension(&scope, one, at);
        }
    }

    /// Values are siblings of their enum, as in C++.
    #[inline]
    fn enumeration(&mut self, scope: &str, one: &EnumDescriptorProto, at: usize) {
        self.declare(scope, one.name(), at);
        for value in &one.value {
            self.declare(scope, value.name(), at);
        }
    }

    #[inline]
    fn extension(&mut self, scope: &str, one: &FieldDescriptorProto, at: usize) {
        self.declare(scope, one.name(), at);
        // Compilers write full names, with a dot in front.
        let extendee = one.extendee().trim_start_matches('.').to_owned();
        let numbers = self.extensions.entry(extendee).or_default();
        numbers.entry(one.number()).or_insert(at);
    }

    /// Its full name.
    #[inline]
    fn declare(&mut self, scope: &str, name: &str, at: usize) -> String {
        let full = match scope {
            "" => name.to_owned(),
            _ => format!("{scope}.{name}"),
        };
        self.symbols.entry(full.clone()).or_insert(at);
        full
    }
}
