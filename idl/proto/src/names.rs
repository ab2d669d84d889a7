//! Finds names that are two in the IDL and one in Rust, before a generator trips over them: messages, fields, oneofs,
//! enums, modules.
//! It refuses to rename: the names of messages are prost's, and a clash is the author's to solve.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use prost_reflect::DescriptorPool;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};
use sinew_idl::{
    diag::{Diagnostic, Span},
    naming::{self, Scope},
};

use crate::{
    load::Loaded,
    places::Places,
    symbols::{join, to_i32},
    tag,
};

/// A declaration: the number of its file, and its path there.
type Place = (usize, Vec<i32>);

/// The clashes in the files of `names`, and between them.
pub(crate) fn clashes(pool: &DescriptorPool, loaded: &Loaded, names: &[String]) -> Vec<Diagnostic> {
    let files: Vec<_> = names
        .iter()
        .filter_map(|name| pool.get_file_by_name(name))
        // These are Rust types of their own library.
        .filter(|file| !file.name().starts_with("google/protobuf/"))
        .collect();
    let files: Vec<&FileDescriptorProto> = files
        .iter()
        .map(|file| file.file_descriptor_proto())
        .collect();
    let mut walk = Walk {
        files: &files,
        loaded,
        places: RefCell::default(),
        modules: HashMap::new(),
        merged: BTreeSet::new(),
        found: Vec::new(),
    };
    for index in 0..files.len() {
        walk.file(index);
    }
    // Modules of services last: they may be merged with nothing, wherever it is declared.
    for index in 0..files.len() {
        walk.services(index);
    }
    walk.found
}

struct Walk<'a> {
    files: &'a [&'a FileDescriptorProto],
    loaded: &'a Loaded,
    /// Of files in which something was found.
    places: RefCell<HashMap<usize, Places<'a>>>,
    /// The items of each module of the generated code.
    modules: HashMap<Vec<String>, Scope<Place>>,
    /// Modules of packages and messages: two of the same path become one.
    merged: BTreeSet<Vec<String>>,
    found: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn file(&mut self, index: usize) {
        let file = self.files[index];
        let mut module = Vec::new();
        for segment in file.package().split('.').filter(|part| !part.is_empty()) {
            let what = format!("package {}", file.package());
            self.module(
                &mut module,
                segment,
                what,
                (index, vec![tag::file::PACKAGE]),
            );
        }
        for (at, message) in file.message_type.iter().enumerate() {
            let path = vec![tag::file::MESSAGE, to_i32(at)];
            self.message(&module, file.package(), (index, path), message);
        }
        for (at, one) in file.enum_type.iter().enumerate() {
            let path = vec![tag::file::ENUM, to_i32(at)];
            self.enumeration(&module, file.package(), (index, path), one);
        }
    }

    fn services(&mut self, index: usize) {
        let file = self.files[index];
        let package = file.package().split('.').filter(|part| !part.is_empty());
        let module: Vec<_> = package.map(naming::snake).collect();
        for (at, service) in file.service.iter().enumerate() {
            let place = (index, vec![tag::file::SERVICE, to_i32(at), tag::NAME]);
            let name = join(file.package(), service.name());
            // Names without a letter get one from `naming::assign`.
            let rust = naming::upper_camel(service.name());
            if rust.is_empty() {
                continue;
            }
            let is_free = self.item(&module, &rust, format!("service {name}"), place.clone());
            if is_free {
                let rust = naming::snake(service.name());
                self.item(
                    &module,
                    &rust,
                    format!("the module of service {name}"),
                    place,
                );
            }
        }
    }

    fn message(&mut self, module: &[String], scope: &str, place: Place, message: &DescriptorProto) {
        let name = join(scope, message.name());
        let rust = naming::upper_camel(message.name());
        let named = at(&place, &[tag::NAME]);
        let is_free = self.item(module, &rust, format!("message {name}"), named.clone());
        if !is_free {
            return;
        }
        self.fields(&name, &place, message);

        let nested = message.nested_type.iter().enumerate();
        let nested: Vec<_> = nested
            .filter(|(_, nested)| !nested.options.as_ref().is_some_and(|o| o.map_entry()))
            .collect();
        let oneofs = oneofs(message);
        if nested.is_empty() && message.enum_type.is_empty() && oneofs.is_empty() {
            return;
        }
        let mut inner = module.to_vec();
        self.module(
            &mut inner,
            message.name(),
            format!("the module of message {name}"),
            named,
        );
        for (index, one) in nested {
            self.message(
                &inner,
                &name,
                at(&place, &[tag::message::NESTED, to_i32(index)]),
                one,
            );
        }
        for (index, one) in message.enum_type.iter().enumerate() {
            let place = at(&place, &[tag::message::ENUM, to_i32(index)]);
            self.enumeration(&inner, &name, place, one);
        }
        for (oneof, variants) in oneofs {
            self.oneof(&inner, &name, &place, message, oneof, &variants);
        }
    }

    fn fields(&mut self, name: &str, place: &Place, message: &DescriptorProto) {
        let mut scope = Scope::new(format!("the Rust struct of message {name}"));
        for (index, field) in message.field.iter().enumerate() {
            if field.oneof_index.is_some() && !field.proto3_optional() {
                continue;
            }
            let place = at(place, &[tag::message::FIELD, to_i32(index), tag::NAME]);
            let what = format!("field {}", field.name());
            self.declare(&mut scope, &naming::snake(field.name()), what, place);
        }
        for index in oneofs(message).into_keys() {
            let Some(oneof) = message.oneof_decl.get(index) else {
                continue;
            };
            let place = at(place, &[tag::message::ONEOF, to_i32(index), tag::NAME]);
            let what = format!("oneof {}", oneof.name());
            self.declare(&mut scope, &naming::snake(oneof.name()), what, place);
        }
    }

    fn oneof(
        &mut self,
        module: &[String],
        scope: &str,
        place: &Place,
        message: &DescriptorProto,
        index: usize,
        variants: &[usize],
    ) {
        let Some(oneof) = message.oneof_decl.get(index) else {
            return;
        };
        let name = join(scope, oneof.name());
        let mut rust = naming::upper_camel(oneof.name());
        // As prost does, so that the commonest clash is none.
        let messages = message.nested_type.iter().map(|nested| nested.name());
        let mut types = messages.chain(message.enum_type.iter().map(|one| one.name()));
        if types.any(|other| naming::upper_camel(other) == rust) {
            rust.push_str("OneOf");
        }
        let named = at(place, &[tag::message::ONEOF, to_i32(index), tag::NAME]);
        if !rust.is_empty() {
            // Without a name, its field is reported already.
            self.item(module, &rust, format!("oneof {name}"), named);
        }
        let mut scope = Scope::new(format!("the Rust enum of oneof {name}"));
        let fields = variants
            .iter()
            .filter_map(|index| Some((*index, message.field.get(*index)?)));
        for (index, field) in fields {
            let place = at(place, &[tag::message::FIELD, to_i32(index), tag::NAME]);
            let what = format!("field {}", field.name());
            self.declare(&mut scope, &naming::upper_camel(field.name()), what, place);
        }
    }

    fn enumeration(
        &mut self,
        module: &[String],
        scope: &str,
        place: Place,
        one: &EnumDescriptorProto,
    ) {
        let name = join(scope, one.name());
        let rust = naming::upper_camel(one.name());
        let named = at(&place, &[tag::NAME]);
        self.item(module, &rust, format!("enum {name}"), named);
        let mut scope = Scope::new(format!("the Rust enum of enum {name}"));
        let mut numbers = BTreeSet::new();
        for (index, value) in one.value.iter().enumerate() {
            // An alias is no variant.
            if numbers.insert(value.number()) {
                let place = at(&place, &[tag::enumeration::VALUE, to_i32(index), tag::NAME]);
                let variant = naming::variant(&rust, value.name());
                self.declare(
                    &mut scope,
                    &variant,
                    format!("value {}", value.name()),
                    place,
                );
            }
        }
    }

    /// Enters a module of a package or a message.
    fn module(&mut self, module: &mut Vec<String>, name: &str, what: String, place: Place) {
        let rust = naming::snake(name);
        let outer = module.clone();
        module.push(rust.clone());
        if self.merged.insert(module.clone()) {
            self.item(&outer, &rust, what, place);
        }
    }

    /// Declares an item of a module; says whether its name was free.
    fn item(&mut self, module: &[String], rust: &str, what: String, place: Place) -> bool {
        let mut scope = self.modules.remove(module).unwrap_or_else(|| {
            let path: Vec<_> = ["crate"]
                .into_iter()
                .chain(module.iter().map(|m| &**m))
                .collect();
            Scope::new(format!("the Rust module {}", path.join("::")))
        });
        let is_free = self.declare(&mut scope, rust, what, place);
        self.modules.insert(module.to_vec(), scope);
        is_free
    }

    fn declare(
        &mut self,
        scope: &mut Scope<Place>,
        rust: &str,
        what: String,
        place: Place,
    ) -> bool {
        let declared = scope.declare(rust, what, place, |place| self.span(place));
        let is_free = declared.is_ok();
        self.found.extend(declared.err().map(|found| *found));
        is_free
    }

    fn span(&self, (file, path): &Place) -> Span {
        let Some(proto) = self.files.get(*file) else {
            return Span::None;
        };
        let mut places = self.places.borrow_mut();
        let places = places
            .entry(*file)
            .or_insert_with(|| Places::new(proto, self.loaded.texts.get(proto.name())));
        places.span(path)
    }
}

fn at(place: &Place, path: &[i32]) -> Place {
    (place.0, [&place.1, path].concat())
}

/// The oneofs that somebody wrote, by their numbers, each with the numbers of its fields; those that stand for
/// `optional` are none.
fn oneofs(message: &DescriptorProto) -> BTreeMap<usize, Vec<usize>> {
    let mut oneofs: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, field) in message.field.iter().enumerate() {
        let oneof = field
            .oneof_index
            .and_then(|oneof| usize::try_from(oneof).ok());
        if let Some(oneof) = oneof.filter(|_| !field.proto3_optional()) {
            oneofs.entry(oneof).or_default().push(index);
        }
    }
    oneofs
}
