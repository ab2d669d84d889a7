//! Did you mean: what a name may stand for that the linker does not find.
//! It refuses to guess where nothing is near, and to read more of what the linker says than the names that it quotes.

use std::collections::BTreeSet;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};
use sinew_idl::nearest::nearest;

use crate::{builtin, load::Loaded, symbols::join};

/// How many values of an enum are listed where none is near.
const MOST_LISTED: usize = 8;

/// What one file sees.
pub(crate) struct Seen<'a> {
    package: &'a str,
    names: Vec<(String, One<'a>)>,
}

#[derive(Clone, Copy)]
enum One<'a> {
    Message(&'a DescriptorProto),
    Enum(&'a EnumDescriptorProto),
    Extension(&'a FieldDescriptorProto),
}

impl<'a> Seen<'a> {
    pub(crate) fn new(loaded: &'a Loaded, name: &str) -> Self {
        let mut seen = Self {
            package: "",
            names: Vec::new(),
        };
        let mut done = BTreeSet::new();
        let mut open = vec![name];
        let imports = loaded.files.get(name).map(|file| &file.dependency);
        open.extend(imports.into_iter().flatten().map(String::as_str));
        while let Some(next) = open.pop() {
            let file = loaded.files.get(next).filter(|_| done.insert(next));
            let Some(file) = file else { continue };
            let public = file.public_dependency.iter();
            let public = public.filter_map(|&i| file.dependency.get(usize::try_from(i).ok()?));
            open.extend(public.map(String::as_str));
            if next == name {
                seen.package = file.package();
            }
            seen.file(file);
        }
        seen
    }

    fn file(&mut self, file: &'a FileDescriptorProto) {
        let package = file.package();
        self.scope(package, &file.message_type, &file.enum_type);
        self.extensions(package, &file.extension);
    }

    fn scope(
        &mut self,
        scope: &str,
        messages: &'a [DescriptorProto],
        enums: &'a [EnumDescriptorProto],
    ) {
        let named = |one: &'a EnumDescriptorProto| (join(scope, one.name()), One::Enum(one));
        self.names.extend(enums.iter().map(named));
        for message in messages {
            let full_name = join(scope, message.name());
            self.scope(&full_name, &message.nested_type, &message.enum_type);
            self.extensions(&full_name, &message.extension);
            self.names.push((full_name, One::Message(message)));
        }
    }

    fn extensions(&mut self, scope: &str, extensions: &'a [FieldDescriptorProto]) {
        let named = |one: &'a FieldDescriptorProto| (join(scope, one.name()), One::Extension(one));
        self.names.extend(extensions.iter().map(named));
    }

    /// What to say of an error of the linker, if that is of a name that nothing has.
    pub(crate) fn help(&self, error: &str) -> Option<String> {
        let quoted: Vec<_> = error.split('\'').skip(1).step_by(2).collect();
        let (first, last) = (*quoted.first()?, *quoted.last()?);
        if error.starts_with("option field ") && error.ends_with(" is not defined") {
            return self.option(first);
        }
        if error.starts_with("expected a value of type ") {
            return self.value(first, last);
        }
        if error.contains(" not found for message ") {
            return said(nearest(first, fields(self.message(last)?)));
        }
        if error.contains(" was not found for enum ") {
            return self.value(last, first);
        }
        error
            .ends_with(" is not defined")
            .then(|| self.name(first))?
    }

    fn find(&self, full_name: &str) -> Option<One<'a>> {
        let full_name = full_name.trim_start_matches('.');
        let mut names = self.names.iter();
        Some(names.find(|(name, _)| name == full_name)?.1)
    }

    pub(crate) fn has(&self, full_name: &str) -> bool {
        self.find(full_name).is_some()
    }

    fn message(&self, full_name: &str) -> Option<&'a DescriptorProto> {
        match self.find(full_name)? {
            One::Message(message) => Some(message),
            _ => None,
        }
    }

    /// A type or an extension, as it is written in this file.
    pub(crate) fn name(&self, written: &str) -> Option<String> {
        let written = written.trim_start_matches('.');
        let prefix = format!("{}.", self.package);
        let full = || self.names.iter().map(|(full, _)| full.as_str());
        let own = full().filter_map(|full| full.strip_prefix(&prefix));
        said(nearest(written, own.chain(full())))
    }

    fn value(&self, of: &str, written: &str) -> Option<String> {
        let One::Enum(of) = self.find(of)? else {
            return None;
        };
        let names: Vec<_> = of.value.iter().map(|value| value.name()).collect();
        let near = said(nearest(written, names.iter().copied()));
        let listed = || format!("its values are {}", names.join(", "));
        near.or_else(|| (names.len() <= MOST_LISTED).then(listed))
    }

    /// The last part of `(sinew.method).retry.codes`.
    fn option(&self, path: &str) -> Option<String> {
        let Some((extension, rest)) = path.strip_prefix('(').and_then(|path| path.split_once(')'))
        else {
            // Of a file, a message, a method: which one is not said.
            let options = builtin::options().into_iter();
            let messages = options.flat_map(|file| &file.message_type);
            let messages = messages.filter(|one| one.name().ends_with("Options"));
            return said(nearest(path, messages.flat_map(fields)));
        };
        let named = |full: &str| {
            let before = full.strip_suffix(extension.trim_start_matches('.'));
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        let mut names = self.names.iter();
        let (mut scope, mut field) = names.find_map(|(full, one)| match one {
            One::Extension(extension) if named(full) => Some((full.clone(), *extension)),
            _ => None,
        })?;
        let mut parts = rest.trim_start_matches('.').split('.').peekable();
        while let Some(part) = parts.next() {
            let (full, message) = self.message_from(&scope, field.type_name())?;
            if parts.peek().is_none() {
                return said(nearest(part, fields(message)));
            }
            field = message.field.iter().find(|one| one.name() == part)?;
            scope = full;
        }
        None
    }

    /// The message that a field within `scope` names.
    fn message_from(&self, mut scope: &str, name: &str) -> Option<(String, &'a DescriptorProto)> {
        loop {
            let full = match name.strip_prefix('.') {
                Some(full) => full.to_owned(),
                None => join(scope, name),
            };
            if let Some(message) = self.message(&full) {
                return Some((full, message));
            }
            if scope.is_empty() {
                return None;
            }
            scope = scope.rsplit_once('.').map_or("", |(above, _)| above);
        }
    }
}

fn fields(message: &DescriptorProto) -> impl Iterator<Item = &str> {
    message.field.iter().map(|field| field.name())
}

fn said(near: Option<&str>) -> Option<String> {
    Some(format!("did you mean `{}`?", near?))
}
