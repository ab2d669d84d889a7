//! Names as protoc looks them up: only in the file itself and in what it imports.
//!
//! The library looks for the first part of `config.Http` among all files that it knows, and stops at a package of
//! somebody else that happens to lie nearer. So where it refuses a file, names are looked up here and made absolute.
//! It refuses to report anything: a name that it does not find stays as it is, and the library says what is wrong.

use std::collections::BTreeMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto, UninterpretedOption,
};

use crate::{aggregates::with_full_names, symbols::join};

/// Makes those names of the file absolute that have several parts and mean something in it or in `imports`; whether
/// there was any.
pub(crate) fn make_absolute<'a>(
    file: &mut FileDescriptorProto,
    imports: impl Iterator<Item = &'a FileDescriptorProto>,
) -> bool {
    let mut names = Names::default();
    names.declare(file);
    imports.for_each(|import| names.declare(import));
    let scope = file.package().to_owned();
    let mut change = Change {
        names,
        changed: false,
    };
    change.file(&scope, file);
    change.changed
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// It can hold others.
    Scope,
    Type,
    Extension,
}

/// What a file sees, by full name. Services hold only rpcs, which no name means.
#[derive(Default)]
struct Names(BTreeMap<String, Vec<Kind>>);

impl Names {
    fn declare(&mut self, file: &FileDescriptorProto) {
        let package = file.package();
        let ends = package.match_indices('.').map(|(end, _)| end);
        for end in ends.chain([package.len()]) {
            self.one(package[..end].to_owned(), &[Kind::Scope]);
        }
        let messages = &file.message_type;
        messages.iter().for_each(|one| self.message(package, one));
        self.enums(package, &file.enum_type);
        self.extensions(package, &file.extension);
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = join(scope, message.name());
        let nested = &message.nested_type;
        nested.iter().for_each(|one| self.message(&name, one));
        self.enums(&name, &message.enum_type);
        self.extensions(&name, &message.extension);
        self.one(name, &[Kind::Scope, Kind::Type]);
    }

    fn enums(&mut self, scope: &str, enums: &[EnumDescriptorProto]) {
        for one in enums {
            self.one(join(scope, one.name()), &[Kind::Scope, Kind::Type]);
        }
    }

    fn extensions(&mut self, scope: &str, extensions: &[FieldDescriptorProto]) {
        for one in extensions {
            self.one(join(scope, one.name()), &[Kind::Extension]);
        }
    }

    fn one(&mut self, name: String, kinds: &[Kind]) {
        self.0.entry(name).or_default().extend(kinds);
    }

    fn has(&self, name: &str, kind: Kind) -> bool {
        self.0.get(name).is_some_and(|kinds| kinds.contains(&kind))
    }

    /// The full name of an extension, if only one is seen whose name ends so. In the text of an option's value, protoc
    /// starts at the message that is extended there, which is known only when all names are; and what does not extend
    /// that message is refused later.
    fn extension(&self, name: &str) -> Option<String> {
        if self.has(name, Kind::Extension) {
            return None;
        }
        let ends = |full: &str| {
            let scope = full.strip_suffix(name);
            scope.is_some_and(|scope| scope.ends_with('.'))
        };
        let named = self.0.iter().filter(|(full, _)| ends(full));
        let mut extensions = named.filter(|(_, kinds)| kinds.contains(&Kind::Extension));
        let (full, _) = extensions.next()?;
        extensions.next().is_none().then(|| full.clone())
    }

    /// The absolute form of a name of several parts, used in `scope`: the innermost scope that has the first part
    /// decides, whether it has the rest or not.
    fn absolute(&self, scope: &str, name: &str, kind: Kind) -> Option<String> {
        let first = name.split_once('.')?.0;
        if first.is_empty() {
            return None;
        }
        let mut scope = scope;
        loop {
            if self.has(&join(scope, first), Kind::Scope) {
                let full = join(scope, name);
                return self.has(&full, kind).then(|| format!(".{full}"));
            }
            if scope.is_empty() {
                return None;
            }
            scope = scope.rfind('.').map_or("", |dot| &scope[..dot]);
        }
    }
}

/// The walk over a file; the scope of a name is what it stands in, not what it belongs to.
struct Change {
    names: Names,
    changed: bool,
}

impl Change {
    fn file(&mut self, scope: &str, file: &mut FileDescriptorProto) {
        let messages = &mut file.message_type;
        messages.iter_mut().for_each(|one| self.message(scope, one));
        self.enums(scope, &mut file.enum_type);
        self.fields(scope, &mut file.extension);
        let services = &mut file.service;
        services.iter_mut().for_each(|one| self.service(scope, one));
        if let Some(options) = &mut file.options {
            self.options(scope, &mut options.uninterpreted_option);
        }
    }

    fn message(&mut self, scope: &str, message: &mut DescriptorProto) {
        let inner = join(scope, message.name());
        self.fields(&inner, &mut message.field);
        self.fields(&inner, &mut message.extension);
        let nested = &mut message.nested_type;
        nested.iter_mut().for_each(|one| self.message(&inner, one));
        self.enums(&inner, &mut message.enum_type);
        let oneofs = message.oneof_decl.iter_mut();
        for options in oneofs.filter_map(|one| one.options.as_mut()) {
            self.options(&inner, &mut options.uninterpreted_option);
        }
        let ranges = message.extension_range.iter_mut();
        for options in ranges.filter_map(|one| one.options.as_mut()) {
            self.options(&inner, &mut options.uninterpreted_option);
        }
        if let Some(options) = &mut message.options {
            self.options(scope, &mut options.uninterpreted_option);
        }
    }

    fn fields(&mut self, scope: &str, fields: &mut [FieldDescriptorProto]) {
        for field in fields {
            self.one(scope, field.type_name.as_mut(), Kind::Type);
            self.one(scope, field.extendee.as_mut(), Kind::Type);
            if let Some(options) = &mut field.options {
                self.options(scope, &mut options.uninterpreted_option);
            }
        }
    }

    fn enums(&mut self, scope: &str, enums: &mut [EnumDescriptorProto]) {
        for one in enums {
            let inner = join(scope, one.name());
            let values = one.value.iter_mut();
            for options in values.filter_map(|value| value.options.as_mut()) {
                self.options(&inner, &mut options.uninterpreted_option);
            }
            if let Some(options) = &mut one.options {
                self.options(scope, &mut options.uninterpreted_option);
            }
        }
    }

    fn service(&mut self, scope: &str, service: &mut ServiceDescriptorProto) {
        let inner = join(scope, service.name());
        for method in &mut service.method {
            self.one(&inner, method.input_type.as_mut(), Kind::Type);
            self.one(&inner, method.output_type.as_mut(), Kind::Type);
            if let Some(options) = &mut method.options {
                self.options(&inner, &mut options.uninterpreted_option);
            }
        }
        if let Some(options) = &mut service.options {
            self.options(scope, &mut options.uninterpreted_option);
        }
    }

    fn options(&mut self, scope: &str, options: &mut [UninterpretedOption]) {
        for text in options
            .iter_mut()
            .filter_map(|one| one.aggregate_value.as_mut())
        {
            if let Some(full) = with_full_names(text, |name| self.names.extension(name)) {
                *text = full;
                self.changed = true;
            }
        }
        let parts = options.iter_mut().flat_map(|option| &mut option.name);
        for part in parts.filter(|part| part.is_extension) {
            self.one(scope, Some(&mut part.name_part), Kind::Extension);
        }
    }

    fn one(&mut self, scope: &str, name: Option<&mut String>, kind: Kind) {
        let Some(name) = name else {
            return;
        };
        if let Some(absolute) = self.names.absolute(scope, name, kind) {
            *name = absolute;
            self.changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(package: &str, messages: &[&str]) -> FileDescriptorProto {
        let message = |name: &&str| DescriptorProto {
            name: Some((*name).to_owned()),
            ..Default::default()
        };
        FileDescriptorProto {
            package: Some(package.to_owned()),
            message_type: messages.iter().map(message).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn the_innermost_scope_that_is_seen_decides() {
        let mut names = Names::default();
        for (package, messages) in [
            ("a.config", ["Http", "Other"]),
            ("a.b", ["config", "User"]),
            ("", ["Top", "Http"]),
        ] {
            names.declare(&file(package, &messages));
        }
        for (scope, name, absolute) in [
            ("a.c.User", "config.Http", Some(".a.config.Http")),
            ("a.c", "a.config.Other", Some(".a.config.Other")),
            ("", "a.config.Http", Some(".a.config.Http")),
            // The message `config` is nearer, and has no `Http`.
            ("a.b.User", "config.Http", None),
            ("a.c", "config.Missing", None),
            ("a.c", "elsewhere.Http", None),
            // These need no help.
            ("a.config", "Http", None),
            ("a.c", ".a.config.Http", None),
        ] {
            assert_eq!(
                names.absolute(scope, name, Kind::Type).as_deref(),
                absolute,
                "{name} in {scope}"
            );
        }
        assert_eq!(names.absolute("a.c", "config.Http", Kind::Extension), None);
    }
}
