//! The full names that a file declares, and the paths of its descriptor where it does.
//! It refuses to know what others declare.

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use crate::tag;

/// The kinds of names that diagnostics tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    EnumValue,
    Other,
}

/// The path of the name of `full_name` and what it is, if the file declares it.
pub(crate) fn find(file: &FileDescriptorProto, full_name: &str) -> Option<(Vec<i32>, Kind)> {
    if let Some(rest) = file.package().strip_prefix(full_name)
        && (rest.is_empty() || rest.starts_with('.'))
    {
        return Some((vec![tag::file::PACKAGE], Kind::Other));
    }
    let mut walk = Walk {
        wanted: full_name,
        found: None,
    };
    let scope = file.package();
    for (index, message) in file.message_type.iter().enumerate() {
        walk.message(scope, &[tag::file::MESSAGE, to_i32(index)], message);
    }
    for (index, one) in file.enum_type.iter().enumerate() {
        walk.enumeration(scope, &[tag::file::ENUM, to_i32(index)], one);
    }
    let extensions = file.extension.iter().map(|one| one.name());
    walk.names(scope, &[], tag::file::EXTENSION, extensions);
    let services = file.service.iter().map(|one| one.name());
    walk.names(scope, &[], tag::file::SERVICE, services);
    for (index, service) in file.service.iter().enumerate() {
        let path = [tag::file::SERVICE, to_i32(index)];
        let methods = service.method.iter().map(|one| one.name());
        walk.names(
            &join(scope, service.name()),
            &path,
            tag::service::METHOD,
            methods,
        );
    }
    walk.found
}

/// A name in a scope.
pub(crate) fn join(scope: &str, name: &str) -> String {
    match scope {
        "" => name.to_owned(),
        _ => format!("{scope}.{name}"),
    }
}

/// An index of a descriptor; the files are not so large that it would not fit.
pub(crate) fn to_i32(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

struct Walk<'a> {
    wanted: &'a str,
    found: Option<(Vec<i32>, Kind)>,
}

impl Walk<'_> {
    fn message(&mut self, scope: &str, path: &[i32], message: &DescriptorProto) {
        let full_name = join(scope, message.name());
        self.one(&full_name, path, Kind::Other);
        if !self.wanted.starts_with(&full_name) {
            return;
        }
        let fields = message.field.iter().map(|one| one.name());
        self.names(&full_name, path, tag::message::FIELD, fields);
        let oneofs = message.oneof_decl.iter().map(|one| one.name());
        self.names(&full_name, path, tag::message::ONEOF, oneofs);
        let extensions = message.extension.iter().map(|one| one.name());
        self.names(&full_name, path, tag::message::EXTENSION, extensions);
        for (index, nested) in message.nested_type.iter().enumerate() {
            let path = [path, &[tag::message::NESTED, to_i32(index)]].concat();
            self.message(&full_name, &path, nested);
        }
        for (index, one) in message.enum_type.iter().enumerate() {
            let path = [path, &[tag::message::ENUM, to_i32(index)]].concat();
            self.enumeration(&full_name, &path, one);
        }
    }

    fn enumeration(&mut self, scope: &str, path: &[i32], one: &EnumDescriptorProto) {
        self.one(&join(scope, one.name()), path, Kind::Other);
        for (index, value) in one.value.iter().enumerate() {
            let path = [path, &[tag::enumeration::VALUE, to_i32(index)]].concat();
            // Values stand beside their enum, not in it.
            self.one(&join(scope, value.name()), &path, Kind::EnumValue);
        }
    }

    fn names<'n>(
        &mut self,
        scope: &str,
        path: &[i32],
        field: i32,
        names: impl Iterator<Item = &'n str>,
    ) {
        for (index, name) in names.enumerate() {
            let path = [path, &[field, to_i32(index)]].concat();
            self.one(&join(scope, name), &path, Kind::Other);
        }
    }

    fn one(&mut self, full_name: &str, path: &[i32], kind: Kind) {
        if self.found.is_none() && full_name == self.wanted {
            self.found = Some(([path, &[tag::NAME]].concat(), kind));
        }
    }
}
