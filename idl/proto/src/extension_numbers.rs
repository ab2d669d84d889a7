//! Finds numbers that two extensions of one message share, before the linker sees them: it panics where both are set in
//! the value of an option.
//! It refuses to look at extensions of what is not found: the linker says so.

use std::collections::{HashMap, HashSet};

use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use sinew_idl::diag::Diagnostic;

use crate::{
    load::Loaded,
    places::Places,
    symbols::{join, to_i32},
    tag,
};

/// The extensions of the files so far, by what they extend and their numbers.
#[derive(Default)]
pub(crate) struct ExtensionNumbers(HashMap<(String, i32), Declared>);

/// Where an extension is declared.
#[derive(Clone)]
struct Declared {
    full_name: String,
    file: String,
    path: Vec<i32>,
}

/// A number that is taken.
struct Taken {
    message: String,
    first: Declared,
    again: Declared,
}

impl ExtensionNumbers {
    /// Adds the extensions of a file that `pool` does not have yet, and that sees `hidden` besides its imports; returns
    /// those whose numbers are taken.
    pub(crate) fn add(
        &mut self,
        pool: &DescriptorPool,
        loaded: &Loaded,
        file: &FileDescriptorProto,
        hidden: &[String],
    ) -> Vec<Diagnostic> {
        let own = Own::of(file);
        let is_seen = |home: &FileDescriptor| {
            let mut imports = file.dependency.iter().chain(hidden);
            imports.any(|import| import == home.name())
        };
        let mut taken = Vec::new();
        for Extension { field, scope, path } in &own.extensions {
            let extendee = resolve(scope, field.extendee(), |name| {
                let imported = || pool.get_message_by_name(name);
                own.messages.contains(name)
                    || imported().is_some_and(|one| is_seen(&one.parent_file()))
            });
            let Some(extendee) = extendee else {
                continue;
            };
            let again = Declared {
                full_name: join(scope, field.name()),
                file: file.name().to_owned(),
                path: [&**path, &[tag::field::NUMBER]].concat(),
            };
            let number = field.number();
            let Some(first) = self.0.get(&(extendee.clone(), number)) else {
                self.0.insert((extendee, number), again);
                continue;
            };
            let message = format!(
                "extension number {number} of `{extendee}` is used by `{}` and by `{}`",
                first.full_name, again.full_name
            );
            let first = first.clone();
            taken.push(Taken {
                message,
                first,
                again,
            });
        }
        report(&taken, pool, loaded, file)
    }
}

fn report(
    taken: &[Taken],
    pool: &DescriptorPool,
    loaded: &Loaded,
    file: &FileDescriptorProto,
) -> Vec<Diagnostic> {
    // The pool has the places of linked files; of each file they are found once.
    let linked: HashMap<&str, FileDescriptor> = taken
        .iter()
        .filter_map(|one| Some((&*one.first.file, pool.get_file_by_name(&one.first.file)?)))
        .collect();
    let mut places: HashMap<&str, Places<'_>> = HashMap::new();
    let mut span = |of: &Declared| {
        let (name, proto) = match linked.get_key_value(&*of.file) {
            Some((name, linked)) => (*name, linked.file_descriptor_proto()),
            None => (file.name(), file),
        };
        let source = loaded.texts.get(name);
        let places = places
            .entry(name)
            .or_insert_with(|| Places::new(proto, source));
        places.span(&of.path)
    };
    let one = |taken: &Taken| {
        let (here, there) = (span(&taken.again), span(&taken.first));
        Diagnostic::error("M0208", taken.message.clone(), here).also(there, "first used")
    };
    taken.iter().map(one).collect()
}

/// The full name that `name` means in `scope`: the innermost scope that has it decides.
fn resolve(scope: &str, name: &str, is_message: impl Fn(&str) -> bool) -> Option<String> {
    if let Some(absolute) = name.strip_prefix('.') {
        return is_message(absolute).then(|| absolute.to_owned());
    }
    let mut scope = scope;
    loop {
        let full_name = join(scope, name);
        if is_message(&full_name) {
            return Some(full_name);
        }
        if scope.is_empty() {
            return None;
        }
        scope = scope.rfind('.').map_or("", |dot| &scope[..dot]);
    }
}

/// What a file declares itself.
#[derive(Default)]
struct Own<'a> {
    messages: HashSet<String>,
    extensions: Vec<Extension<'a>>,
}

/// An extension, the scope that it is declared in, and its path.
struct Extension<'a> {
    field: &'a FieldDescriptorProto,
    scope: String,
    path: Vec<i32>,
}

impl<'a> Own<'a> {
    fn of(file: &'a FileDescriptorProto) -> Self {
        let mut own = Self::default();
        let package = file.package();
        for (index, message) in file.message_type.iter().enumerate() {
            own.message(package, message, &[tag::file::MESSAGE, to_i32(index)]);
        }
        own.extensions(package, &file.extension, &[], tag::file::EXTENSION);
        own
    }

    fn message(&mut self, scope: &str, message: &'a DescriptorProto, path: &[i32]) {
        let scope = join(scope, message.name());
        self.extensions(&scope, &message.extension, path, tag::message::EXTENSION);
        for (index, nested) in message.nested_type.iter().enumerate() {
            let path = [path, &[tag::message::NESTED, to_i32(index)]].concat();
            self.message(&scope, nested, &path);
        }
        self.messages.insert(scope);
    }

    fn extensions(
        &mut self,
        scope: &str,
        list: &'a [FieldDescriptorProto],
        path: &[i32],
        tag: i32,
    ) {
        for (index, field) in list.iter().enumerate() {
            self.extensions.push(Extension {
                field,
                scope: scope.to_owned(),
                path: [path, &[tag, to_i32(index)]].concat(),
            });
        }
    }
}
